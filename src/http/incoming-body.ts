/**
 * IncomingBody: the body of a message that is being received, for its one reader.
 *
 *   producer:  push … push ─▶ end | fail              the reader is slow: onPressure(true) … onPressure(false)
 *   reader:    read | text | json | for await | discard     leaves early: onAbandon
 *
 * What comes before there is a reader waits here, up to a mark; then the peer is held back.
 * Owns: what waits, who reads, and the two marks. Must not know: connections, how bodies are framed.
 * Source: the consumption rules are those of Fetch's Body: a body is read once.
 */
import { concat } from '../core/bytes.js'
import { defaultCore } from '../core/default.js'
import { Deferred, Failure, fail as failed, succeed } from '../defer/index.js'
import { BodyIncompleteError, BodySyntaxError, BodyTakenError, BodyTooLargeError } from '../errors/http.js'
import { Headers } from './headers.js'
import { BODY_HIGH, BODY_LOW } from './limits.js'

const NOTHING = /* @__PURE__ */ new Uint8Array(0)

/** So much is made room for when the head announces it; of more, what has come and as much again. */
const AT_ONCE = 2_097_152

/** What a piece takes besides its bytes. */
const PIECE = 128

/** What a reader's `next` gives. */
type Step = IteratorResult<Uint8Array, undefined>

/** A body, and who reads it. */
export class IncomingBody implements AsyncIterable<Uint8Array> {
  /** Told when more waits than should, and when there is room again. */
  onPressure: ((full: boolean) => void) | null = null
  /** Told when the reader went away before the end; what comes from then on is dropped. */
  onAbandon: (() => void) | null = null
  /** Told once, when the body is asked for the first time and has not ended. */
  onDemand: (() => void) | null = null
  /** Bytes that `read` and its like take where they are not told; null for any number. */
  limit: number | null
  /** What the head said the length is; null when it said nothing. */
  expected: number | null = null
  /** Makes room for a whole body; contents do not matter. */
  allocate: (length: number) => Uint8Array = makeRoom
  /** Bytes that have come so far. */
  received = 0

  #pieces: Uint8Array[] = []
  /** What of a body that is read whole has come. */
  #target: Uint8Array | null = null
  #filled = 0
  #from = 0
  #waiting = 0
  #state: 'open' | 'ended' | 'failed' = 'open'
  #error: unknown = null
  #taken = false
  #dropped = false
  #isFull = false
  #trailers: Headers | null = null
  #whole: { deferred: Deferred<Uint8Array>, limit: number } | null = null
  #next: ((step: Step) => void) | null = null
  #nextFailed: ((error: unknown) => void) | null = null

  /** @param limit see {@link IncomingBody.limit} */
  constructor(limit: number | null = null) {
    this.limit = limit
  }

  /** What the pieces that wait take of memory, about: a peer may send a great many that are tiny. */
  get #held(): number {
    return this.#waiting + (this.#pieces.length - this.#from) * PIECE
  }

  // --- for whoever receives it

  /** A piece has come; it is the body's to keep. */
  push(data: Uint8Array): void {
    if (this.#state !== 'open' || data.length === 0) return
    this.received += data.length
    if (this.#dropped) return
    if (this.#next !== null) {
      this.#answer(data)
      return
    }
    const whole = this.#whole
    if (whole !== null && this.#waiting + data.length > whole.limit) {
      this.#tooLarge(whole)
      return
    }
    this.#waiting += data.length
    if (whole === null || (this.#target === null && this.#waiting === this.expected)) this.#pieces.push(data)
    else this.#store(data)
    if (whole === null && this.#held > BODY_HIGH && !this.#isFull) {
      this.#isFull = true
      this.onPressure?.(true)
    }
  }

  /** True while somebody waits for the whole of it, and has a length to make room for. */
  get isWhole(): boolean {
    return this.#whole !== null && this.expected !== null && this.#state === 'open' && !this.#dropped
  }

  /** Where the next bytes belong, `length` of them at most; null where only `push` takes them. */
  room(length: number): Uint8Array | null {
    const { expected } = this
    if (!this.isWhole || expected === null || expected > this.#whole!.limit) return null
    let target = this.#target
    if (target === null || target.length === this.#filled) target = this.#grow(this.#filled + 1)
    return target.subarray(this.#filled, Math.min(this.#filled + length, target.length, expected))
  }

  /** So many bytes now stand in what `room` gave last. */
  arrived(length: number): void {
    this.received += length
    this.#waiting += length
    this.#filled += length
  }

  /** That was all of it. */
  end(trailers?: Headers): void {
    if (this.#state !== 'open') return
    this.#state = 'ended'
    if (trailers !== undefined) this.#trailers = trailers
    this.#release()
    const whole = this.#whole
    if (whole !== null) {
      this.#whole = null
      whole.deferred.callback(this.#takeAll())
    }
    this.#answer(undefined)
  }

  /** It will never be whole. */
  fail(error: unknown): void {
    if (this.#state !== 'open') return
    this.#state = 'failed'
    this.#error = error instanceof Failure ? error.value : error
    this.#release()
    const whole = this.#whole
    this.#drop()
    if (whole !== null) whole.deferred.errback(error)
    const failNext = this.#nextFailed
    this.#next = this.#nextFailed = null
    failNext?.(this.#error)
  }

  // --- for whoever reads it

  /** True once somebody reads it, has read it, or has thrown it away. */
  get isTaken(): boolean {
    return this.#taken
  }

  /** True once whoever read it has gone away, or nobody wanted it: what comes is dropped. */
  get isAbandoned(): boolean {
    return this.#dropped
  }

  /** True once nothing more comes: it is whole, or has failed. */
  get isEnded(): boolean {
    return this.#state !== 'open'
  }

  /** Fields that came behind the body; empty until the end. */
  get trailers(): Headers {
    return this.#trailers ??= new Headers()
  }

  /**
   * The whole body.
   * @param limit bytes, null for any number; the body's own `limit` if not given
   * @returns fails with BodyTooLargeError, BodyIncompleteError, BodyTimeoutError, BodyTakenError
   */
  read(limit: number | null | undefined = this.limit): Deferred<Uint8Array> {
    if (this.#taken) return failed(new BodyTakenError()) as unknown as Deferred<Uint8Array>
    this.#taken = true
    const most = limit ?? Infinity
    if (this.#waiting > most || (this.expected !== null && this.expected > most)) {
      this.#abandon()
      return failed(tooLarge(most)) as unknown as Deferred<Uint8Array>
    }
    if (this.#state === 'ended') return succeed(this.#takeAll()) as Deferred<Uint8Array>
    if (this.#state === 'failed') return failed(this.#error) as unknown as Deferred<Uint8Array>
    const deferred = new Deferred<Uint8Array>(() => {
      this.#whole = null
      this.#abandon()
    })
    this.#whole = { deferred, limit: most }
    const pieces = this.#pieces
    this.#pieces = []
    for (const piece of pieces) this.#store(piece)
    this.#demand()
    this.#release()
    return deferred
  }

  /** The whole body as UTF-8; see `read`. */
  text(limit?: number | null): Deferred<string> {
    return this.read(limit).addCallback(decode)
  }

  /** The whole body as JSON; see `read`. Fails with BodySyntaxError for what is none. */
  json(limit?: number | null): Deferred<unknown> {
    return this.read(limit).addCallback(parse)
  }

  /** Nobody wants it, or any more of it. */
  discard(): void {
    if (this.#dropped) return
    this.#taken = true
    this.#abandon()
  }

  /** Piece by piece, as it comes. Leaving the loop early gives the rest up. @throws BodyTakenError */
  [Symbol.asyncIterator](): AsyncIterableIterator<Uint8Array> {
    if (this.#taken) throw new BodyTakenError()
    this.#taken = true
    const iterator: AsyncIterableIterator<Uint8Array> = {
      next: () => this.#pull(),
      return: () => {
        this.#abandon()
        this.#answer(undefined)
        return Promise.resolve({ done: true, value: undefined })
      },
      [Symbol.asyncIterator]: () => iterator,
    }
    return iterator
  }

  #pull(): Promise<Step> {
    if (this.#from < this.#pieces.length) {
      const value = this.#pieces[this.#from] as Uint8Array
      this.#pieces[this.#from++] = NOTHING
      if (this.#from === this.#pieces.length) {
        this.#pieces = []
        this.#from = 0
      }
      this.#waiting -= value.length
      if (this.#held <= BODY_LOW) this.#release()
      return Promise.resolve({ done: false, value })
    }
    if (this.#state === 'failed') return Promise.reject(this.#error)
    if (this.#state === 'ended' || this.#dropped) return Promise.resolve({ done: true, value: undefined })
    if (this.#next !== null) return Promise.reject(new BodyTakenError('The last piece has not come yet.'))
    return new Promise((resolve, reject) => {
      this.#next = resolve
      this.#nextFailed = reject
      this.#demand()
    })
  }

  /** Gives a reader that waits its piece, or the end. */
  #answer(value: Uint8Array | undefined): void {
    const next = this.#next
    if (next === null) return
    this.#next = this.#nextFailed = null
    next(value === undefined ? { done: true, value } : { done: false, value })
  }

  #demand(): void {
    const { onDemand } = this
    this.onDemand = null
    onDemand?.()
  }

  /** There is room again. */
  #release(): void {
    if (!this.#isFull) return
    this.#isFull = false
    this.onPressure?.(false)
  }

  /**
   * Puts a piece of a body that is read whole in its place at once: pieces that are kept until the end are long-lived
   * for the engine, which is dear. As much as the head announces is believed only as far as something has come.
   */
  #store(data: Uint8Array): void {
    const needed = this.#filled + data.length
    let target = this.#target
    if (target === null || target.length < needed) target = this.#grow(needed)
    target.set(data, this.#filled)
    this.#filled = needed
  }

  #grow(needed: number): Uint8Array {
    const { expected } = this
    let size = Math.max(2 * needed, 4096)
    if (expected !== null && expected >= needed && (expected <= AT_ONCE || expected < size)) size = expected
    const { buffer, byteOffset } = this.allocate(size)
    // A host may have a class of its own; a body is of one class, however long it is.
    const larger = new Uint8Array(buffer, byteOffset, size)
    if (this.#target !== null) larger.set(this.#target.subarray(0, this.#filled))
    return this.#target = larger
  }

  #takeAll(): Uint8Array {
    const target = this.#target
    if (target !== null) {
      this.#target = null
      this.#waiting = 0
      // What lies behind it in memory is nobody's business.
      return this.#filled === target.length ? target : target.slice(0, this.#filled)
    }
    const { length } = this.#pieces
    const all = length === 0 ? NOTHING : length === 1 ? this.#pieces[0] as Uint8Array : concat(this.#pieces)
    this.#pieces = []
    this.#waiting = 0
    return all
  }

  #tooLarge({ deferred, limit }: { deferred: Deferred<Uint8Array>, limit: number }): void {
    this.#whole = null
    this.#abandon()
    deferred.errback(tooLarge(limit))
  }

  #drop(): void {
    this.#dropped = true
    this.#whole = null
    this.#pieces = []
    this.#target = null
    this.#from = this.#waiting = 0
  }

  #abandon(): void {
    if (this.#dropped) return
    this.#drop()
    this.#release()
    if (this.#state !== 'open') return
    this.onAbandon?.()
  }
}

function makeRoom(length: number): Uint8Array {
  return new Uint8Array(length)
}

function tooLarge(limit: number): BodyTooLargeError {
  return new BodyTooLargeError(`The body is longer than ${limit} bytes.`)
}

function decode(bytes: Uint8Array): string {
  return defaultCore().text.utf8(bytes, 0, bytes.length)
}

function parse(bytes: Uint8Array): unknown {
  const text = decode(bytes)
  try {
    return JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text) as unknown
  } catch (cause) {
    throw new BodySyntaxError(undefined, { cause })
  }
}

/** What a body fails with whose connection ended first. @param reason why it ended */
export function incomplete(reason: Failure | unknown): BodyIncompleteError {
  return new BodyIncompleteError(undefined, { cause: reason instanceof Failure ? reason.value : reason })
}
