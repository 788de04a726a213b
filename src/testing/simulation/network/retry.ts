/**
 * Retry: what an end does whose bytes were not answered: it sends again, ever more seldom, and at last gives up.
 *
 * Owns: the times. Must not know: what is sent again. There is one only while something is wrong.
 * Source: RFC 6298; Linux's shortest wait, and `tcp_retries2`.
 */

import type { SimEvent } from '../world.js'
import type { StreamEnd } from './stream-end.js'

const FIRST = 200
const LONGEST = 60_000

/** @internal */
export class Retry implements SimEvent {
  readonly #end: StreamEnd
  #wait = FIRST
  #since: number
  #handle: number

  constructor(end: StreamEnd) {
    const { world } = end.wires
    this.#end = end
    this.#since = world.now
    this.#handle = world.at(world.now + FIRST, this)
  }

  /** An answer has come, but not all is well. */
  progress(): void {
    const { world } = this.#end.wires
    world.cancel(this.#handle)
    this.#since = world.now
    this.#wait = FIRST
    this.#handle = world.at(world.now + FIRST, this)
  }

  stop(): void {
    this.#end.wires.world.cancel(this.#handle)
  }

  fire(): void {
    const end = this.#end
    const { world } = end.wires
    if (world.now - this.#since >= end.out.shape.giveUpMs) {
      end.gaveUp()
      return
    }
    this.#wait = Math.min(this.#wait * 2, LONGEST)
    this.#handle = world.at(world.now + this.#wait, this)
    end.sendAgain()
  }
}
