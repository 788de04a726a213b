/**
 * The default limits of TLS, in milliseconds and numbers, with their precedents.
 */

/** A handshake may take so long: what `connectTCP` gives a connection. Node's servers wait 120 s, nginx 60. */
export const HANDSHAKE_TIMEOUT = 30_000

/**
 * Handshakes in progress at one port; one more, and the oldest is given up. Eight full backlogs of accepted
 * connections: honest clients need some round trips, so it is thousands a second that fit in here.
 */
export const HANDSHAKES = 4_096

/** Sessions that a client keeps: as many as Node's own agents. */
export const SESSIONS = 100

/** The longest name of an ALPN protocol, bytes: RFC 7301. */
export const ALPN_NAME = 255

/** The longest that a timer of any host can wait. */
export const LONGEST_TIMEOUT = 2 ** 31 - 1
