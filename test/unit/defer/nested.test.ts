/**
 * D30 for what is made of Deferreds: lists, races, groups, generators and signals in each other, far deeper than a
 * stack of native calls can be; fired from the innermost, failing there, and cancelled from the outermost.
 */
import { describe, expect, it } from 'vitest'
import {
  abortable, cancelOnAbort, Deferred, DeferredList, DeferredLock, fail, Failure, gatherResults, inlineCallbacks, race,
  succeed, taskGroup,
} from '../../../src/defer/index.js'
import { HandClock } from './helpers.js'

const DEPTH = 12_000

type Wrap = (inner: Deferred<any>) => Deferred<any>

const clock = new HandClock()
const ignore = (): void => undefined

const waitFor = inlineCallbacks(function* (d: Deferred<any>): Generator<unknown, unknown, unknown> {
  return yield d
})

/** Each hands on what the inner one comes to, and cancels it when it is cancelled. */
const WRAPS: Readonly<Record<string, Wrap>> = {
  DeferredList: (inner) => new DeferredList([inner], { consumeErrors: true }),
  'DeferredList that fails at once': (inner) =>
    new DeferredList([inner], { fireOnOneErrback: true, consumeErrors: true }),
  gatherResults: (inner) => gatherResults([inner, succeed(1)], { consumeErrors: true }),
  race: (inner) => race([fail(new Error('other')), inner]),
  'the body of a taskGroup': (inner) => taskGroup(() => inner),
  'a child of a taskGroup': (inner) => taskGroup((group) => group.start(() => inner)),
  'a taskGroup that tells by its signal': (inner) => taskGroup((group) => cancelOnAbort(group.signal, inner)),
  inlineCallbacks: (inner) => waitFor(inner),
  'a callback that returns it': (inner) => succeed(0).addCallback(() => inner),
  abortable: (inner) => abortable((signal) => cancelOnAbort(signal, inner)),
  addTimeout: (inner) => gatherResults([inner], { consumeErrors: true }).addTimeout(1000, clock),
  'the run of a lock': (inner) => new DeferredLock().run(() => inner),
}

interface Nest {
  readonly innermost: Deferred<any>
  readonly outermost: Deferred<any>
  /** How often the canceller of the innermost was called. */
  readonly cancelled: () => number
}

function nest(wraps: readonly Wrap[], observe: (d: Deferred<any>) => void = ignore): Nest {
  let count = 0
  const innermost = new Deferred<any>(() => count++)
  let outermost: Deferred<any> = innermost
  for (let i = 0; i < DEPTH; i++) {
    outermost = wraps[i % wraps.length](outermost)
    observe(outermost)
  }
  return { innermost, outermost, cancelled: () => count }
}

function isDone(deferred: Deferred<any>): boolean {
  let done = false
  deferred.addBoth(() => void (done = true))
  return done
}

const all = Object.values(WRAPS)
const CASES: [string, readonly Wrap[]][] = [
  ...Object.entries(WRAPS).map(([name, wrap]): [string, readonly Wrap[]] => [name, [wrap]]),
  ['all of them in turn', all],
  ['all of them in turn, the other way round', all.toReversed()],
]

describe.each(CASES)('12,000 × %s', (_name, wraps) => {
  it('D30 fired from the innermost', () => {
    const { innermost, outermost } = nest(wraps)
    innermost.callback('value')
    expect(isDone(outermost)).toBe(true)
    expect(clock.active).toBe(0)
  })

  it('D30 failing at the innermost', () => {
    const { innermost, outermost } = nest(wraps)
    innermost.errback(new Failure(new Error('deep')))
    expect(isDone(outermost)).toBe(true)
    expect(clock.active).toBe(0)
  })

  it('D30 cancelled from the outermost: the innermost canceller is called, once', () => {
    const { outermost, cancelled } = nest(wraps)
    outermost.cancel()
    expect([isDone(outermost), cancelled()]).toEqual([true, 1])
    expect(clock.active).toBe(0)
  })
})

describe('20,000 deep, and wide', () => {
  it('D30 with a promise made from every level, and one signal for all of them', async () => {
    const controller = new AbortController()
    const promises: Promise<unknown>[] = []
    const { outermost, cancelled } = nest(all, (d) => {
      promises.push(d.asPromise().then(ignore, ignore))
      cancelOnAbort(controller.signal, d)
    })
    controller.abort()
    expect([isDone(outermost), cancelled()]).toEqual([true, 1])
    await Promise.all(promises)
  })

  it('D30 a time limit on every level, all at the same moment', () => {
    const { outermost, cancelled } = nest(all, (d) => void d.addTimeout(5, clock))
    clock.advance(5)
    expect([isDone(outermost), cancelled(), clock.active]).toEqual([true, 1, 0])
  })

  it('D30 links of chainDeferred between all of them, fired', () => {
    const { innermost, outermost } = nest(all.flatMap((wrap) => [wrap, (inner: Deferred<any>) => {
      const next = new Deferred<any>()
      inner.chainDeferred(next)
      return next
    }]))
    innermost.callback('value')
    expect(isDone(outermost)).toBe(true)
  })

  it('D33 D35 a list of two, one of which is such a list again: every child is cancelled once, in order', () => {
    const order: number[] = []
    let last = new Deferred<any>(() => order.push(DEPTH))
    for (let i = DEPTH - 1; i >= 0; i--) {
      const child = new Deferred<any>(() => order.push(i))
      last = i % 2 === 0 ? race([child, last]) : gatherResults([child, last], { consumeErrors: true })
    }
    last.cancel()
    expect(order).toEqual(Array.from({ length: DEPTH + 1 }, (_, i) => i))
    expect(isDone(last)).toBe(true)
  })

  it('D35 losers of a race that are such races themselves', () => {
    const { outermost, cancelled } = nest([WRAPS.race])
    const winner = new Deferred<string>()
    const first = race([outermost, winner])
    winner.callback('won')
    expect([first.result, cancelled()]).toEqual([[1, 'won'], 1])
  })

  it('groups side by side, each of which fails by what the one before cancelled', () => {
    const shared = Array.from({ length: DEPTH }, () => gatherResults([new Deferred<void>()], { consumeErrors: true }))
    let failed = 0
    for (let i = 0; i + 1 < DEPTH; i++) {
      taskGroup((group) => {
        group.start(() => shared[i])
        group.start(() => shared[i + 1])
      }).addErrback(() => void failed++)
    }
    shared[0].cancel()
    expect(failed).toBe(DEPTH - 1)
  })
})

describe('in order', () => {
  it('D26 D27 D33 the inner first, each to its end before the next is cancelled', () => {
    const log: string[] = []
    const leaf = (name: string): Deferred<any> => new Deferred<any>(() => log.push(`cancel ${name}`))
      .addErrback(() => void log.push(`${name} ended`))
    const left = gatherResults([leaf('a'), leaf('b')]).addBoth(() => void log.push('left ended'))
    const right = taskGroup((group) => {
      group.start(() => leaf('c'))
      group.start(() => leaf('d'))
    }).addBoth(() => void log.push('right ended'))
    const whole = new DeferredList([left, succeed(0).addCallback(() => right), leaf('e')])
    whole.addBoth(() => void log.push('ended')).cancel()
    expect(log).toEqual([
      'cancel a', 'a ended', 'cancel b', 'b ended', 'left ended', 'cancel c', 'c ended', 'cancel d', 'd ended',
      'right ended', 'cancel e', 'e ended', 'ended',
    ])
  })

  it('D35 the losers end before the winner goes on', () => {
    const log: string[] = []
    const winner = new Deferred<string>()
    const loser = race([new Deferred<void>()]).addErrback(() => void log.push('loser ended'))
    race([loser, winner]).addCallback(() => void log.push('won'))
    winner.addCallback(() => void log.push('winner goes on'))
    winner.callback('w')
    expect(log).toEqual(['loser ended', 'won', 'winner goes on'])
  })

  it('one that is cancelled again from inside is not cancelled twice', () => {
    let calls = 0
    const list: Deferred<any> = gatherResults([new Deferred<void>(() => {
      calls++
      list.cancel()
    }), new Deferred<void>(() => calls++)], { consumeErrors: true })
    list.cancel()
    expect([calls, isDone(list)]).toEqual([2, true])
  })
})
