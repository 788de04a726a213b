/**
 * Random programs on real Deferreds and on the model of model.ts.
 *
 * Invariants: the same callbacks run, in the same order, with the same results; the same calls throw; after each step
 * every Deferred is in the same state. Programs nest: a callback may add, fire, pause, cancel or return another one.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Deferred, Failure } from '../../../src/defer/index.js'
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

describe('Deferred against its model', () => {
  it('behaves the same on random programs', () => {
    let callbacks = 0
    let waits = 0
    fc.assert(
      fc.property(program, ({ cancellers, steps }) => {
        const world = new World(cancellers)
        const reality = new Reality(cancellers)
        for (const step of steps) {
          world.do(step)
          reality.do(step)
          expect(reality.log).toEqual(world.log)
          expect(reality.state()).toEqual(world.state())
        }
        callbacks += world.log.length
        waits += world.state().filter((state) => state.includes('waits')).length
        reality.clear()
      }),
      { numRuns: 4000 },
    )
    // The programs are of use only if they run callbacks and make Deferreds wait.
    expect(callbacks).toBeGreaterThan(4000)
    expect(waits).toBeGreaterThan(100)
  })
})
