/**
 * Sans-IO parsers with a handler: bytes in by `receive`, events out to an object. No transport, no reactor.
 *
 * Owns: the three public parser classes. Must not know: how frames are found (frame-parser.ts) or what a handler
 * may do meanwhile (frame-stream.ts).
 */
import { EVENT_LENGTH_LIMIT, EVENT_LINE_TOO_LONG, EVENT_MALFORMED } from '../../assembly/abi/records.js'
import type { NetstringParseError } from '../errors/protocol.js'
import type { Core } from './core.js'
import {
  configureLineFrames, makeLineFrames, makeNetstringFrames, makePrefixedFrames, netstringError,
} from './formats.js'
import type { PrefixWidth } from './formats.js'
import type { FrameParser, TextEncoding } from './frame-parser.js'
import { FrameStream } from './frame-stream.js'
import type { FrameHandler } from './frame-stream.js'

/** How a stream ended. */
export type StreamEnd = 'clean' | 'inside-frame' | 'failed'

/** What every parser does. @internal */
export abstract class Parser implements FrameHandler {
  protected readonly stream: FrameStream

  constructor(frames: FrameParser) {
    this.stream = new FrameStream(frames, this)
  }

  /**
   * Takes bytes, which are the parser's to keep, and hands what they complete to the handler before it returns.
   * An error that the handler throws leaves this call; what comes behind is delivered by the next.
   *
   * @throws TypeError for what is no Uint8Array
   */
  receive(chunk: Uint8Array): void {
    if (!(chunk instanceof Uint8Array)) throw new TypeError('receive() takes a Uint8Array')
    this.stream.receive(chunk)
  }

  /** The stream ended: says whether that was between two frames, and tells the handler. */
  end(): StreamEnd {
    const how = this.stream.isRaw ? 'clean' : this.stream.parser.end()
    this.ended(how)
    return how
  }

  /** Holds events back, and keeps what is received. */
  pause(): void {
    this.stream.pause()
  }

  /** Delivers what was held back. */
  resume(): void {
    this.stream.resume()
  }

  /** Gives the parser's part of the core back. Nothing is delivered from now on. */
  free(): void {
    this.stream.free()
  }

  /** @internal */
  abstract frameEvent(parser: FrameParser): void

  /** @internal */
  rawEvent(_data: Uint8Array): void {}

  protected abstract ended(how: StreamEnd): void
}

/** What a line is handed out as. */
export type LineEncoding = TextEncoding | 'bytes'

/** A line in that encoding: bytes or a string. */
export type Line<Encoding extends LineEncoding = 'utf8'> = Encoding extends 'bytes' ? Uint8Array : string

export interface LineHandler<L extends string | Uint8Array = string> {
  /** A line, without its delimiter: a string, or bytes when the parser's encoding is `bytes`. */
  line(line: L): void
  /** A line is over the limit: it, its delimiter and all that was received behind it. What comes next is parsed. */
  lineTooLong?(data: Uint8Array): void
  /** Bytes received in raw mode. */
  raw?(data: Uint8Array): void
  end?(how: StreamEnd): void
}

export interface LineParserOptions<Encoding extends LineEncoding = 'utf8'> {
  /** What ends a line, as text (UTF-8) or bytes; default CR LF. */
  delimiter?: string | Uint8Array
  /** Longest line in bytes, its delimiter not counted; default 16,384 as in Twisted. */
  maxLength?: number
  /** What lines are handed out as; default `utf8`. */
  encoding?: Encoding
  handler?: LineHandler<Line<Encoding>>
}

/** A parser of delimited lines, with a raw mode. */
export class LineParser<Encoding extends LineEncoding = 'utf8'> extends Parser {
  /** Who gets the lines. */
  handler: LineHandler<Line<Encoding>> | undefined
  readonly #core: Core
  readonly #encoding: LineEncoding
  #delimiter: Uint8Array
  #maxLength: number

  constructor(core: Core, options: LineParserOptions<Encoding> = {}) {
    const delimiter = toBytes(core, options.delimiter ?? '\r\n')
    const maxLength = options.maxLength ?? 16384
    super(makeLineFrames(core, delimiter, maxLength))
    this.#core = core
    this.#delimiter = delimiter
    this.#maxLength = maxLength
    this.#encoding = options.encoding ?? 'utf8'
    this.handler = options.handler
  }

  /** Another delimiter or limit, for all that was not delivered yet. */
  configure(options: { delimiter?: string | Uint8Array; maxLength?: number }): void {
    const delimiter = options.delimiter === undefined ? this.#delimiter : toBytes(this.#core, options.delimiter)
    const maxLength = options.maxLength ?? this.#maxLength
    this.stream.parser.rewind()
    configureLineFrames(this.stream.parser, delimiter, maxLength)
    this.#delimiter = delimiter
    this.#maxLength = maxLength
    this.stream.go()
  }

  /** From now on bytes go to `handler.raw` as they come. */
  setRawMode(): void {
    this.stream.setRaw()
  }

  /** Back to lines, beginning with `extra`. */
  setLineMode(extra?: Uint8Array): void {
    this.stream.setFrames(extra)
  }

  /** Takes back all bytes that were received and not delivered. */
  clear(): Uint8Array {
    return this.stream.takeRest()
  }

  /** @internal */
  override frameEvent(parser: FrameParser): void {
    const { handler } = this
    if (parser.kind === EVENT_LINE_TOO_LONG) {
      const data = this.stream.takeRest()
      handler?.lineTooLong?.(data)
    } else {
      const line = this.#encoding === 'bytes' ? parser.payload() : parser.text(this.#encoding)
      handler?.line(line as Line<Encoding>)
    }
  }

  /** @internal */
  override rawEvent(data: Uint8Array): void {
    this.handler?.raw?.(data)
  }

  protected ended(how: StreamEnd): void {
    this.handler?.end?.(how)
  }
}

export interface NetstringHandler {
  /** A netstring's payload, the receiver's to keep. */
  string(data: Uint8Array): void
  /** The stream is no stream of netstrings; nothing more is delivered. */
  malformed?(error: NetstringParseError): void
  end?(how: StreamEnd): void
}

export interface NetstringParserOptions {
  /** Longest payload in bytes; default 99,999 as in Twisted. */
  maxLength?: number
  handler?: NetstringHandler
}

/** A parser of netstrings. */
export class NetstringParser extends Parser {
  /** Who gets the strings. */
  handler: NetstringHandler | undefined

  constructor(core: Core, options: NetstringParserOptions = {}) {
    super(makeNetstringFrames(core, options.maxLength ?? 99999))
    this.handler = options.handler
  }

  /** @internal */
  override frameEvent(parser: FrameParser): void {
    if (parser.kind === EVENT_MALFORMED) this.handler?.malformed?.(netstringError(parser))
    else this.handler?.string(parser.payload())
  }

  protected ended(how: StreamEnd): void {
    this.handler?.end?.(how)
  }
}

export interface LengthPrefixHandler {
  /** A string's payload, the receiver's to keep. */
  string(data: Uint8Array): void
  /** A prefix says `length` bytes, which is over the limit; nothing more is delivered. */
  lengthLimitExceeded?(length: number): void
  end?(how: StreamEnd): void
}

export interface LengthPrefixParserOptions {
  /** Bytes of the prefix, big-endian and unsigned. */
  bytes: PrefixWidth
  /** Longest payload in bytes; default 99,999 as in Twisted. */
  maxLength?: number
  handler?: LengthPrefixHandler
}

/** A parser of strings behind their length. */
export class LengthPrefixParser extends Parser {
  /** Who gets the strings. */
  handler: LengthPrefixHandler | undefined

  constructor(core: Core, options: LengthPrefixParserOptions) {
    super(makePrefixedFrames(core, options.bytes, options.maxLength ?? 99999))
    this.handler = options.handler
  }

  /** @internal */
  override frameEvent(parser: FrameParser): void {
    if (parser.kind === EVENT_LENGTH_LIMIT) this.handler?.lengthLimitExceeded?.(parser.length >>> 0)
    else this.handler?.string(parser.payload())
  }

  protected ended(how: StreamEnd): void {
    this.handler?.end?.(how)
  }
}

function toBytes(core: Core, delimiter: string | Uint8Array): Uint8Array {
  return typeof delimiter === 'string' ? core.text.encode(delimiter) : delimiter.slice()
}
