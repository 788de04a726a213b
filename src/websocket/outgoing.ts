/**
 * Messages on their way through the compressor, in order.
 *
 * Once one is being compressed, all that is sent after it waits behind it, whether it is compressed itself or not.
 * Owns: that order. Must not know: transports, states.
 */
import { Deferred } from '../defer/index.js'
import type { Failure } from '../defer/index.js'
import { join } from './bytes.js'
import type { MessageCodec } from './deflate.js'

/** Who writes the frames. */
export interface FrameWriter {
  /** @param isCompressed sets RSV1 */
  writeFrame(opcode: number, payload: Uint8Array, isCompressed: boolean): void
  /** A message could not be compressed, or not be written. */
  sendingFailed(error: unknown): void
}

interface Waiting {
  readonly opcode: number
  readonly data: Uint8Array
  readonly compress: boolean
}

/** The way out of a connection that compresses. */
export class Outgoing {
  readonly #codec: MessageCodec
  readonly #threshold: number
  readonly #forgets: boolean
  readonly #writer: FrameWriter
  #queue: Waiting[] = []
  #from = 0
  #bytes = 0
  #isAtWork = false
  #isClosed = false
  #drainers: Deferred<void>[] = []

  constructor(codec: MessageCodec, threshold: number, forgets: boolean, writer: FrameWriter) {
    this.#codec = codec
    this.#threshold = threshold
    this.#forgets = forgets
    this.#writer = writer
  }

  /** Bytes that wait here. */
  get waiting(): number {
    return this.#bytes
  }

  /**
   * Takes a frame, unless it may be written at once.
   * @returns whether it did
   */
  take(opcode: number, data: Uint8Array, isMessage: boolean): boolean {
    const compress = isMessage && data.length > 0 && data.length >= this.#threshold
    if (this.#isClosed || (!compress && !this.#isAtWork)) return false
    if (!this.#isAtWork) {
      const short = this.#codec.compressShort(data)
      if (short !== null) {
        this.#write(opcode, data, short)
        return true
      }
    }
    this.#queue.push({ opcode, data, compress })
    this.#bytes += data.length
    if (!this.#isAtWork) this.#next()
    return true
  }

  /** Fires when nothing waits here; null if that is so already. */
  drain(): Deferred<void> | null {
    if (!this.#isAtWork) return null
    const deferred = new Deferred<void>((cancelled) => {
      this.#drainers = this.#drainers.filter((other) => other !== cancelled)
    })
    this.#drainers.push(deferred)
    return deferred
  }

  /** Forgets what waits. @param why what those fail with who wait for it */
  close(why: Failure | null): void {
    this.#isClosed = true
    this.#queue = []
    this.#from = this.#bytes = 0
    this.#codec.close()
    const drainers = this.#drainers
    this.#drainers = []
    for (const deferred of drainers) {
      if (deferred.called) continue
      if (why === null) deferred.callback(undefined)
      else deferred.errback(why)
    }
  }

  #next(): void {
    while (this.#from < this.#queue.length) {
      const { opcode, data, compress } = this.#queue[this.#from++]!
      if (this.#from === this.#queue.length) {
        this.#queue = []
        this.#from = 0
      }
      this.#isAtWork = true
      if (compress) {
        this.#codec.compress(data, (error, pieces, length) => this.#compressed(opcode, data, error, pieces, length))
        return
      }
      this.#bytes -= data.length
      this.#writer.writeFrame(opcode, data, false)
      if (this.#isClosed) return
    }
    this.#isAtWork = false
    const drainers = this.#drainers
    this.#drainers = []
    for (const deferred of drainers) if (!deferred.called) deferred.callback(undefined)
  }

  #compressed(opcode: number, data: Uint8Array, error: unknown, pieces: Uint8Array[] | null, length: number): void {
    if (this.#isClosed) return
    this.#bytes -= data.length
    if (pieces === null) {
      this.#writer.sendingFailed(error)
      return
    }
    try {
      this.#write(opcode, data, join(pieces, length))
      if (!this.#isClosed) this.#next()
    } catch (error) {
      // Over the transport's limit. Whoever sent it has gone on long ago.
      this.#writer.sendingFailed(error)
    }
  }

  /** What did not get shorter goes as it is, unless the peer's window has to see it. */
  #write(opcode: number, data: Uint8Array, compressed: Uint8Array): void {
    if (this.#forgets && compressed.length >= data.length) this.#writer.writeFrame(opcode, data, false)
    else this.#writer.writeFrame(opcode, compressed, true)
  }
}
