/**
 * Every default limit of datagram ports, with its precedent.
 */

/** Longer datagrams are cut, bytes: twisted.internet.interfaces.IReactorUDP. */
export const DATAGRAM_SIZE = 8_192

/**
 * After so many datagrams a port waits for the next turn: eight times what libuv reads of one socket before it looks at
 * the others, and well below 1 ms of work for most protocols.
 */
export const DATAGRAM_BUDGET = 256

/** So many may wait meanwhile where a host cannot stop reading; Linux's own buffer holds fewer small ones. */
export const DATAGRAMS_HELD = 1_024

/** Routers that a datagram to a group may pass: RFC 1112 §6.1. */
export const MULTICAST_TTL = 1
