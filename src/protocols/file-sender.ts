/**
 * FileSender: sends a file, or anything that can be read piece by piece, as fast as its consumer takes it.
 *
 * Owns: one transfer at a time. Must not know: what a file is; it reads from an object with `read(n)` or an iterable.
 * Source: twisted.protocols.basic.FileSender; case B25.
 */
import { Deferred, Failure } from '../defer/index.js'
import { ConsumerStoppedError } from '../errors/protocol.js'
import type { IConsumer, IPullProducer } from '../interfaces/producer.js'
import { Logger } from '../logger/index.js'

/** What can be sent: bytes; `read(n)`, which gives at most `n` bytes, none at the end; or an iterable of pieces. */
export type FileSource =
  | Uint8Array
  | { read(bytes: number): Uint8Array | PromiseLike<Uint8Array> }
  | Iterable<Uint8Array>
  | AsyncIterable<Uint8Array>

type Piece = Uint8Array | null

interface Source {
  /** The next piece, null at the end. */
  next(): Piece | PromiseLike<Piece>
  /** Nobody will ask for the rest. */
  release(): unknown
}

interface Transfer {
  readonly source: Source
  readonly consumer: IConsumer
  readonly transform: ((data: Uint8Array) => Uint8Array) | undefined
  readonly deferred: Deferred<number | undefined>
  last: number | undefined
  isReading: boolean
}

/** A pull producer that reads a file. */
export class FileSender implements IPullProducer {
  /** Most bytes that one piece asks for. */
  chunkSize = 16384
  #transfer: Transfer | null = null

  /**
   * Sends all of `file`, one piece each time the consumer asks for one.
   *
   * @param transform - what to do with each piece before it is sent
   * @returns fires with the last byte sent, after `transform` (undefined when there was none); fails when reading or
   * `transform` does, or with ConsumerStoppedError. Cancelling it ends the transfer.
   */
  beginFileTransfer(
    file: FileSource, consumer: IConsumer, transform?: (data: Uint8Array) => Uint8Array,
  ): Deferred<number | undefined> {
    if (this.#transfer !== null) throw new TypeError('This FileSender is sending already.')
    const source = openSource(file, () => this.chunkSize)
    const deferred = new Deferred<number | undefined>(() => this.#leave(transfer))
    const transfer: Transfer = { source, consumer, transform, deferred, last: undefined, isReading: false }
    this.#transfer = transfer
    try {
      consumer.registerProducer(this, false)
    } catch (error) {
      this.#transfer = null
      release(source)
      throw error
    }
    return deferred
  }

  resumeProducing(): void {
    const transfer = this.#transfer
    if (transfer === null || transfer.isReading) return
    try {
      this.#read(transfer)
    } catch (error) {
      this.#fail(transfer, error)
    }
  }

  /** The consumer wants nothing more: the transfer fails. */
  stopProducing(): void {
    const transfer = this.#transfer
    if (transfer === null) return
    this.#transfer = null
    release(transfer.source)
    transfer.deferred.errback(new ConsumerStoppedError())
  }

  /** Sends the next piece that is not empty: after an empty one the consumer would never ask again. */
  #read(transfer: Transfer): void {
    for (;;) {
      const piece = transfer.source.next()
      if (!isPiece(piece)) {
        this.#wait(transfer, piece)
        return
      }
      if (this.#send(transfer, piece)) return
    }
  }

  #wait(transfer: Transfer, piece: PromiseLike<Piece>): void {
    transfer.isReading = true
    piece.then((data) => {
      transfer.isReading = false
      if (this.#transfer !== transfer) return
      try {
        if (!isPiece(data) || !this.#send(transfer, data)) this.#read(transfer)
      } catch (error) {
        this.#fail(transfer, error)
      }
    }, (error: unknown) => this.#fail(transfer, error))
  }

  /** False when there was nothing to send, so that the next piece is due. */
  #send(transfer: Transfer, piece: Piece): boolean {
    const { consumer, transform, deferred } = transfer
    if (piece === null) {
      this.#transfer = null
      consumer.unregisterProducer()
      deferred.callback(transfer.last)
      return true
    }
    const data = transform === undefined ? piece : transform(piece)
    if (data.length === 0) return false
    transfer.last = data[data.length - 1]
    consumer.write(data)
    return true
  }

  #fail(transfer: Transfer, error: unknown): void {
    this.#leave(transfer)
    if (!transfer.deferred.called) transfer.deferred.errback(error)
  }

  /** Ends a transfer from this side. */
  #leave(transfer: Transfer): void {
    if (this.#transfer !== transfer) return
    this.#transfer = null
    release(transfer.source)
    transfer.consumer.unregisterProducer()
  }
}

function isPiece(piece: Piece | PromiseLike<Piece>): piece is Piece {
  if (piece === null || piece instanceof Uint8Array) return true
  if (typeof (piece as Partial<PromiseLike<Piece>> | undefined)?.then === 'function') return false
  throw new TypeError('What is sent must come in pieces of Uint8Array.')
}

function openSource(file: FileSource, chunkSize: () => number): Source {
  if (file instanceof Uint8Array) return openBytes(file, chunkSize)
  // Before `read`: a Node stream has both, and only iterating it waits for its bytes.
  if (Symbol.asyncIterator in file) {
    const iterator = file[Symbol.asyncIterator]()
    return {
      next: () => iterator.next().then((step) => (step.done === true ? null : step.value)),
      release: () => iterator.return?.(),
    }
  }
  if ('read' in file) return { next: () => endsEmpty(file.read(chunkSize())), release: () => undefined }
  const iterator = file[Symbol.iterator]()
  return {
    next: () => {
      const step = iterator.next()
      return step.done === true ? null : step.value
    },
    release: () => iterator.return?.(),
  }
}

function openBytes(bytes: Uint8Array, chunkSize: () => number): Source {
  let at = 0
  return {
    next: () => (at < bytes.length ? bytes.subarray(at, at += chunkSize()) : null),
    release: () => undefined,
  }
}

function endsEmpty(data: Uint8Array | PromiseLike<Uint8Array>): Piece | PromiseLike<Piece> {
  if (data instanceof Uint8Array) return data.length === 0 ? null : data
  return data.then((bytes) => (bytes.length === 0 ? null : bytes))
}

/** The transfer is over either way; what the source has to say about it is only reported. */
function release(source: Source): void {
  const report = (error: unknown): void => {
    new Logger('whorl.protocols').failure('Ending the source of a transfer failed', new Failure(error))
  }
  try {
    void Promise.resolve(source.release()).catch(report)
  } catch (error) {
    report(error)
  }
}
