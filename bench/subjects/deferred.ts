/**
 * Subject: Deferreds, against native promises with the same steps (awaited to their end, as that is when their
 * callbacks have run), Bluebird and Twisted. Times are CPU time; the memory is the heap's, after a collection.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { bundled } from '../bundled.js'
import { editorSide } from '../editor.js'
import type { Case, Check, Measured, Side, Subject, Target } from '../model.js'
import * as emitted from '../ours/deferred.js'
import { Remote } from '../remote.js'
import * as promises from '../rivals/promises.js'
import type { PromiseKind } from '../rivals/promises.js'

const DEFERRED = 'Deferred'
const UNBUNDLED = 'Deferred, modules unbundled'
const LOOKED_AT = 'Deferred, its error looked at'
const PROMISE = 'native Promise'
const TOGETHER = 'native Promise, 100 at a time'
const BLUEBIRD = 'Bluebird'
const TWISTED = 'Twisted'

type Work = (n: number) => Check | Promise<Check>
type PromiseWork = (kind: PromiseKind, n: number) => Promise<Check>

const NATIVE = Promise as unknown as PromiseKind

type Ours = typeof emitted

/** Costs nothing before its first use, which is in the last but one case. */
const store = new AsyncLocalStorage<object>()

let bundle: Promise<Ours> | undefined

const mine = (name: string, work: (ours: Ours) => Work): Side => ({
  name, role: 'ours',
  start: async () => ({ run: work(await (bundle ??= bundled<Ours>('ours/deferred'))) }),
})

const unbundled = (name: string, work: Work): Side => ({ name, role: 'ours', start: () => ({ run: work }) })

const rival = (name: string, kind: () => PromiseKind, work: PromiseWork): Side => ({
  name, role: 'rival',
  start() {
    const Kind = kind()
    return { run: (n) => work(Kind, n) }
  },
})

const twisted = (kind: string): Side => ({
  name: TWISTED, role: 'rival', maxRounds: 3, warmups: 0,
  start() {
    const remote = Remote.python(TWISTED, 'rivals/python/deferred.py', ['twisted'])
    return {
      async run(n): Promise<Measured> {
        const reply = await remote.ask({ kind, n })
        return { check: reply.check as Check, totals: { wall: Number(reply.wall), cpu: Number(reply.cpu) } }
      },
      dispose: () => remote.stop(),
    }
  },
})

const atLeast = (other: string, value: number, mineName = DEFERRED): Target =>
  ({ ours: mineName, rival: other, kind: 'at-least', value, metric: 'cpu' })

interface Plan {
  readonly name: string
  readonly operation: string
  readonly kind: string
  readonly n: number
  readonly sides: readonly Side[]
  readonly work: PromiseWork
  readonly targets: readonly Target[]
}

function caseOf({ name, operation, kind, n, sides, work, targets }: Plan): Case {
  return {
    name, operation, n, quickN: n / 10, metrics: ['cpu'], budget: 6000,
    sides: [...sides, rival(PROMISE, () => NATIVE, work), rival(BLUEBIRD, promises.bluebird, work), twisted(kind)],
    targets,
  }
}

/** What each of `n` pending ones adds to the heap. */
const memory = (name: string, role: Side['role'], make: () => unknown): Side => ({
  name, role,
  start: () => ({
    run(n): Measured {
      const kept = new Array<unknown>(n)
      const before = heap()
      for (let i = 0; i < n; i++) kept[i] = make()
      return { check: kept.length, totals: { heap: heap() - before } }
    },
  }),
})

function heap(): number {
  const collect = (globalThis as { gc?: () => void }).gc
  collect?.()
  collect?.()
  return process.memoryUsage().heapUsed
}

export const deferred: Subject = {
  name: 'deferred',
  title: 'Deferreds',
  description: 'Per operation; promises are awaited to their end. Ours is bundled by Rollup, as the package is.',
  cases: [
    caseOf({
      name: 'create, three callbacks, fire', operation: 'Deferred', kind: 'fire', n: 500_000,
      sides: [
        mine(DEFERRED, (ours) => ours.fireEach), unbundled(UNBUNDLED, emitted.fireEach),
        rival(TOGETHER, () => NATIVE, promises.fireTogether),
      ],
      work: promises.fireEach, targets: [atLeast(PROMISE, 3), atLeast(TWISTED, 20)],
    }),
    caseOf({
      name: 'callbacks that return a fired one', operation: 'callback', kind: 'chain', n: 1_000_000,
      sides: [mine(DEFERRED, (ours) => ours.chainFired)], work: promises.chainFired,
      targets: [atLeast(PROMISE, 2), atLeast(TWISTED, 20)],
    }),
    caseOf({
      name: 'a function that waits for ten fired ones', operation: 'wait', kind: 'inline', n: 1_000_000,
      sides: [
        mine('inlineCallbacks', (ours) => ours.yieldFired), mine('await of Deferreds', (ours) => ours.awaitFired),
      ],
      work: promises.awaitFired,
      targets: [atLeast(PROMISE, 1, 'inlineCallbacks'), atLeast(TWISTED, 20, 'inlineCallbacks')],
    }),
    caseOf({
      name: 'gather ten, fire them', operation: 'list of ten', kind: 'gather', n: 50_000,
      sides: [mine('gatherResults', (ours) => ours.gatherTen)], work: promises.gatherTen, targets: [],
    }),
    caseOf({
      name: 'cancel', operation: 'cancel', kind: 'cancel', n: 300_000,
      sides: [mine(DEFERRED, (ours) => ours.cancelEach), mine(LOOKED_AT, (ours) => ours.cancelAndLook)],
      work: promises.abortEach, targets: [atLeast(TWISTED, 20)],
    }),
    {
      name: 'memory of a pending one with three callbacks', operation: 'pending', n: 100_000, quickN: 20_000,
      metrics: ['heap'], budget: 3000,
      sides: [
        memory(DEFERRED, 'ours', emitted.pending),
        memory(PROMISE, 'rival', () => promises.pending(NATIVE)),
      ],
      targets: [{ ours: DEFERRED, rival: PROMISE, kind: 'at-most', value: 1.5, metric: 'heap' }],
    },
    {
      name: 'create, three callbacks, fire, inside of an AsyncLocalStorage', operation: 'Deferred',
      n: 200_000, quickN: 20_000, metrics: ['cpu'], budget: 4000,
      sides: [
        mine(DEFERRED, (ours) => (n) => store.run({}, ours.fireEachInContext, n)),
        rival(PROMISE, () => NATIVE, (Kind, n) => store.run({}, promises.fireEach, Kind, n)),
      ],
      targets: [],
    },
    {
      name: 'what an editor checks: one chain of 500 calls', operation: 'call', n: 500, quickN: 500,
      metrics: ['wall', 'heap'], budget: 3000,
      sides: [editorSide(DEFERRED, 'ours', 'deferred.ts'), editorSide(PROMISE, 'rival', 'promise.ts')],
      targets: [],
    },
  ],
}
