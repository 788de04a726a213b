/**
 * Random programs on real Deferreds and on the model of model.ts; of use to a short test and to a long one.
 *
 * Invariants: the same callbacks run, in the same order, with the same results; the same calls throw; after each step
 * every Deferred is in the same state, and as many timers are left. Programs nest: a callback may add, fire, pause,
 * cancel, limit or return another one, or let time pass.
 */
import fc from 'fast-check'
import { expect } from 'vitest'
import { Deferred, Failure } from '../../../src/defer/index.js'
import { Clock } from '../../../src/reactor/index.js'
import { World } from './model.js'
import type { Action, Cancelling, Step } from './model.js'

const COUNT = 4
const number = fc.nat(COUNT - 1)
const tag = fc.constantFrom('a', 'b', 'c')

const { step } = fc.letrec<{ step: Step; action: Action }>((tie) => ({
  action: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.record({ kind: fc.constant('value' as const), tag }),
    fc.record({ kind: fc.constant('pass' as const) }),
    fc.record({ kind: fc.constant('throw' as const), tag }),
    fc.record({ kind: fc.constant('return' as const), target: number }),
    fc.record({ kind: fc.constant('return' as const), target: number }),
    fc.record({ kind: fc.constant('do' as const), step: tie('step') }),
  ) as fc.Arbitrary<Action>,
  step: fc.oneof(
    fc.record({
      kind: fc.constant('add' as const),
      on: number,
      side: fc.constantFrom('callback' as const, 'errback' as const, 'both' as const, 'both' as const),
      action: tie('action'),
    }),
    fc.record({
      kind: fc.constant('add' as const),
      on: number,
      side: fc.constant('both' as const),
      action: tie('action'),
    }),
    fc.record({ kind: fc.constant('fire' as const), on: number, tag, fails: fc.boolean() }),
    fc.record({ kind: fc.constant('fire' as const), on: number, tag, fails: fc.boolean() }),
    fc.record({ kind: fc.constantFrom('pause' as const, 'unpause' as const, 'cancel' as const), on: number }),
    fc.record({ kind: fc.constant('chain' as const), on: number, target: number }),
    fc.record({ kind: fc.constant('limit' as const), on: number, ms: fc.nat(3) }),
    fc.record({ kind: fc.constant('time' as const), on: number, ms: fc.nat(3) }),
  ) as fc.Arbitrary<Step>,
}))

const cancelling = fc.constantFrom<Cancelling>('none', 'none', 'nothing', 'value', 'failure', 'throw')
const program = fc.record({
  cancellers: fc.array(cancelling, { minLength: COUNT, maxLength: COUNT }),
  steps: fc.array(step, { minLength: 1, maxLength: 24, size: 'max' }),
})

/** The same program on the real thing. */
class Reality {
  readonly log: string[] = []
  readonly deferreds: Deferred<any>[]
  readonly clock = new Clock()
  #levels = 0

  constructor(cancellers: readonly Cancelling[]) {
    this.deferreds = cancellers.map((canceller, index) => {
      if (canceller === 'none') return new Deferred<any>()
      return new Deferred<any>((self) => {
        this.log.push(`canceller of ${index}`)
        if (canceller === 'value') self.callback('cancelled')
        if (canceller === 'failure') self.errback(new Error('own'))
        if (canceller === 'throw') throw new Error('canceller')
      })
    })
  }

  do(step: Step): void {
    const deferred = this.deferreds[step.on]
    try {
      switch (step.kind) {
        case 'add': {
          const callback = this.#callback(step.on, step.action, this.#levels++)
          if (step.side === 'callback') deferred.addCallback(callback)
          else if (step.side === 'errback') deferred.addErrback(callback)
          else deferred.addBoth(callback)
          return
        }
        case 'fire':
          return step.fails ? deferred.errback(new Error(step.tag)) : deferred.callback(step.tag)
        case 'pause':
          return deferred.pause()
        case 'unpause':
          return deferred.unpause()
        case 'cancel':
          return deferred.cancel()
        case 'chain':
          return void deferred.chainDeferred(this.deferreds[step.target])
        case 'limit':
          return void deferred.addTimeout(step.ms, this.clock)
        case 'time':
          return this.clock.advance(step.ms)
      }
    } catch (error) {
      this.log.push(`${step.kind} threw ${name(error as Error)}`)
    }
  }

  #callback(on: number, action: Action, id: number): (result: unknown) => unknown {
    return (result) => {
      this.log.push(`${on}.${id} got ${text(result)}`)
      switch (action.kind) {
        case 'value':
          return action.tag
        case 'pass':
          return result
        case 'throw':
          throw new Error(action.tag)
        case 'return':
          return this.deferreds[action.target]
        case 'do':
          return this.do(action.step)
      }
    }
  }

  state(): string[] {
    return this.deferreds.map((deferred) => {
      const { called, result } = deferred
      const inner = result instanceof Deferred ? this.deferreds.indexOf(result) : -1
      return `${called ? 'called' : 'not called'}, ${inner < 0 ? text(result) : `waits for ${inner}`}`
    })
  }

  /** Takes what is left, so that nothing is reported when it is collected. */
  clear(): void {
    for (const deferred of this.deferreds) deferred.addErrback(() => {})
  }
}

function name(error: Error): string {
  return error.name === 'Error' ? error.message : error.name
}

function text(result: unknown): string {
  return result instanceof Failure ? `!${name(result.value)}` : String(result)
}

/** What a number of programs came to, all told. */
export interface Tally {
  callbacks: number
  waits: number
  timeouts: number
}

/** Runs random programs on both, and compares. */
export function compareWithModel(programs: number): Tally {
  const tally: Tally = { callbacks: 0, waits: 0, timeouts: 0 }
  fc.assert(
    fc.property(program, ({ cancellers, steps }) => {
      const world = new World(cancellers)
      const reality = new Reality(cancellers)
      for (const step of steps) {
        world.do(step)
        reality.do(step)
        expect(reality.log).toEqual(world.log)
        expect(reality.state()).toEqual(world.state())
        expect(reality.clock.getDelayedCalls()).toHaveLength(world.timers.length)
      }
      const states = world.state()
      tally.callbacks += world.log.length
      tally.waits += states.filter((state) => state.includes('waits')).length
      tally.timeouts += states.filter((state) => state.includes('TimeoutError')).length
      reality.clear()
    }),
    { numRuns: programs },
  )
  return tally
}
