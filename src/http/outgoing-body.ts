/**
 * OutgoingBody: the body of a message that is being sent, in the framing that its head announced.
 *
 *   chunked   size CR LF data CR LF … 0 CR LF trailers CR LF        RFC 9112, 7.1
 *   length    as many bytes as Content-Length says, no more and no fewer
 *   close     until the connection ends
 *   none      there is none, as in answers to HEAD: what is written goes nowhere
 *
 * Owns: the framing, and holding writers back. Must not know: heads, what follows the message.
 */
import { CancelledError } from '../errors/index.js'
import { BodyLengthError, MessageEndedError } from '../errors/http.js'
import { Deferred, ensureDeferred, Failure, succeed } from '../defer/index.js'
import type { IStreamTransport, ITransport } from '../interfaces/transport.js'
import { FramingFields } from './headers.js'
import type { Headers } from './headers.js'
import { headBytes, utf8Length } from './messages.js'

/** What a body can be made from. A ReadableStream is one of these on hosts that have it. */
export type BodySource =
  | string
  | Uint8Array
  | Iterable<Uint8Array | string>
  | AsyncIterable<Uint8Array | string>

export type BodyFraming = 'chunked' | 'length' | 'close' | 'none'

/** Shorter text than this is copied into one with its framing. */
const SHORT = 4096

/** What a body is written through: an OutgoingBody, or what stands in front of one. */
export interface BodyWriter {
  /** Bytes that went out so far, framing not counted. */
  readonly bytesWritten: number
  /** Whether the last byte was written. */
  readonly isEnded: boolean
  onEnd: ((isBroken: boolean) => void) | null
  write(chunk: Uint8Array | string): Deferred<void>
  end(chunk?: Uint8Array | string, trailers?: Headers): void
  abort(): void
  pipe(source: BodySource, trace?: (chunk: Uint8Array | string) => void): Deferred<void>
}

/** A body on its way out. */
export class OutgoingBody implements BodyWriter {
  /** Bytes of the body so far, framing not counted. */
  bytesWritten = 0
  /** Called once, when the last byte was written; `isBroken`: with fewer bytes than announced. */
  onEnd: ((isBroken: boolean) => void) | null = null
  readonly #transport: ITransport
  readonly #framing: BodyFraming
  readonly #length: number
  #ended = false

  /**
   * @param transport where to
   * @param length with the framing `length`: how many bytes there will be
   */
  constructor(transport: ITransport, framing: BodyFraming, length = 0) {
    this.#transport = transport
    this.#framing = framing
    this.#length = length
  }

  get isEnded(): boolean {
    return this.#ended
  }

  /**
   * Sends a piece.
   * @returns fires when it is sensible to write more, fails when the connection has ended
   * @throws MessageEndedError after the end, BodyLengthError for more bytes than were announced
   */
  write(chunk: Uint8Array | string): Deferred<void> {
    this.#put(chunk)
    return this.#room()
  }

  /**
   * That was all; a message of fewer bytes than were announced is cut off with its connection.
   * @param chunk the last piece
   * @param trailers sent behind a chunked body; otherwise dropped
   * @throws MessageEndedError, BodyLengthError
   */
  end(chunk?: Uint8Array | string, trailers?: Headers): void {
    if (chunk !== undefined) this.#put(chunk)
    else this.#check()
    this.#ended = true
    if (this.#framing === 'chunked') {
      // Nothing in trailers may frame the message (RFC 9110, 6.5.1).
      this.#transport.write(trailers === undefined ? '0\r\n\r\n'
        : headBytes(`0\r\n${trailers.linesWithout(new FramingFields())}\r\n`))
    }
    const isBroken = this.#framing === 'length' && this.bytesWritten < this.#length
    if (isBroken) this.#cutOff()
    const { onEnd } = this
    this.onEnd = null
    onEnd?.(isBroken)
    if (isBroken) throw new BodyLengthError()
  }

  /** Cuts the message off, so that the peer does not take it for whole. */
  abort(): void {
    if (this.#ended) return
    this.#ended = true
    this.#cutOff()
  }

  /**
   * Sends all that a source has, no faster than the peer takes it; does not end the message.
   * @returns fires once everything is written; cancelling it, as the end of the connection, ends the source too
   */
  pipe(source: BodySource, trace?: (chunk: Uint8Array | string) => void): Deferred<void> {
    return pipeInto(this, source, trace)
  }

  #put(chunk: Uint8Array | string): void {
    this.#check()
    const isText = typeof chunk === 'string'
    if (!isText && !(chunk instanceof Uint8Array)) throw new TypeError('a body is made of Uint8Arrays and strings')
    const length = isText ? utf8Length(chunk) : chunk.length
    if (length === 0) return
    const transport = this.#transport
    switch (this.#framing) {
      case 'none':
        break
      case 'chunked':
        if (isText && length < SHORT) {
          transport.write(`${length.toString(16)}\r\n${chunk}\r\n`)
        } else {
          transport.write(`${length.toString(16)}\r\n`)
          transport.write(chunk)
          transport.write('\r\n')
        }
        break
      case 'length':
        if (this.bytesWritten + length > this.#length) {
          this.#ended = true
          this.#cutOff()
          this.onEnd?.(true)
          this.onEnd = null
          throw new BodyLengthError()
        }
        transport.write(chunk)
        break
      default:
        transport.write(chunk)
    }
    this.bytesWritten += length
  }

  #check(): void {
    if (this.#ended) throw new MessageEndedError()
  }

  #room(): Deferred<void> {
    const { drain } = this.#transport as Partial<IStreamTransport>
    return typeof drain === 'function' ? drain.call(this.#transport) : succeed(undefined) as Deferred<void>
  }

  #cutOff(): void {
    const { abortConnection } = this.#transport as Partial<IStreamTransport>
    if (typeof abortConnection === 'function') abortConnection.call(this.#transport)
    else this.#transport.loseConnection()
  }
}

/** Writes all that a source has to a body, as `OutgoingBody.pipe` says. @internal */
export function pipeInto(
  body: Pick<BodyWriter, 'write'>, source: BodySource, trace?: (chunk: Uint8Array | string) => void): Deferred<void> {
  if (typeof source === 'string' || source instanceof Uint8Array) {
    trace?.(source)
    return body.write(source)
  }
  const from = iteratorOf(source)
  let isCancelled = false
  let wakeUp: ((reason: unknown) => void) | null = null
  const leave = (): void => {
    isCancelled = true
    wakeUp?.(new CancelledError())
  }
  // What waits for a source that never answers must not keep the canceller from being heard. One promise for each wait:
  // what is raced against the same one again and again is kept by it, and with it all pieces there ever were.
  const heard = <T>(what: PromiseLike<T>): Promise<T> => new Promise((resolve, reject) => {
    wakeUp = reject
    if (isCancelled) reject(new CancelledError())
    what.then(resolve, reject)
  })
  const pump = async (): Promise<void> => {
    let isDone = false
    try {
      for (;;) {
        const step = from.next()
        const { done, value } = isThenable(step) ? await heard(step) : step
        if (done === true) {
          isDone = true
          return
        }
        if (isCancelled) throw new CancelledError()
        trace?.(value)
        const room = body.write(value)
        if (!room.called || room.result instanceof Failure) await heard(room)
      }
    } finally {
      if (!isDone) endIterator(from)
    }
  }
  const pumping = ensureDeferred(pump()) as Deferred<void>
  const deferred = new Deferred<void>(leave)
  pumping.addCallbacks(
    () => {
      if (!deferred.called) deferred.callback(undefined)
    },
    (failure: Failure) => {
      if (!deferred.called) deferred.errback(failure)
    })
  return deferred
}

/** Whether a value is something that a body can be made from. */
export function isBodySource(value: unknown): value is BodySource {
  if (typeof value === 'string' || value instanceof Uint8Array) return true
  if (typeof value !== 'object' || value === null) return false
  return typeof (value as Partial<AsyncIterable<unknown>>)[Symbol.asyncIterator] === 'function'
    || typeof (value as Partial<Iterable<unknown>>)[Symbol.iterator] === 'function'
}

type Source = Iterator<Uint8Array | string> | AsyncIterator<Uint8Array | string>

function iteratorOf(source: Exclude<BodySource, string | Uint8Array>): Source {
  const asynchronous = (source as Partial<AsyncIterable<Uint8Array | string>>)[Symbol.asyncIterator]
  if (typeof asynchronous === 'function') return asynchronous.call(source)
  const synchronous = (source as Partial<Iterable<Uint8Array | string>>)[Symbol.iterator]
  if (typeof synchronous === 'function') return synchronous.call(source)
  throw new TypeError('a body is text, bytes, or something that gives them one after the other')
}

function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as Partial<PromiseLike<T>>).then === 'function'
}

/** Lets go of a source that nobody takes anything of. @internal */
export function endSource(source: BodySource): void {
  if (typeof source !== 'string' && !(source instanceof Uint8Array)) endIterator(iteratorOf(source))
}

/** Nobody takes any more of it; what it says to that interests nobody. */
function endIterator(from: Source): void {
  try {
    const ended = from.return?.()
    if (ended !== undefined && isThenable(ended)) (ended as PromiseLike<unknown>).then(undefined, () => undefined)
  } catch {
    // Nobody is left who could be told.
  }
}
