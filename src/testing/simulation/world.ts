/**
 * What the parts of a simulation have of each other: one clock, one order of events, one source of numbers, one trace.
 *
 * Owns: these shapes. Must not know: who fills them (engine.ts), or what happens in a network (network/).
 */

import type { SeededRandom } from '../../core/index.js'
import type { TraceWriter } from '../trace/writer.js'

/** Something that happens at a virtual time. Objects with a method, which their owner may use again: no closures. */
export interface SimEvent {
  /** An error that leaves it ends the run. */
  fire(): void
}

/** The simulated world, as the network sees it. */
export interface World {
  /** Virtual ms since the simulation was made, a multiple of 0.001. */
  readonly now: number
  /**
   * Has an event fired at a time: rounded up to a microsecond, and never before what is to happen now. Events of the
   * same time are fired in the order in which they were scheduled.
   * @param time ms
   * @returns a number above 0 for `cancel`
   */
  at(time: number, event: SimEvent): number
  /** Takes an event back; false if it was fired, taken back before, or never was. */
  cancel(handle: number): boolean
  /** To be forked: numbers of one thing must not hang on whether there is another. */
  readonly random: SeededRandom
  readonly trace: TraceWriter
  /** @throws SimulationError that says which there are */
  hostNamed(name: string): SimHost
}

/** A simulated host, as the network sees it. */
export interface SimHost {
  /** 1 for the first that was made. */
  readonly id: number
  readonly name: string
  /** 10.0.x.y */
  readonly ipv4: string
  /** fd00::… */
  readonly ipv6: string
  /** Number of its life, from 1; of the last one while it is down. */
  readonly incarnation: number
  readonly isUp: boolean
}
