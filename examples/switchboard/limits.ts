/**
 * Every limit of the switchboard. Owns: the numbers, and why each is what it is. A server on a network has a limit
 * for everything that another machine can make it keep: bytes, connections, and time.
 */

/** Connections that one address may have open on one port. Enough for a classroom behind one router. */
export const CONNECTIONS_PER_PEER = 20

/** The same for the web: a page takes up to six for its files, and two WebSockets. */
export const WEB_CONNECTIONS_PER_PEER = 60

/** Longest message on a WebSocket, bytes; one beyond ends the connection (1009). Lines of the chat are shorter. */
export const MESSAGE_LENGTH = 65_536

/** Those who look on at a time; each of them costs one message a second. */
export const LIVE_VIEWERS = 50

/** How often they are told; ms. */
export const LIVE_INTERVAL = 1_000

/** Connections that they are told of one by one; of the others they hear how many there are. */
export const LIVE_LISTED = 200

/** Bytes that may wait for one who looks on and does not read: ten of the longest messages. */
export const LIVE_BACKLOG = 262_144

/** An echo connection for which more than this waits to be sent is not read until that has gone out; bytes. */
export const ECHO_BACKLOG = 65_536

/** An echo connection on which nothing arrives for this long is closed; ms. */
export const ECHO_IDLE = 600_000

/** When the switchboard closes, what was written before may take this long to go out; ms. */
export const CLOSING_TIME = 2_000

/** What one member of the chat may ask of the server. */
export interface ChatLimits {
  /** Longest line, in bytes, its line feed not counted. */
  line: number
  /** Bytes that may wait for a member who does not read them. */
  backlog: number
  /** Lines that are read at once; the next ones wait for `breather`. */
  burst: number
  /** How long a member who sent `burst` lines is not read; ms. */
  breather: number
  /** Time to choose a nickname; ms. */
  naming: number
  /** Time without a line, after which a member is asked whether anyone is there; ms. */
  idle: number
  /** Time to answer that; ms. */
  warning: number
  /** Time to take the last line before the connection is cut; ms. */
  farewell: number
}

/** The limits that `npm start` uses. */
export const CHAT_LIMITS: Readonly<ChatLimits> = {
  // Twice the longest line of IRC (RFC 1459, section 2.3), because a character takes up to four bytes here.
  line: 1024,
  backlog: 262_144,
  // 20 lines every 100 ms: no person types or pastes so fast that it is felt, no program gets more of the server.
  burst: 20,
  breather: 100,
  naming: 60_000,
  idle: 600_000,
  warning: 60_000,
  farewell: 5_000,
}
