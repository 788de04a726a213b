/**
 * FileSender: sends a file, or anything that can be read piece by piece, as fast as its consumer takes it.
 *
 * Owns: one transfer. Must not know: what a file is; it reads from an object with `read(n)` or an iterable.
 * Source: twisted.protocols.basic.FileSender; case B25.
 */
import { Deferred } from '../defer/index.js'
import { ConsumerStoppedError } from '../errors/protocol.js'
import type { IConsumer, IPullProducer } from '../interfaces/producer.js'

/** What can be sent: `read(n)` gives at most `n` bytes, none at the end; or an iterable of pieces. */
export type FileSource =
  | { read(bytes: number): Uint8Array | PromiseLike<Uint8Array> }
  | Iterable<Uint8Array>
  | AsyncIterable<Uint8Array>

type Piece = Uint8Array | null

/** A pull producer that reads a file. */
export class FileSender implements IPullProducer {
  /** Most bytes that one piece asks for. */
  chunkSize = 16384
  #next: (() => Piece | PromiseLike<Piece>) | null = null
  #release: (() => void) | null = null
  #consumer: IConsumer | null = null
  #transform: ((data: Uint8Array) => Uint8Array) | undefined
  #deferred: Deferred<number | undefined> | null = null
  #last: number | undefined
  #isReading = false

  /**
   * Sends all of `file`, one piece each time the consumer asks for one.
   *
   * @param transform - what to do with each piece before it is sent
   * @returns fires with the last byte sent, after `transform` (undefined when there was none); fails when reading
   * does, or with ConsumerStoppedError
   */
  beginFileTransfer(
    file: FileSource, consumer: IConsumer, transform?: (data: Uint8Array) => Uint8Array,
  ): Deferred<number | undefined> {
    if (this.#deferred !== null) throw new TypeError('This FileSender is sending already.')
    this.#open(file)
    this.#consumer = consumer
    this.#transform = transform
    this.#last = undefined
    const deferred = (this.#deferred = new Deferred<number | undefined>(() => this.stopProducing()))
    consumer.registerProducer(this, false)
    return deferred
  }

  #open(file: FileSource): void {
    if ('read' in file) {
      this.#next = () => endsEmpty(file.read(this.chunkSize))
    } else if (Symbol.asyncIterator in file) {
      const iterator = file[Symbol.asyncIterator]()
      this.#next = () => iterator.next().then((step) => (step.done === true ? null : step.value))
      this.#release = () => void iterator.return?.()
    } else {
      const iterator = file[Symbol.iterator]()
      this.#next = () => {
        const step = iterator.next()
        return step.done === true ? null : step.value
      }
      this.#release = () => void iterator.return?.()
    }
  }

  resumeProducing(): void {
    if (this.#next === null || this.#isReading) return
    let piece: Piece | PromiseLike<Piece>
    try {
      piece = this.#next()
    } catch (error) {
      this.#fail(error)
      return
    }
    if (piece === null || ArrayBuffer.isView(piece)) {
      this.#send(piece as Piece)
      return
    }
    this.#isReading = true
    piece.then(
      (data) => {
        this.#isReading = false
        this.#send(data)
      },
      (error: unknown) => {
        this.#isReading = false
        this.#fail(error)
      },
    )
  }

  #send(piece: Piece): void {
    const consumer = this.#consumer
    if (this.#next === null || consumer === null) return
    if (piece === null) {
      const deferred = this.#finish()
      consumer.unregisterProducer()
      deferred?.callback(this.#last)
      return
    }
    const data = this.#transform === undefined ? piece : this.#transform(piece)
    if (data.length > 0) this.#last = data[data.length - 1]
    consumer.write(data)
  }

  /** The consumer wants nothing more: the transfer fails. */
  stopProducing(): void {
    this.#release?.()
    this.#finish()?.errback(new ConsumerStoppedError())
  }

  #fail(error: unknown): void {
    const consumer = this.#consumer
    const deferred = this.#finish()
    consumer?.unregisterProducer()
    deferred?.errback(error)
  }

  #finish(): Deferred<number | undefined> | null {
    const deferred = this.#deferred
    this.#deferred = null
    this.#next = null
    this.#release = null
    this.#consumer = null
    return deferred
  }
}

function endsEmpty(data: Uint8Array | PromiseLike<Uint8Array>): Piece | PromiseLike<Piece> {
  if (ArrayBuffer.isView(data)) return data.length === 0 ? null : (data as Uint8Array)
  return (data as PromiseLike<Uint8Array>).then((bytes) => (bytes.length === 0 ? null : bytes))
}
