/**
 * System events: named moments in a reactor's life, each in three phases, with triggers that run once.
 *
 * Owns: triggers and the order of phases. Must not know: what an event means; the reactor fires `startup`
 * and `shutdown`. Source: twisted.internet.base._ThreePhaseEvent; here every phase, not only the first, is
 * waited for before the next begins.
 */

import { DeferredList, maybeDeferred, succeed } from '../defer/index.js'
import type { Deferred, Failure } from '../defer/index.js'
import type { Trigger, TriggerPhase } from '../interfaces/reactor-core.js'

interface TriggerRecord extends Trigger {
  readonly call: () => unknown
}

const PHASES: readonly TriggerPhase[] = ['before', 'during', 'after']

/** The triggers of one reactor. @internal */
export class SystemEvents {
  #events = new Map<string, Record<TriggerPhase, TriggerRecord[]>>()
  #known = new WeakSet<Trigger>()
  #failed: (failure: Failure) => void

  /** @param failed told what a trigger threw, or what its Deferred failed with */
  constructor(failed: (failure: Failure) => void) {
    this.#failed = failed
  }

  add(phase: TriggerPhase, event: string, call: () => unknown): Trigger {
    if (!PHASES.includes(phase)) throw new TypeError(`a phase is before, during or after, not ${String(phase)}`)
    const trigger: TriggerRecord = { phase, event, call }
    this.#triggers(event)[phase].push(trigger)
    this.#known.add(trigger)
    return trigger
  }

  remove(trigger: Trigger): void {
    if (typeof trigger !== 'object' || trigger === null || !this.#known.has(trigger)) {
      throw new TypeError('not a trigger of this reactor')
    }
    const list = this.#triggers(trigger.event)[trigger.phase]
    const at = list.indexOf(trigger as TriggerRecord)
    if (at >= 0) list.splice(at, 1)
  }

  /**
   * Runs the triggers of a phase, those it adds included; each only ever once.
   * @returns fires once everything they returned has fired; at once if they returned nothing to wait for
   */
  firePhase(event: string, phase: TriggerPhase): Deferred<unknown> {
    const list = this.#triggers(event)[phase]
    const waits: Deferred<unknown>[] = []
    for (let trigger = list.shift(); trigger !== undefined; trigger = list.shift()) {
      const result: Deferred<unknown> = maybeDeferred(trigger.call)
      result.addErrback((failure: Failure) => this.#failed(failure))
      waits.push(result)
    }
    return waits.length === 0 ? succeed(undefined) : new DeferredList(waits)
  }

  /** Runs all three phases. */
  fire(event: string): Deferred<unknown> {
    return this.firePhase(event, 'before')
      .addCallback(() => this.firePhase(event, 'during'))
      .addCallback(() => this.firePhase(event, 'after'))
  }

  #triggers(event: string): Record<TriggerPhase, TriggerRecord[]> {
    let triggers = this.#events.get(event)
    if (triggers === undefined) {
      triggers = { before: [], during: [], after: [] }
      this.#events.set(event, triggers)
    }
    return triggers
  }
}
