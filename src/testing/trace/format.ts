/**
 * The numbers of a trace file: what its head looks like, and which kinds of records there are.
 *
 * Owns: magic, version, kinds and flags; docs/trace.md draws them. Must not know: who writes or reads.
 *
 *     head     magic (8) · version (1) · varint bytes of the fields · fields
 *     records  kind (1) · varint µs since the record before, unless SAME_TIME · fields
 */

/** A byte that is no text, so that tools see a binary file, the name, and a line feed, which some transfers spoil. */
export const MAGIC: readonly number[] = Object.freeze([0x89, 0x57, 0x54, 0x52, 0x41, 0x43, 0x45, 0x0a])
export const VERSION = 1

/** Of the first byte of a record. */
export const KIND_BITS = 0x1f
/** Direction 1 (to the side that connected), or side 1 (that which accepted). */
export const SECOND = 0x20
/** A FIN or RST has arrived; a connection is a UNIX socket's. */
export const MARKED = 0x40
/** At the same time as the record before: no time follows. */
export const SAME_TIME = 0x80

/** Kinds of records. */
export const CLOCK = 0
export const HOST = 1
export const UP = 2
export const CRASH = 3
export const CONNECT = 4
export const CONNECTED = 5
export const ACCEPTED = 6
export const REFUSED = 7
export const SENT = 8
export const RESENT = 9
export const DELIVERED = 10
export const LOST = 11
export const FIN = 12
export const RST = 13
export const ENDED = 14
export const DATAGRAM_SENT = 15
export const DATAGRAM_DELIVERED = 16
export const DATAGRAM_LOST = 17
export const TIMER = 18
export const FAULT = 19
export const LOG = 20
export const UNHANDLED = 21
export const NOTE = 22
/** Between what is known of the time before the first record that was kept, and that record. */
export const GAP = 31

/**
 * Why something did not arrive, or no connection came about; the numbers that `lost` and `refused` take. What was not
 * taken has never left its program: it closed the connection before a buffer had room.
 */
export const LOSSES: readonly string[] = Object.freeze([
  'unknown', 'chance', 'partition', 'host down', 'nobody there', 'full', 'black hole', 'closed',
  'not taken',
])
/** Why a side of a connection ended; the numbers that `ended` takes. */
export const ENDINGS: readonly string[] = Object.freeze(['orderly', 'reset', 'timed out', 'aborted', 'crashed'])
