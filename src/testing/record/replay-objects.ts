/**
 * ReplayObjects: whom a replay tells what happened, by the numbers of the recording.
 *
 * Owns: the table. Must not know: what they are.
 */
import type { Method } from './format.js'
import type { ReplayedChannel } from './replay-streams.js'
import type { ReplayTape } from './replay-tape.js'

/** Hears what a port, a question, a child … was told. @internal */
export type Hearer = (method: Method, values: readonly unknown[]) => void

/** @internal */
export class ReplayObjects {
  readonly tape: ReplayTape
  readonly keepsOutput: boolean
  readonly channels = new Map<number, ReplayedChannel>()
  readonly #hearers = new Map<number, Hearer>()

  constructor(tape: ReplayTape, keepsOutput: boolean) {
    this.tape = tape
    this.keepsOutput = keepsOutput
  }

  /** Numbers below zero are of what the recording does not know. */
  add(number: number, hearer: Hearer): void {
    if (number > 0) this.#hearers.set(number, hearer)
  }

  addChannel(number: number, channel: ReplayedChannel): void {
    if (number > 0) this.channels.set(number, channel)
  }

  told(number: number, method: Method, values: readonly unknown[]): void {
    const channel = this.channels.get(number)
    if (channel !== undefined) channel.told(method, values)
    else this.#hearers.get(number)?.(method, values)
  }
}
