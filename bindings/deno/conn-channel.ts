/**
 * ConnChannel: one of Deno's connections (TCP, UNIX) as a StreamChannel.
 *
 * Owns: the one read and the one write under way, and closing. Must not know: protocols.
 *
 * A read that Deno has begun cannot be taken back: what it brings while the channel is paused is held until `resume`.
 */

import { concat } from '../../src/core/bytes.js'
import type { IAddress, StreamChannel, StreamSink } from '../../src/interfaces/index.js'
import { LINGER, READ_SIZE } from '../../src/transports/limits.js'
import { deno, globals } from './api.js'
import type { DenoConn } from './api.js'
import { translated } from './errors.js'

/**
 * The first array of a connection, bytes. One that is filled is followed by a larger one, up to READ_SIZE; of one of
 * this size, what a read left over serves the next ones.
 */
const FIRST_READ = 4_096

/** What is left over of an array serves no further read when it is less than this, bytes. */
const LEAST_READ = 1_024

const NOTHING = new Uint8Array(0)

/** Both addresses of a connection. */
export interface Addresses {
  readonly peer: IAddress
  readonly host: IAddress
}

/** A connected socket. */
export class ConnChannel implements StreamChannel {
  readonly peer: IAddress
  readonly host: IAddress
  readonly copies = true
  readonly givesChunks = true
  readonly #conn: DenoConn
  #sink: StreamSink | null = null
  #buffer: Uint8Array | null = null
  #size = FIRST_READ
  #isLent = false
  #isReading = false
  #isPaused = false
  /** What a read brought while paused: bytes in the array, or null for the end. */
  #held: { length: number | null } | null = null
  #resuming = false
  #readEnded = false
  #writeEnded = false
  #draining = false
  #isClosed = false
  #writing: Promise<unknown> = Promise.resolve()
  #unsent: Uint8Array = NOTHING
  #timer: number | null = null

  constructor(conn: DenoConn, { peer, host }: Addresses) {
    this.#conn = conn
    this.peer = peer
    this.host = host
    // The reactor keeps the program alive, not its sockets.
    conn.unref()
  }

  open(sink: StreamSink): void {
    this.#sink = sink
    this.#read()
  }

  send(piece: Uint8Array): boolean {
    this.#writing = this.#write(piece)
    return false
  }

  sendList(pieces: Uint8Array[]): boolean {
    return this.send(concat(pieces))
  }

  finish(): void {
    void this.#writing.then(() => this.#shut()).then((ended) => {
      if (!ended) return
      this.#sink?.finished()
      this.#endIfBoth()
    })
  }

  close(linger: boolean): void {
    if (!linger) {
      this.reset()
      return
    }
    if (this.#isClosed) return
    this.#draining = true
    this.#isPaused = false
    this.#held = null
    this.#timer = globals().setTimeout(() => this.#release(), LINGER)
    deno().unrefTimer(this.#timer)
    void this.#writing.then(() => this.#shut()).then((ended) => {
      if (!ended) return
      this.#tellClosed(null)
      if (this.#readEnded) this.#release()
    })
    this.#read()
  }

  reset(): void {
    this.#sink = null
    this.#release()
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    if (this.#held === null) {
      this.#read()
    } else if (!this.#resuming) {
      this.#resuming = true
      globals().queueMicrotask(() => {
        this.#resuming = false
        const held = this.#held
        if (held === null || this.#isPaused) return
        this.#held = null
        this.#got(held.length)
      })
    }
  }

  setNoDelay(enabled: boolean): void {
    if (!this.#isClosed) this.#conn.setNoDelay?.(enabled)
  }

  /** Deno has no way to say after how long a silence. */
  setKeepAlive(enabled: boolean): void {
    if (!this.#isClosed) this.#conn.setKeepAlive?.(enabled)
  }

  #read(): void {
    if (this.#isReading || this.#isPaused || this.#readEnded || this.#isClosed || this.#held !== null) return
    const { lendsBuffers = false } = this.#sink ?? {}
    if (lendsBuffers) {
      this.#buffer = this.#sink!.borrow(READ_SIZE)
      // Nothing more is to be read.
      if (this.#buffer === null) return
    } else if (this.#isLent) {
      this.#buffer = null
    }
    this.#isLent = lendsBuffers
    this.#isReading = true
    this.#conn.read(this.#buffer ??= new Uint8Array(this.#size)).then(this.#onRead, this.#onFailed)
  }

  readonly #onRead = (length: number | null): void => {
    this.#isReading = false
    if (this.#isClosed) return
    if (this.#isPaused) this.#held = { length }
    else this.#got(length)
  }

  readonly #onFailed = (error: unknown): void => this.#failed(error)

  #got(length: number | null): void {
    if (length === null) {
      this.#readEnded = true
      if (this.#draining) {
        if (this.#writeEnded) this.#release()
        return
      }
      this.#sink?.receivedEnd()
      this.#endIfBoth()
      return
    }
    const sink = this.#draining ? null : this.#sink
    if (sink !== null) this.#hand(sink, length)
    this.#read()
  }

  #hand(sink: StreamSink, length: number): void {
    const buffer = this.#buffer!
    if (this.#isLent && sink.lendsBuffers) {
      sink.filled(length)
      return
    }
    const isFilled = length === buffer.length
    // Whoever gets a chunk may keep it, and with it all of its array.
    const isWaste = this.#isLent || (buffer.length > FIRST_READ && length < buffer.length / 2)
    if (isFilled && length === this.#size) this.#size = Math.min(length * 4, READ_SIZE)
    else if (length < this.#size / 4) this.#size = FIRST_READ
    this.#buffer = !isWaste && buffer.length <= FIRST_READ && buffer.length - length >= LEAST_READ
      ? buffer.subarray(length)
      : null
    sink.received(isWaste ? buffer.slice(0, length) : isFilled ? buffer : buffer.subarray(0, length))
  }

  #write(bytes: Uint8Array): Promise<void> {
    this.#unsent = bytes
    return this.#conn.write(bytes).then(this.#onWritten, this.#onFailed)
  }

  readonly #onWritten = (length: number): Promise<void> | undefined => {
    if (this.#isClosed) return undefined
    if (length < this.#unsent.length) return this.#write(this.#unsent.subarray(length))
    this.#sink?.sent()
    return undefined
  }

  /** @returns whether the sending side was closed in order */
  async #shut(): Promise<boolean> {
    if (this.#isClosed) return false
    if (this.#writeEnded) return true
    try {
      await this.#conn.closeWrite()
    } catch (error) {
      // The peer has gone already: as much of an end as there can be.
      if ((error as { code?: string }).code !== 'ENOTCONN') {
        this.#failed(error)
        return false
      }
    }
    this.#writeEnded = true
    return !this.#isClosed
  }

  #endIfBoth(): void {
    if (!this.#readEnded || !this.#writeEnded || this.#isClosed) return
    this.#release()
    this.#tellClosed(null)
  }

  #failed(error: unknown): void {
    if (this.#isClosed) return
    this.#release()
    this.#tellClosed(translated(error))
  }

  #tellClosed(error: unknown): void {
    const sink = this.#sink
    this.#sink = null
    sink?.closed(error)
  }

  #release(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    if (this.#timer !== null) globals().clearTimeout(this.#timer)
    this.#conn.close()
  }
}
