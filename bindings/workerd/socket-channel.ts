/**
 * SocketChannel: a socket of workerd, of either direction, as a StreamChannel.
 *
 * Owns: the one read and the one write under way, and closing. Must not know: protocols.
 *
 * A read that has begun cannot be taken back: what it brings while the channel is paused is held until `resume`. And
 * TLS cannot begin while one is under way, which is why a socket that may still begin it reads in a later turn.
 */
import { concat } from '../../src/core/bytes.js'
import type { IAddress, StreamChannel, StreamSink } from '../../src/interfaces/index.js'
import { LINGER, READ_SIZE } from '../../src/transports/limits.js'
import { globals } from './api.js'
import type { WorkerdSocket } from './api.js'

/** The first array of a connection; one that is filled is followed by a larger one, up to READ_SIZE. */
const FIRST_READ = 4_096

/** Both ends of a socket, and whether TLS may still begin on it. */
export interface ChannelOptions {
  readonly peer: IAddress
  readonly host: IAddress
  readonly mayUpgrade: boolean
}

/** An open socket. */
export class SocketChannel implements StreamChannel {
  readonly peer: IAddress
  readonly host: IAddress
  readonly givesChunks = true
  /** Settles when nothing of it is open or under way any more. */
  readonly released: Promise<void>
  readonly #socket: WorkerdSocket
  readonly mayUpgrade: boolean
  #whenReleased: () => void = () => undefined
  #reader: ReadableStreamBYOBReader | null = null
  #writer: WritableStreamDefaultWriter<Uint8Array> | null = null
  #sink: StreamSink | null = null
  #buffer: ArrayBuffer | null = new ArrayBuffer(FIRST_READ)
  #nextSize = FIRST_READ
  #isReading = false
  #isPaused = false
  #isReadDue = false
  /** What a read brought while paused; `null` for the end. */
  #held: { readonly bytes: Uint8Array | null } | null = null
  #readEnded = false
  #writeEnded = false
  #isDraining = false
  #isClosed = false
  #ending: Promise<boolean> | null = null
  #timer: unknown = null

  constructor(socket: WorkerdSocket, { peer, host, mayUpgrade }: ChannelOptions) {
    this.#socket = socket
    this.peer = peer
    this.host = host
    this.mayUpgrade = mayUpgrade
    this.released = new Promise((resolve) => void (this.#whenReleased = resolve))
    // Reads and writes say the same.
    socket.closed.catch(() => undefined)
  }

  open(sink: StreamSink): void {
    this.#sink = sink
    this.#readLater()
  }

  send(piece: Uint8Array): boolean {
    this.#write(piece)
    return false
  }

  sendList(pieces: Uint8Array[]): boolean {
    return this.send(concat(pieces))
  }

  finish(): void {
    void this.#end().then((ended) => {
      if (!ended || this.#isDraining) return
      this.#sink?.finished()
      this.#closeIfBothEnded()
    })
  }

  close(linger: boolean): void {
    if (!linger) {
      this.reset()
      return
    }
    if (this.#isClosed || this.#isDraining) return
    this.#isDraining = true
    this.#isPaused = false
    if (this.#held?.bytes === null) this.#readEnded = true
    this.#held = null
    this.#timer = globals().setTimeout(() => this.#release(null), LINGER)
    void this.#end().then((ended) => {
      if (!ended) return
      this.#tell(null)
      if (this.#readEnded) this.#release(null)
    })
    this.#read()
  }

  /** workerd has no reset: the far end sees the connection end. */
  reset(): void {
    this.#sink = null
    this.#release(new Error('The connection was broken off.'))
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    // What is held must not be told from inside this call.
    this.#readLater()
  }

  /** workerd has it on for all sockets, and lets nobody say; keeping alive is its own affair. */
  setNoDelay(_enabled: boolean): void {}
  setKeepAlive(_enabled: boolean, _delayMs?: number): void {}

  /** The socket, for TLS: nothing else is done with this channel any more. Null while a read is under way. */
  giveUp(): WorkerdSocket | null {
    if (this.#isReading || this.#isClosed) return null
    this.#isClosed = true
    this.#reader?.releaseLock()
    this.#writer?.releaseLock()
    this.#whenReleased()
    return this.#socket
  }

  // --- reading

  #readLater(): void {
    if (this.#isReadDue) return
    this.#isReadDue = true
    globals().setTimeout(() => {
      this.#isReadDue = false
      if (this.#isPaused || this.#isClosed) return
      const held = this.#held
      this.#held = null
      if (held === null) this.#read()
      else this.#got(held.bytes)
    }, 0)
  }

  #read(): void {
    if (this.#isReading || this.#isPaused || this.#readEnded || this.#isClosed || this.#held !== null) return
    this.#isReading = true
    const into = this.#buffer ?? new ArrayBuffer(this.#nextSize)
    this.#buffer = null
    this.#reader ??= this.#socket.readable.getReader({ mode: 'byob' })
    this.#reader.read(new Uint8Array(into)).then(this.#onRead, this.#onReadFailed)
  }

  readonly #onRead = ({ done, value }: ReadableStreamReadResult<Uint8Array<ArrayBuffer>>): void => {
    this.#isReading = false
    if (this.#isClosed) return
    const bytes = done ? null : this.#chunkOf(value)
    if (this.#isPaused) this.#held = { bytes }
    else this.#got(bytes)
  }

  readonly #onReadFailed = (error: unknown): void => {
    this.#isReading = false
    this.#failed(error)
  }

  /** The array is given away when it is well filled, and used again otherwise. */
  #chunkOf(bytes: Uint8Array<ArrayBuffer>): Uint8Array {
    const { length, buffer } = bytes
    if (length === buffer.byteLength) this.#nextSize = Math.min(length * 4, READ_SIZE)
    if (length >= buffer.byteLength / 2) return bytes
    this.#buffer = buffer
    return bytes.slice()
  }

  #got(bytes: Uint8Array | null): void {
    if (bytes === null) {
      this.#readEnded = true
      if (this.#isDraining) {
        if (this.#writeEnded) this.#release(null)
        return
      }
      this.#sink?.receivedEnd()
      this.#closeIfBothEnded()
      return
    }
    if (!this.#isDraining) this.#sink?.received(bytes)
    if (this.mayUpgrade && !this.#isDraining) this.#readLater()
    else this.#read()
  }

  // --- writing and the end

  #write(bytes: Uint8Array): void {
    this.#writer ??= this.#writerOf()
    this.#writer.write(bytes).then(() => {
      if (!this.#isClosed && !this.#isDraining) this.#sink?.sent()
    }, (error: unknown) => this.#failed(error))
  }

  #writerOf(): WritableStreamDefaultWriter<Uint8Array> {
    const writer = this.#socket.writable.getWriter()
    writer.closed.catch(() => undefined)
    return writer
  }

  /** After what was written. @returns whether it went out */
  #end(): Promise<boolean> {
    this.#writer ??= this.#writerOf()
    return this.#ending ??= this.#writer.close().then(() => {
      this.#writeEnded = true
      return !this.#isClosed
    }, (error: unknown) => {
      this.#failed(error)
      return false
    })
  }

  #closeIfBothEnded(): void {
    if (!this.#readEnded || !this.#writeEnded || this.#isDraining) return
    this.#release(null)
    this.#tell(null)
  }

  #failed(error: unknown): void {
    if (this.#isClosed) return
    this.#release(error)
    this.#tell(this.#isDraining ? null : error)
  }

  #tell(error: unknown): void {
    const sink = this.#sink
    this.#sink = null
    sink?.closed(error)
  }

  /** @param reason why the streams are broken off; null when both have ended, or nobody looks at them any more */
  #release(reason: unknown): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#held = null
    if (this.#timer !== null) globals().clearTimeout(this.#timer)
    if (!this.#writeEnded) (this.#writer ??= this.#writerOf()).abort(reason).catch(() => undefined)
    if (!this.#readEnded) this.#reader?.cancel(reason).catch(() => undefined)
    this.#socket.close().then(this.#whenReleased, this.#whenReleased)
  }
}
