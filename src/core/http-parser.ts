/**
 * Sans-IO parser of HTTP/1.x messages with a handler: bytes in by `receive`, heads, bodies and ends out.
 *
 *      receive ──▶ waiting chunks ──▶ window of a chunk ──▶ core ──▶ records ──▶ handler
 *                                └─ a body of known length ────────────────────▶
 *
 * The core stops behind each head and each message, so that nothing is looked at before the handler had its say; and
 * bytes of a body need not cross into it. A window is small where heads are expected, and grows.
 * Owns: the order of a message's events, what waits, and whether it may be delivered. Must not know: connections; how
 * messages are framed (the core). Source: RFC 9110, RFC 9112.
 */
import {
  EVENT_HTTP_BAD, EVENT_HTTP_BODY, EVENT_HTTP_END, EVENT_HTTP_HEAD, HTTP_KEPT, HTTP_LET_BARE_FEEDS,
  HTTP_LET_EMPTY_LINES, HTTP_LET_FOLDS, HTTP_LET_NAME_BLANKS, HTTP_LET_NO_REASON, HTTP_LET_SAME_LENGTHS,
  HTTP_MAX_HEAD, HTTP_REQUESTS, HTTP_RESPONSES, HTTP_SAME_FIELDS, HTTP_SAME_LINE, HTTP_SHARES, HTTP_SLOT_SHIFT,
  HTTP_STORED, HTTP_UNTIL_CLOSE,
} from '../../assembly/abi/http.js'
import {
  HEADER_CONSUMED, HEADER_HTTP_MORE, HEADER_PENDING, RECORD_BYTES, RING, STAGE, STAGE_BYTES,
} from '../../assembly/abi/layout.js'
import { END_FAILED, END_INSIDE_FRAME } from '../../assembly/abi/records.js'
import { concat } from './bytes.js'
import type { Core, RingUser } from './core.js'
import { HTTPParseError } from './http-errors.js'
import { copyFirstWords, copyWords, HTTPHead, KnownFields, KnownLine, recordsOf } from './http-head.js'
import type { HTTPFields } from './http-head.js'
import { encodeFieldNames } from './http-names.js'
import type { StreamEnd } from './parsers.js'
import { check } from './status.js'

const RECORD = RECORD_BYTES >> 2
const RING_AT = RING >> 2
const CONSUMED_AT = HEADER_CONSUMED >> 2
const MORE_AT = HEADER_HTTP_MORE >> 2
/** Where heads are expected, that much of a chunk crosses into the core at first; and at least. */
const FIRST_WINDOW = 8192
const SMALLEST_WINDOW = 2048
/** Words that `copyWords` may read behind the first of a head. */
const WORDS_READ = 32
/** Shorter pieces of a body cross with what is around them. */
const SHORT_BODY = 256
const NOTHING = new Uint8Array(0)

/** Whoever wants the messages. */
export interface HTTPHandler {
  /**
   * A head is there. Nothing behind it has been looked at, apart from the end of a message without a body: a handler
   * may pause, or take the connection for something else (`takeRest`).
   */
  head(head: HTTPHead): void
  /** A piece of the body, the receiver's to keep. */
  body?(data: Uint8Array): void
  /** Fields behind a chunked body. */
  trailers?(fields: HTTPFields): void
  /** The message is whole. */
  messageEnd?(): void
  /** The stream is no HTTP; nothing more is delivered. */
  bad?(error: HTTPParseError): void
  /** The stream has ended: between two messages, inside of one, or after it was bad. */
  end?(how: StreamEnd): void
}

/** What a message may have, at most. */
export interface HTTPLimits {
  /**
   * Bytes of the first line, a request's version and the line's end not counted; 8,000, the least that RFC 9112 3 asks
   * for.
   */
  requestLine?: number
  /** Bytes of a head, and of trailers; 16,384, as Node and nginx. At most 16,777,215. */
  headerBytes?: number
  /** Fields of a head, and of trailers; 100, as Apache. At most 1,000. */
  headerCount?: number
  /** Bytes of all chunk extensions of a message; 4,096. At most 65,535. */
  chunkExtensionBytes?: number
}

/** What is let pass although a message must not have it. Each is off unless set. */
export interface HTTPLeniences {
  /** Values of responses that go on in the next line: each line end in them is read as a space. RFC 9112, 5.2. */
  foldedFields?: boolean
  /** Lines of heads and trailers that end in LF alone; never those of chunks. RFC 9112, 2.2. */
  bareLineFeeds?: boolean
  /** Any number of empty lines before any message; one before a request is always ignored. RFC 9112, 2.2. */
  emptyLines?: boolean
  /** A status line that ends with the status, without the space behind it. RFC 9112, 4. */
  missingReason?: boolean
  /** Several lengths that are the same, in one field or more. RFC 9110, 8.6. */
  repeatedLength?: boolean
  /** Blanks between the name of a response's field and its colon. RFC 9112, 5.1. */
  blankBeforeColon?: boolean
}

export interface HTTPParserOptions {
  mode: 'request' | 'response'
  limits?: HTTPLimits
  lenient?: HTTPLeniences
  handler?: HTTPHandler
}

/** By slot of each core: what is known of the fields in it. Bounded, as the slots are; see wire/http1-again.ts. */
const slots = new WeakMap<Core, KnownFields[]>()
/**
 * One of each that is never let go. When V8 collects while no head is alive it forgets what such objects look like, and
 * throws away all machine code that relies on it.
 */
const specimens: (HTTPHead | HTTPFields)[] = []

/** A parser of requests or responses, one behind the other. */
export class HTTPParser implements RingUser {
  /** Who gets the messages. */
  handler: HTTPHandler | undefined
  readonly #core: Core
  readonly #handle: number
  readonly #isResponse: boolean
  /** Chunks behind the one that is read. */
  #waiting: Uint8Array[] = []
  #waitingFrom = 0
  /** The chunk that is read, and where what was not delivered of it begins. */
  #chunk: Uint8Array | null = null
  #position = 0
  #buffer: ArrayBufferLike | null = null
  #origin = 0
  /** How much crosses at once, and where what has crossed ends. */
  #window = FIRST_WINDOW
  #windowEnd = 0
  /** Records of the last call: how many were used and there are; where they, and the input they tell of, begin. */
  #index = 0
  #count = 0
  #records: Int32Array | null = null
  readonly #slots: KnownFields[]
  /** The head that is to be told. */
  #head: HTTPHead | null = null
  #recordsAt = RING_AT
  #base = 0
  #batchEnd = 0
  /** Bytes of the body that need not cross. */
  #more = 0
  /** The last of them did not, and the core was not asked what comes then. */
  #isSkipped = false
  #isBusy = false
  #isPaused = false
  #isStopped = false
  #isFreed = false
  /** The core has the beginning of a head or of trailers. */
  #keeps = false
  /** The core still has a head that it kept and handed out. */
  #isDelivered = false
  #endsWithStream = false
  /** The stream ended while something was held back. */
  #isEnding = false

  /** @internal */
  constructor(core: Core, options: HTTPParserOptions) {
    const { requestLine = 8000, headerBytes = 16384, headerCount = 100, chunkExtensionBytes = 4096 } =
      options.limits ?? {}
    let known = slots.get(core)
    if (known === undefined) {
      const list = encodeFieldNames()
      check(core.exports.httpNames(core.lend(list), list.length), 'httpParser')
      slots.set(core, known = [])
      if (specimens.length === 0) keepSpecimens(core)
    }
    this.#slots = known
    this.#core = core
    this.#isResponse = options.mode === 'response'
    const mode = modeOf(options)
    this.#handle = check(core.exports.httpParserNew(
      mode, headerBytes, Math.min(requestLine, HTTP_MAX_HEAD), headerCount, chunkExtensionBytes), 'httpParser')
    core.adopt(this, this.#handle, core.exports.parserFree)
    this.handler = options.handler
  }

  /**
   * Takes bytes, which are the parser's to keep, and hands what they complete to the handler before it returns.
   * An error that the handler throws leaves this call; what comes behind is delivered by the next.
   *
   * @throws TypeError for what is no Uint8Array
   */
  receive(chunk: Uint8Array): void {
    if (!(chunk instanceof Uint8Array)) throw new TypeError('receive() takes a Uint8Array')
    if (this.#isStopped) return
    if (chunk.length > 0) {
      if (this.#chunk !== null || this.#waiting.length > 0) this.#waiting.push(chunk)
      else this.#feed(chunk)
    }
    if (!this.#isBusy) this.#run()
  }

  /**
   * The stream ended: says whether that was between two messages, and tells the handler. While something is held back
   * the handler is told behind it, and this says `inside-frame`.
   */
  end(): StreamEnd {
    if (this.#isHolding()) {
      this.#isEnding = true
      return 'inside-frame'
    }
    return this.#end()
  }

  /** Holds events back, and keeps what is received. */
  pause(): void {
    this.#isPaused = true
  }

  /** Delivers what was held back, unless called from inside an event: then that delivery goes on. */
  resume(): void {
    this.#isPaused = false
    if (!this.#isBusy) this.#run()
  }

  /** The next response answers a HEAD: it has no body, whatever it says. (For a CONNECT that worked, `takeRest`.) */
  expectBodiless(bodiless = true): void {
    check(this.#core.exports.httpExpectBodiless(this.#handle, bodiless ? 1 : 0), 'expectBodiless')
  }

  /** True when all that was received was delivered: no message's head has begun, and no events are held back. */
  get isEmpty(): boolean {
    if (this.#isHolding()) return false
    return !this.#keeps || check(this.#core.exports.parserPending(this.#handle), 'isEmpty') === 0
  }

  /**
   * Bytes of a body that are still to come and could go past the parser, see `bodyPassed`; 0 while anything is held
   * back, or where their number is not known.
   */
  get bodyLeft(): number {
    return this.#isPaused || this.#isStopped || this.#chunk !== null || this.#waiting.length > 0 ? 0 : this.#more
  }

  /**
   * So many bytes of the body have come without `receive`, and the handler is not told of them; at most `bodyLeft`.
   * What comes behind the last of them is told before this returns.
   */
  bodyPassed(length: number): void {
    if (!(length >= 0 && length <= this.bodyLeft)) throw new RangeError(`${length} bytes are not of this body.`)
    this.#more = check(this.#core.exports.httpSkipBody(this.#handle, length), 'bodyPassed')
    if (this.#more > 0) return
    this.#feed(NOTHING)
    this.#isSkipped = true
    if (!this.#isBusy) this.#run()
  }

  /** Takes back all bytes that were received and not delivered, and delivers nothing more. */
  takeRest(): Uint8Array {
    if (this.#isStopped) return NOTHING
    const parts: Uint8Array[] = []
    if (this.#keeps) {
      const length = check(this.#core.exports.parserPending(this.#handle), 'takeRest')
      const address = this.#core.words()[HEADER_PENDING >> 2]
      if (length > 0) parts.push(this.#core.bytes().slice(address, address + length))
    }
    if (this.#chunk !== null && this.#position < this.#chunk.length) parts.push(this.#chunk.subarray(this.#position))
    for (let i = this.#waitingFrom; i < this.#waiting.length; i++) parts.push(this.#waiting[i])
    this.#stop()
    check(this.#core.exports.parserReset(this.#handle), 'takeRest')
    return parts.length === 0 ? NOTHING : concat(parts)
  }

  /** Gives the parser's part of the core back. Nothing is delivered from now on. */
  free(): void {
    if (this.#isFreed) return
    this.#isFreed = true
    this.#stop()
    this.#core.disown(this)
    this.#core.exports.parserFree(this.#handle)
  }

  #stop(): void {
    this.#isStopped = true
    if (this.#core.ringUser === this) this.#core.ringUser = null
    if (this.#chunk !== null) this.#core.unstage()
    this.#chunk = this.#buffer = this.#records = this.#head = null
    this.#waiting = []
    this.#waitingFrom = this.#index = this.#count = this.#more = 0
    this.#keeps = this.#isSkipped = this.#isDelivered = this.#endsWithStream = this.#isEnding = false
  }

  #feed(chunk: Uint8Array): void {
    this.#chunk = chunk
    this.#position = this.#batchEnd = this.#windowEnd = 0
    this.#window = FIRST_WINDOW
  }

  /** Whether something was received and not delivered, but for the beginning of a head. */
  #isHolding(): boolean {
    return this.#index < this.#count || this.#isSkipped || this.#waiting.length > 0
      || (this.#chunk !== null && this.#batchEnd < this.#chunk.length)
  }

  #run(): void {
    this.#isBusy = true
    try {
      while (!this.#isPaused && !this.#isStopped) {
        if (this.#index < this.#count) this.#event()
        else if (!this.#next()) break
      }
    } finally {
      this.#isBusy = false
    }
    if (this.#isEnding && !this.#isPaused && !this.#isHolding()) {
      this.#isEnding = false
      this.#end()
    }
  }

  #end(): StreamEnd {
    // The beginning of a head may be wrong in its last line, which is looked at when it is whole.
    if (this.#keeps && !this.#isStopped && this.#parse(NOTHING, 0)) this.#event()
    const state = this.#isFreed ? 0 : check(this.#core.exports.parserEnd(this.#handle), 'end')
    const how = state === END_FAILED ? 'failed' : state === END_INSIDE_FRAME ? 'inside-frame' : 'clean'
    if (how === 'clean' && this.#endsWithStream) {
      this.#endsWithStream = false
      this.handler?.messageEnd?.()
    }
    this.handler?.end?.(how)
    return how
  }

  /** Goes on reading until there is an event or all is used up: then false. */
  #next(): boolean {
    for (;;) {
      const chunk = this.#chunk
      if (chunk === null) return false
      const position = this.#batchEnd
      this.#position = position
      const left = chunk.length - position
      if (left === 0 && !this.#isSkipped) {
        this.#letGo()
      } else if (this.#more > 0 && left > 0 && (this.#more >= SHORT_BODY || this.#more >= left)) {
        this.#body(chunk, position, Math.min(this.#more, left))
        return true
      } else if (this.#parse(chunk, position)) {
        return true
      }
    }
  }

  /** The chunk is used up. */
  #letGo(): void {
    this.#core.unstage()
    this.#chunk = this.#buffer = null
    this.#index = this.#count = 0
    // A head that was kept and handed out gives its bytes back now, not when the next chunk comes.
    if (this.#isDelivered) {
      this.#isDelivered = false
      check(this.#core.exports.parserPending(this.#handle), 'receive')
    }
    if (this.#waitingFrom < this.#waiting.length) {
      this.#feed(this.#waiting[this.#waitingFrom++])
      if (this.#waitingFrom === this.#waiting.length) {
        this.#waiting = []
        this.#waitingFrom = 0
      }
    }
  }

  /** Hands out a piece of a body that does not cross into the core. */
  #body(chunk: Uint8Array, position: number, length: number): void {
    this.#more = check(this.#core.exports.httpSkipBody(this.#handle, length), 'receive')
    // The core says what comes behind it, be it nothing but the end of the message.
    this.#isSkipped = this.#more === 0
    this.#position = this.#batchEnd = position + length
    this.#keeps = false
    this.handler?.body?.(this.#view(chunk, position, length))
  }

  /** Parses a window of the chunk; false when there was no event in it. */
  #parse(chunk: Uint8Array, position: number): boolean {
    const core = this.#core
    if (core.ringUser !== this) core.ringUser?.saveRecords()
    core.ringUser = null
    this.#records = null
    let to = this.#windowEnd
    if (to <= position || chunk.length === 0) {
      to = this.#windowEnd = Math.min(position + this.#window, chunk.length)
      if (this.#window < STAGE_BYTES) this.#window <<= 1
    } else if (!core.isStaged(chunk, position, to)) {
      // Someone else used the stage meanwhile, and will again: no more than a little is staged for nothing.
      to = this.#windowEnd = Math.min(position + SMALLEST_WINDOW, to)
      this.#window = SMALLEST_WINDOW
    }
    const input = to > position ? core.stage(chunk, position, to - position) : STAGE
    const count = core.exports.parserReceive(this.#handle, input, to - position, 1)
    if (count < 0) check(count, 'receive')
    const words = core.words()
    this.#more = words[MORE_AT]
    this.#isSkipped = false
    this.#batchEnd = position + words[CONSUMED_AT]
    if (count === 0) {
      this.#keeps = true
      return false
    }
    this.#base = position
    this.#index = 0
    // It is made now: what is told of slots is true until the next call for anyone.
    if (words[RING_AT] === EVENT_HTTP_HEAD) this.#head = this.#makeHead(words, chunk, position)
    this.#count = count
    this.#recordsAt = RING_AT
    this.#keeps = false
    core.ringUser = this
    return true
  }

  /** The head whose records are the first in the ring. */
  #makeHead(words: Int32Array, chunk: Uint8Array, base: number): HTTPHead {
    const flags = words[RING_AT + RECORD]
    const where = words[RING_AT + 1]
    const length = words[RING_AT + 2]
    const { text } = this.#core
    if ((flags & (HTTP_SAME_FIELDS | HTTP_STORED)) === 0) {
      const copy = copyWords(words, RING_AT)
      return (flags & HTTP_KEPT) === 0
        ? new HTTPHead(copy, text, chunk, base + where, length)
        : this.#keptHead(copy, where, length)
    }
    const slot = flags >>> HTTP_SLOT_SHIFT
    let known: KnownFields
    if ((flags & HTTP_SAME_FIELDS) !== 0) {
      known = this.#slots[slot]
      known.again()
      if ((flags & HTTP_SAME_LINE) === 0 || known.line.words[0] !== flags) {
        known.line = new KnownLine(copyFirstWords(words, RING_AT))
      }
    } else {
      known = this.#slots[slot] = new KnownFields(copyWords(words, RING_AT))
    }
    const { line } = known
    return new HTTPHead(line.words, text, chunk, base + where, length, null, known, line)
  }

  /** A head that the core has kept, whose bytes will not stay. */
  #keptHead(words: readonly number[], where: number, length: number): HTTPHead {
    const { text } = this.#core
    this.#isDelivered = true
    return new HTTPHead(words, text, NOTHING, 0, 0, text.latin1(this.#core.bytes(), where, where + length))
  }

  /** Someone else needs the ring: what is unread there moves aside. @internal */
  saveRecords(): void {
    this.#core.ringUser = null
    if (this.#index === this.#count) return
    this.#records = this.#core.words().slice(RING_AT + this.#index * RECORD,
      RING_AT + this.#count * RECORD + WORDS_READ)
    this.#recordsAt = -this.#index * RECORD
  }

  /** Tells the handler of the next record. */
  #event(): void {
    const { handler } = this
    const words = this.#records ?? this.#core.words()
    const at = this.#recordsAt + this.#index * RECORD
    const kind = words[at]
    const where = words[at + 1]
    const length = words[at + 2]
    this.#position = this.#base + words[at + 3]
    if (kind === EVENT_HTTP_HEAD) {
      const flags = words[at + RECORD]
      this.#index += recordsOf(flags, words[at + RECORD + 1])
      this.#endsWithStream = (flags & HTTP_UNTIL_CLOSE) !== 0
      const head = this.#head as HTTPHead
      this.#head = null
      handler?.head(head)
    } else if (kind === EVENT_HTTP_END) {
      this.#index++
      handler?.messageEnd?.()
    } else if (kind === EVENT_HTTP_BODY) {
      this.#index++
      handler?.body?.(this.#view(this.#chunk as Uint8Array, this.#base + where, length))
    } else if (kind === EVENT_HTTP_BAD) {
      this.#index++
      handler?.bad?.(HTTPParseError.because(length, this.#isResponse))
    } else {
      const copy = copyWords(words, at)
      this.#index += recordsOf(copy[0], copy[1])
      const head = (copy[0] & HTTP_KEPT) !== 0
        ? this.#keptHead(copy, where, length)
        : new HTTPHead(copy, this.#core.text, this.#chunk as Uint8Array, this.#base + where, length)
      handler?.trailers?.(head.fields)
    }
  }

  /** Bytes of the chunk; what it lies in is asked for once a chunk, since asking is not cheap. */
  #view(chunk: Uint8Array, from: number, length: number): Uint8Array {
    if (this.#buffer === null) {
      this.#buffer = chunk.buffer
      this.#origin = chunk.byteOffset
    }
    return new Uint8Array(this.#buffer, this.#origin + from, length)
  }
}

function modeOf({ mode, lenient }: HTTPParserOptions): number {
  let bits = HTTP_SHARES | (mode === 'response' ? HTTP_RESPONSES : HTTP_REQUESTS)
  if (lenient === undefined) return bits
  if (lenient.foldedFields === true) bits |= HTTP_LET_FOLDS
  if (lenient.bareLineFeeds === true) bits |= HTTP_LET_BARE_FEEDS
  if (lenient.emptyLines === true) bits |= HTTP_LET_EMPTY_LINES
  if (lenient.missingReason === true) bits |= HTTP_LET_NO_REASON
  if (lenient.repeatedLength === true) bits |= HTTP_LET_SAME_LENGTHS
  if (lenient.blankBeforeColon === true) bits |= HTTP_LET_NAME_BLANKS
  return bits
}

function keepSpecimens(core: Core): void {
  const words = Array.from({ length: WORDS_READ }, () => 0)
  const known = new KnownFields(words)
  const head = new HTTPHead(words, core.text, NOTHING, 0, 0, '', known, known.line)
  specimens.push(head, head.fields)
}
