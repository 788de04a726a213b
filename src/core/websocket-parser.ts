/**
 * Sans-IO parser of WebSocket frames with a handler: bytes in by `receive`, messages and control frames out.
 *
 * Owns: putting messages together whose bytes came in several chunks or frames, and what is thought of as too much.
 * Must not know: connections, the handshake, extensions other than that one may set RSV1, how frames are read.
 * Source: RFC 6455, 5, 7.4, 8.1; RFC 7692, 6.
 *
 * Chunks are the parser's: a server's are unmasked where they are, and the messages in them are views of them. Give it
 * a copy of what somebody else still looks at. Transports hand out each chunk once and never use it again.
 */
import { MAX_FRAME } from '../../assembly/abi/limits.js'
import {
  EVENT_WEBSOCKET_BITS, EVENT_WEBSOCKET_CLOSE, EVENT_WEBSOCKET_DATA, EVENT_WEBSOCKET_MESSAGE, EVENT_WEBSOCKET_PING,
  EVENT_WEBSOCKET_PONG, WEBSOCKET_ASCII, WEBSOCKET_COMPRESSED, WEBSOCKET_COMPRESSION, WEBSOCKET_KEPT,
  WEBSOCKET_MORE_SHIFT, WEBSOCKET_MOST_FRAGMENTS, WEBSOCKET_SERVER, WEBSOCKET_TEXT,
} from '../../assembly/abi/websocket.js'
import { CoreError } from '../errors/core.js'
import type { Core } from './core.js'
import { FrameParser } from './frame-parser.js'
import type { StreamEnd } from './parsers.js'
import { Parser } from './parsers.js'
import { check } from './status.js'
import { WebSocketParseError } from './websocket-errors.js'
import { maskShort } from './websocket-mask.js'

/** What a message is. */
export type MessageKind = 'text' | 'binary'

/** The code that stands for a close frame without one (RFC 6455, 7.1.5). */
const NO_STATUS = 1005
/** Messages below this length can be told from their header's second byte. */
const SHORT = 126
const NOTHING = new Uint8Array(0)
/** The first array that a long message is put together in, in bytes, unless more has come. */
const FIRST = 1024

/** Whoever wants the messages. All bytes are the receiver's to keep. */
export interface WebSocketHandler {
  /** A text message. */
  text?(text: string): void
  /** A binary message. */
  binary?(data: Uint8Array): void
  /** A message with RSV1 set, of whatever kind, as it was sent: compressed. Only where `allowCompressed` is set. */
  compressed?(kind: MessageKind, data: Uint8Array): void
  ping?(data: Uint8Array): void
  pong?(data: Uint8Array): void
  /** A close frame; nothing more is delivered. @param code 1005 when it had none */
  close?(code: number, reason: string): void
  /** The stream is no WebSocket, or over a limit; nothing more is delivered. */
  bad?(error: WebSocketParseError): void
  /** The stream has ended: between two messages or after a close frame, inside of one, or after it was bad. */
  end?(how: StreamEnd): void
}

export interface WebSocketParserOptions {
  /** Whose parser it is: a server's frames come from a client and must be masked, a client's must not be. */
  role: 'server' | 'client'
  /** Bytes of a message, at most; default 1 MiB. Told before any byte over it was read, from the frame's header. */
  maxMessage?: number
  /** Frames of a message, at most; default 16,384. */
  maxFragments?: number
  /** Whether messages may have RSV1 set: permessage-deflate was negotiated; default false. */
  allowCompressed?: boolean
  handler?: WebSocketHandler
}

/** A parser of the frames of one direction. */
export class WebSocketParser extends Parser {
  /** Who gets the messages. */
  handler: WebSocketHandler | undefined
  /** The beginning of a message, in an array of its own with room for more. */
  #part: Uint8Array = NOTHING
  #length = 0
  /** What follows it, still in the chunk. */
  #tail: Uint8Array | null = null
  #isInside = false

  constructor(core: Core, options: WebSocketParserOptions) {
    const { role, maxMessage = 1 << 20, maxFragments = 16384, allowCompressed = false } = options
    if (role !== 'server' && role !== 'client') throw new CoreError(`There is no role '${String(role)}'.`)
    if (!(maxMessage >= 0)) throw new CoreError(`A limit of ${maxMessage} bytes is none.`)
    if (!(maxFragments >= 1)) throw new CoreError(`A limit of ${maxFragments} fragments is none.`)
    const mode = (role === 'server' ? WEBSOCKET_SERVER : 0) | (allowCompressed ? WEBSOCKET_COMPRESSION : 0)
    const frames = new FrameParser(core, check(core.exports.websocketParserNew(
      mode, Math.min(Math.floor(maxMessage), MAX_FRAME), Math.min(Math.floor(maxFragments), WEBSOCKET_MOST_FRAGMENTS),
    ), 'websocketParser'))
    frames.changesInput = role === 'server'
    super(frames)
    if (maxMessage >= SHORT) frames.shortcut = (chunk) => this.#isInside ? -1 : takeShort(chunk, frames)
    this.handler = options.handler
  }

  /** @internal */
  override frameEvent(parser: FrameParser): void {
    const { handler } = this
    const { kind } = parser
    switch (kind & EVENT_WEBSOCKET_BITS) {
      case EVENT_WEBSOCKET_MESSAGE:
        if (this.#isInside) {
          const data = this.#finish(parser)
          if ((kind & WEBSOCKET_COMPRESSED) !== 0) handler?.compressed?.(kindOf(kind), data)
          else if ((kind & WEBSOCKET_TEXT) === 0) handler?.binary?.(data)
          else handler?.text?.(stringOf(parser.core, data, (kind & WEBSOCKET_ASCII) !== 0))
        } else if ((kind & WEBSOCKET_COMPRESSED) !== 0) handler?.compressed?.(kindOf(kind), parser.payload())
        else if ((kind & WEBSOCKET_TEXT) === 0) handler?.binary?.(parser.payload())
        else handler?.text?.(parser.string((kind & WEBSOCKET_ASCII) !== 0))
        break
      case EVENT_WEBSOCKET_DATA:
        this.#append(parser)
        break
      case EVENT_WEBSOCKET_PING:
        handler?.ping?.(parser.payload((kind & WEBSOCKET_KEPT) !== 0))
        break
      case EVENT_WEBSOCKET_PONG:
        handler?.pong?.(parser.payload((kind & WEBSOCKET_KEPT) !== 0))
        break
      case EVENT_WEBSOCKET_CLOSE: {
        const payload = parser.payload((kind & WEBSOCKET_KEPT) !== 0)
        this.#forget()
        parser.shortcut = null
        if (payload.length < 2) handler?.close?.(NO_STATUS, '')
        else handler?.close?.((payload[0] << 8) | payload[1], parser.core.text.utf8(payload, 2, payload.length))
        break
      }
      default:
        this.#forget()
        parser.shortcut = null
        handler?.bad?.(WebSocketParseError.because(parser.length))
    }
  }

  /** Keeps the bytes of the current event, behind those that there are of the message. */
  #append(parser: FrameParser): void {
    this.#isInside = true
    const tail = this.#tail
    if (parser.length === 0) return
    if (!parser.isAtEnd) {
      // What follows in this chunk may go on with the very next byte, and then needs no copy.
      const piece = parser.payload()
      const joined = tail === null ? null : join(tail, piece)
      if (joined === null) this.#flush(parser.core, 0, 0)
      this.#tail = joined ?? piece
      return
    }
    this.#flush(parser.core, parser.length, (parser.kind >>> WEBSOCKET_MORE_SHIFT) << 10)
    parser.copyTo(this.#part, this.#length)
    this.#length += parser.length
  }

  /** The message, which the current event ends. */
  #finish(parser: FrameParser): Uint8Array {
    const had = this.#length
    const tail = this.#tail
    if (had === 0) {
      const piece = parser.payload()
      const whole = tail === null ? piece : join(tail, piece)
      if (whole !== null) {
        this.#forget()
        return whole
      }
    }
    const length = had + (tail === null ? 0 : tail.length) + parser.length
    let part = this.#part
    if (length > part.length || part.length - length > length >>> 2) {
      part = parser.core.allocate(length)
      if (had > 0) part.set(this.#part.subarray(0, had))
    }
    if (tail !== null) part.set(tail, had)
    parser.copyTo(part, length - parser.length)
    this.#forget()
    if (part.length === length) return part
    // Nothing that was there before.
    part.fill(0, length)
    return part.subarray(0, length)
  }

  /**
   * Puts the tail into the message's own array, with room behind it.
   * @param coming bytes that follow at once @param announced bytes that the frame says are to come after these
   */
  #flush(core: Core, coming: number, announced: number): void {
    const tail = this.#tail
    const had = this.#length
    const length = had + (tail === null ? 0 : tail.length)
    const needed = length + coming
    if (needed > this.#part.length) {
      // What the frame announces is believed only as far as twice of what has come.
      const room = Math.min(Math.max(2 * needed, FIRST), Math.max(needed + announced, 2 * had))
      const larger = core.allocate(Math.max(needed, room))
      if (had > 0) larger.set(this.#part.subarray(0, had))
      this.#part = larger
    }
    if (tail === null) return
    this.#part.set(tail, had)
    this.#tail = null
    this.#length = length
  }

  #forget(): void {
    this.#part = NOTHING
    this.#tail = null
    this.#length = 0
    this.#isInside = false
  }

  /** Gives the parser's part of the core back. Nothing is delivered from now on. */
  override free(): void {
    this.#forget()
    super.free()
  }

  protected ended(how: StreamEnd): void {
    this.handler?.end?.(how)
  }
}

/** Two views as one, where the second begins with the byte behind the first; null otherwise. */
function join(first: Uint8Array, second: Uint8Array): Uint8Array | null {
  const { buffer, byteOffset, length } = first
  if (second.length === 0) return first
  if (second.buffer !== buffer || second.byteOffset !== byteOffset + length) return null
  return new Uint8Array(buffer, byteOffset, length + second.length)
}

/** See `FrameParser.shortcut`: a chunk that is one whole short message, of ASCII if it is text. */
function takeShort(chunk: Uint8Array, frames: FrameParser): number {
  const isMasked = frames.changesInput
  const from = isMasked ? 6 : 2
  const length = chunk.length - from
  if (length < 0 || length >= SHORT || chunk[1] !== (isMasked ? length | 0x80 : length)) return -1
  const first = chunk[0]
  if (first === 0x82) {
    if (isMasked) maskShort(chunk, 6, chunk.length, chunk[2], chunk[3], chunk[4], chunk[5])
    frames.shortcutKind = EVENT_WEBSOCKET_MESSAGE
  } else if (first === 0x81) {
    if (isMasked) maskShort(chunk, 6, chunk.length, chunk[2], chunk[3], chunk[4], chunk[5])
    let all = 0
    for (let at = from; at < chunk.length; at++) all |= chunk[at]
    if (all > 0x7f) {
      if (isMasked) maskShort(chunk, 6, chunk.length, chunk[2], chunk[3], chunk[4], chunk[5])
      return -1
    }
    frames.shortcutKind = EVENT_WEBSOCKET_MESSAGE | WEBSOCKET_TEXT | WEBSOCKET_ASCII
  } else return -1
  frames.shortcutAt = from
  return length
}

function stringOf({ text }: Core, data: Uint8Array, isASCII: boolean): string {
  return isASCII ? text.ascii(data, 0, data.length) : text.utf8(data, 0, data.length)
}

function kindOf(kind: number): MessageKind {
  return (kind & WEBSOCKET_TEXT) !== 0 ? 'text' : 'binary'
}
