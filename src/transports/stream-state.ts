/**
 * What a StreamTransport remembers: phases, flags, and the fields that most connections never need.
 *
 * Owns: the numbers. Must not know: what follows from them; that is StreamTransport's.
 */

import type { Deferred } from '../defer/index.js'
import { WRITE_HIGH, WRITE_LOW } from './limits.js'
import type { ProducerSlot } from './producer-slot.js'

// Phases, in order.
export const OPEN = 0
export const CLOSING = 1
export const LOST = 2

// What is still to be done once output has gone out; zero for most connections at most times.
export const CLOSE = 1
export const END_WRITING = 2
export const PRODUCER = 4
export const DRAINERS = 8

// What the connection has been through.
export const DIRTY = 1
export const PAUSED = 2
export const RESTING = 4
export const OPENED = 8
export const READ_ENDED = 16
export const WRITE_ENDED = 32
export const NO_DELAY = 64
export const KEEP_ALIVE = 128
export const LENDS = 256
export const END_HELD = 512
export const RELEASING = 1024

export const DEFAULT_LIMITS = { high: WRITE_HIGH, low: WRITE_LOW, max: Infinity }

/** What is rare: made when first needed, so that an idle connection does not pay for it. @internal */
export class Extras {
  limits = DEFAULT_LIMITS
  producer: ProducerSlot | null = null
  drainers: Deferred<void>[] = []
  /** Received while paused, by hosts that cannot stop at once. */
  held: Uint8Array[] = []
}
