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

/**
 * The same for a connection that has its reactor for itself: it only has to let through what is no part of the reactor,
 * for which libuv by itself stops after 32 reads.
 */
export const LONE_BUDGET = 4_194_304

/** What a host reads at once, and the hint for `getBuffer`: as libuv and Twisted do. */
export const READ_SIZE = 65_536

/** Pieces up to this are copied together into one; above it copying costs more than another I/O vector. */
export const JOIN_PIECE = 8_192

/** …until the joined piece has this size. */
export const JOIN_BLOCK = 65_536

/** `connectTCP` gives up after this; twisted.internet's default. */
export const CONNECT_TIMEOUT = 30_000

/**
 * A connection that was closed goes on reading and discarding what the peer still sends for so long at most, until the
 * peer closes too: closing a socket with unread input makes kernels throw away output on its way. Apache lingers 2 s.
 */
export const LINGER = 2_000

/** After `stop()` connections may take this long to send what was written, then they are aborted. */
export const STOP_GRACE = 1_000

/** A WebSocket may have so much to send before its writers are slowed: as much as a socket's own queue in Node. */
export const WEBSOCKET_AHEAD = 65_536

/** The longest that passes before it is looked at again whether a WebSocket has sent it, ms. */
export const WEBSOCKET_LONGEST_LOOK = 64

/** What is kept of a WebSocket that cannot be paused: some messages of 1 MiB, which many servers have as their most. */
export const WEBSOCKET_HELD = 16_777_216

/** What may be under way to a side that grants credit: at 50 ms there and back, 5 MB/s. */
export const CREDIT_WINDOW = 262_144

/** The longest message of a stream with credit: as much as is read from a socket at once. */
export const CREDIT_PIECE = 65_536
