/**
 * Every default limit of sockets, with its precedent.
 */

/** What `recv` gives at most, bytes: what hosts read at once. */
export const RECEIVE_SIZE = 65_536

/** Longest line, and longest frame of `readUntil`, bytes: Twisted's LineReceiver. */
export const LINE_LENGTH = 16_384

/** Connections that wait for `accept`; more are turned away. Python's and glibc's SOMAXCONN for long. */
export const BACKLOG = 128

/** Unread bytes that a datagram socket keeps; what comes on top is lost. Linux' net.core.rmem_default. */
export const DATAGRAM_BUFFER = 212_992

/** What a datagram costs beside its bytes: so that empty ones do not wait without limit. */
export const DATAGRAM_COST = 256

/** Nothing over UDP is longer, bytes. */
export const DATAGRAM_SIZE = 65_535
