/**
 * DuplexBase: what all of Node's duplex streams, sockets among them, have in common as a StreamChannel.
 *
 * Owns: writing, ending and closing. Must not know: how a stream is read and listened to; that is for its two kinds,
 * DuplexChannel and SocketChannel. A socket's channel is in memory for as long as the connection is, so there is no
 * field here that a stream could do without.
 */

import { Buffer } from 'node:buffer'
import type { Duplex } from 'node:stream'
import { clearTimeout, setTimeout } from 'node:timers'
import type { IAddress, StreamChannel, StreamSink } from '../../src/interfaces/index.js'
import { LINGER } from '../../src/transports/limits.js'

const NOTHING = Buffer.alloc(0)

/** The sink is to be told when everything was taken. */
const WAITING = 1
/** 'drain' is listened to. */
const HEARS_DRAIN = 2
/** For sockets: read into an array that nobody else uses. */
export const READS_OWN = 4
/** For sockets: what is read bypasses Node's streams. */
export const ARMED = 8

/** What only a stream has that comes to its end. */
interface Ending {
  error: unknown
  timer: NodeJS.Timeout | null
}

/** A stream, open in both directions. */
export abstract class DuplexBase<S extends Duplex> implements StreamChannel {
  protected readonly stream: S
  protected sink: StreamSink | null = null
  protected bits = 0
  #ending: Ending | null = null

  constructor(stream: S) {
    this.stream = stream
  }

  open(sink: StreamSink): void {
    this.sink = sink
  }

  send(piece: Uint8Array): boolean {
    const wantsMore = this.stream.write(piece)
    return this.stream.writableLength === 0 || this.#wait(wantsMore)
  }

  sendList(pieces: Uint8Array[]): boolean {
    const { stream } = this
    let wantsMore = true
    stream.cork()
    for (const piece of pieces) wantsMore = stream.write(piece)
    stream.uncork()
    return stream.writableLength === 0 || this.#wait(wantsMore)
  }

  finish(): void {
    this.stream.end((error?: Error | null) => {
      if (!error) this.sink?.finished()
    })
  }

  close(linger: boolean): void {
    const { stream } = this
    if (!linger) {
      this.sink = null
      stream.destroy()
      return
    }
    // Destroyed by an error that 'close' is about to report.
    if (stream.destroyed) return
    this.#end().timer = setTimeout(() => stream.destroy(), LINGER).unref()
    stream.end((error?: Error | null) => {
      if (error && (error as { code?: string }).code !== 'ERR_STREAM_ALREADY_FINISHED') return
      const { sink } = this
      this.sink = null
      sink?.closed(null)
    })
    stream.resume()
  }

  reset(): void {
    this.sink = null
    this.stream.destroy()
  }

  pause(): void {
    this.stream.pause()
  }

  resume(): void {
    this.stream.resume()
  }

  abstract readonly peer: IAddress
  abstract readonly host: IAddress
  abstract setNoDelay(enabled: boolean): void
  abstract setKeepAlive(enabled: boolean, delayMs?: number): void

  /** Has `taken` called at each 'drain'; for streams whose sends answer at once when they can. */
  protected hearDrain(): void {
    this.stream.on('drain', () => this.taken())
  }

  // --- the stream's events

  ended(): void {
    this.sink?.receivedEnd()
  }

  chunk(data: Uint8Array): void {
    this.sink?.received(data)
  }

  failed(error: unknown): void {
    this.#end().error = error
  }

  taken(): void {
    if ((this.bits & WAITING) === 0 || this.stream.writableLength > 0) return
    this.bits &= ~WAITING
    this.sink?.sent()
  }

  closed(): void {
    const ending = this.#ending
    if (ending !== null && ending.timer !== null) clearTimeout(ending.timer)
    const { sink } = this
    this.sink = null
    sink?.closed(ending === null ? null : ending.error)
  }

  #end(): Ending {
    return this.#ending ??= { error: null, timer: null }
  }

  /** The stream did not pass everything on: hear of it when it has. */
  #wait(wantsMore: boolean): false {
    this.bits |= WAITING
    if (wantsMore) {
      // Below Node's own mark there is no 'drain'; an empty write behind the others tells as well.
      this.stream.write(NOTHING, () => this.taken())
    } else if ((this.bits & HEARS_DRAIN) === 0) {
      this.bits |= HEARS_DRAIN
      this.hearDrain()
    }
    return false
  }
}
