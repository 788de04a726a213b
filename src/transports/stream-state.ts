/**
 * What a stream connection remembers: one word of bits, and the fields that most connections never need.
 *
 * Owns: the numbers. Must not know: what follows from them; that is written in the files around StreamConnection.
 */

import type { Deferred, Failure } from '../defer/index.js'
import type { IAddress } from '../interfaces/address.js'
import type { IReadTarget } from '../interfaces/protocol.js'
import type { Taker, WriteTaker } from './bridges.js'
import { WRITE_HIGH, WRITE_LOW } from './limits.js'
import type { ProducerSlot } from './producer-slot.js'
import type { Upgrade } from './tls-upgrade.js'

// How far its life has gone; with neither bit it is open.
export const CLOSING = 1 << 0
export const LOST = 1 << 1
export const GONE = CLOSING | LOST

// What it has been through.
export const READ_ENDED = 1 << 2
export const WRITE_ENDED = 1 << 3
export const DISCONNECTING = 1 << 4
export const STARTED = 1 << 5
export const OPENED = 1 << 6
export const END_HELD = 1 << 7
export const DIRTY = 1 << 8
export const LENDS = 1 << 9
export const NO_DELAY = 1 << 10
export const KEEP_ALIVE = 1 << 11
/** Its owner has a context to run callbacks in. */
export const CARRIES = 1 << 12

// Why nothing is read, or nothing handed out.
export const PAUSED = 1 << 13
export const RESTING = 1 << 14
export const RELEASING = 1 << 15

// TLS: begun at any time; output in plain text is still on its way; the handshake is on.
export const TLS_BEGUN = 1 << 16
export const UPGRADING = 1 << 17
export const SECURING = 1 << 18
export const CHANGING = UPGRADING | SECURING

// What is still to be done once output has gone out; none of it for most connections at most times.
export const CLOSE = 1 << 20
export const END_WRITING = 1 << 21
export const PRODUCER = 1 << 22
export const WAITERS = 1 << 23
export const TODO = CLOSE | END_WRITING | PRODUCER | WAITERS

export const DEFAULT_LIMITS = { high: WRITE_HIGH, low: WRITE_LOW, max: Infinity }

/** What is rare: made when first needed, so that an idle connection does not pay for it. @internal */
export class Extras {
  limits = DEFAULT_LIMITS
  producer: ProducerSlot | null = null
  drainers: Deferred<void>[] = []
  /** Received while paused, by hosts that cannot stop at once. */
  held: Uint8Array[] = []
  /** What was lent last to read into. */
  room: Uint8Array | null = null
  /** Whose that is. */
  lender: IReadTarget | null = null
  /** What the protocol has bytes read into for the time being, if it does not say so itself. */
  target: IReadTarget | null = null
  /** Addresses that a protocol below the present one has learnt. */
  peer: IAddress | null = null
  host: IAddress | null = null
  upgrade: Upgrade | null = null
  reason: Failure | null = null
  /** Whoever has taken the reading and the writing side from the protocol. */
  reader: Taker | null = null
  writer: WriteTaker | null = null
}
