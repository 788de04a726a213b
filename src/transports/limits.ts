/**
 * Every default limit of transports, in bytes or milliseconds, with its precedent.
 */

/** A push producer is paused when more waits: twisted.internet.abstract.FileDescriptor.bufferSize. */
export const WRITE_HIGH = 65_536

/** It is resumed when no more than this waits: Twisted resumes when all went out. */
export const WRITE_LOW = 0

/**
 * A connection that has read this much since its last rest goes to the back of the queue. Four full reads of
 * 64 KiB, so that switching costs nothing next to reading, and a flood delays others by less than 1 ms.
 */
export const READ_BUDGET = 262_144

/** What a host reads at once, and the hint for `getBuffer`: as libuv and Twisted do. */
export const READ_SIZE = 65_536

/** Pieces up to this are copied together into one; above it copying costs more than another I/O vector. */
export const JOIN_PIECE = 8_192

/** …until the joined piece has this size. */
export const JOIN_BLOCK = 65_536

/** `connectTCP` gives up after this; twisted.internet's default. */
export const CONNECT_TIMEOUT = 30_000

/** After `stop()` connections may take this long to send what was written, then they are aborted. */
export const STOP_GRACE = 1_000
