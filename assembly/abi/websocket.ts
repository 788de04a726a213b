/**
 * WebSocket: what the core tells of messages and control frames, and how it names what is wrong with one.
 *
 *      | kind and flags | offset | length | end |        kind:  | 0 … 4 event | 8 … 11 flags | 12 … 31 more |
 *
 * `offset` counts from the input's first byte, or is an address when the flag WEBSOCKET_KEPT is set. Masked payloads
 * are unmasked where they lie in the input, whose bytes change by that.
 */

/** Bytes of a message that goes on. */
export const EVENT_WEBSOCKET_DATA = 24
/** The last bytes of a message, or none. */
export const EVENT_WEBSOCKET_MESSAGE = 25
/** A whole control frame: its payload. */
export const EVENT_WEBSOCKET_PING = 26
export const EVENT_WEBSOCKET_PONG = 27
/** A close frame that is right: nothing, or code and reason. The parser ignores what follows. */
export const EVENT_WEBSOCKET_CLOSE = 28
/** No WebSocket: `length` is one of the reasons below. The parser ignores input until it is reset. */
export const EVENT_WEBSOCKET_BAD = 29
/** The bits of a kind that are the event. */
export const EVENT_WEBSOCKET_BITS = 31

// Flags of a kind.
/** A control frame that began in earlier input: `offset` is an address, good until the next call for this parser. */
export const WEBSOCKET_KEPT = 256
/** The message is text. */
export const WEBSOCKET_TEXT = 512
/** The message has RSV1 set: it is compressed. */
export const WEBSOCKET_COMPRESSED = 1024
/** The message is text, and no byte of it so far was above 0x7f. */
export const WEBSOCKET_ASCII = 2048
/** From this bit of a kind on: how much of the frame is still to come, in KiB, rounded up, where it goes on. */
export const WEBSOCKET_MORE_SHIFT = 12

// What a parser is told when it is made.
/** Frames come from a client: they must be masked; otherwise they must not. */
export const WEBSOCKET_SERVER = 1
/** RSV1 may be set in the first frame of a message. */
export const WEBSOCKET_COMPRESSION = 2

/** Frames of one message, at most. */
export const WEBSOCKET_MOST_FRAGMENTS = 16777215

// What is wrong.
export const WEBSOCKET_BAD_RESERVED = 1
export const WEBSOCKET_BAD_OPCODE = 2
export const WEBSOCKET_BAD_CONTROL_FRAGMENT = 3
export const WEBSOCKET_BAD_CONTROL_LENGTH = 4
export const WEBSOCKET_BAD_CONTINUATION = 5
export const WEBSOCKET_BAD_INTERLEAVED = 6
export const WEBSOCKET_BAD_UNMASKED = 7
export const WEBSOCKET_BAD_MASKED = 8
export const WEBSOCKET_BAD_LENGTH = 9
export const WEBSOCKET_BAD_LENGTH_FORM = 10
export const WEBSOCKET_BAD_MESSAGE_LIMIT = 11
export const WEBSOCKET_BAD_FRAGMENT_LIMIT = 12
export const WEBSOCKET_BAD_UTF8 = 13
export const WEBSOCKET_BAD_CLOSE_LENGTH = 14
export const WEBSOCKET_BAD_CLOSE_CODE = 15
export const WEBSOCKET_BAD_CLOSE_REASON = 16

// States of `utf8Check`. Any other is opaque.
/** The low bits of a state: 0 between two code points. */
export const UTF8_INSIDE = 255
/** … and this when the bytes are no UTF-8, whatever follows. */
export const UTF8_INVALID = 255
/** The bit of a state that says that a byte above 0x7f was seen. */
export const UTF8_WIDE = 16777216
