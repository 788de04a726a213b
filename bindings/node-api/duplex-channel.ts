/**
 * DuplexChannel: any of Node's duplex streams as a StreamChannel: standard input and output, a TLSSocket over another
 * stream, a stream of the program.
 *
 * Owns: the stream's listeners. Must not know: protocols. Sockets have a channel of their own, which reads faster and
 * knows addresses.
 */

import { Buffer } from 'node:buffer'
import process from 'node:process'
import type { Duplex } from 'node:stream'
import type { IAddress, StreamSink } from '../../src/interfaces/index.js'
import { DuplexBase } from './duplex-base.js'

/** Addresses of both ends of a stream that does not know them. */
export interface Addresses {
  peer?: IAddress
  host?: IAddress
}

const UNKNOWN: IAddress = Object.freeze({ family: 'memory', type: 'memory', name: 'stream' })

/** Each event brings something else. */
type Listener = (...args: any[]) => void

/** A stream, open in both directions; it is read from `open` on. */
export class DuplexChannel<S extends Duplex = Duplex> extends DuplexBase<S> {
  #addresses: Addresses
  #listeners: [string, Listener][]
  #isRead = false
  readonly #onTaken = (error?: Error | null): void => {
    if (!error && this.stream.writableLength === 0) this.sink?.sent()
  }

  /** @throws TypeError for a stream of objects */
  constructor(stream: S, addresses: Addresses = {}) {
    super(stream)
    if (stream.readableObjectMode || stream.writableObjectMode) {
      throw new TypeError('a stream of objects carries no bytes')
    }
    this.#addresses = addresses
    this.#listeners = [
      ['error', (error: unknown) => this.failed(error)],
      ['close', () => this.closed()],
      ['end', () => this.ended()],
    ]
    for (const [event, listener] of this.#listeners) stream.on(event, listener)
  }

  override open(sink: StreamSink): void {
    super.open(sink)
    if (this.#isRead) return
    this.#isRead = true
    const { stream } = this
    // What happened before anybody listened does not happen again.
    if (stream.errored) this.failed(stream.errored)
    if (stream.closed) process.nextTick(() => this.closed())
    else if (stream.readableEnded) process.nextTick(() => this.ended())
    this.#hear('data', (data: Uint8Array | string) => {
      this.chunk(typeof data === 'string' ? Buffer.from(data, stream.readableEncoding ?? 'utf8') : data)
    })
  }

  // The empty write that tells when a socket has passed everything on would be a chunk for other streams.

  override send(piece: Uint8Array): boolean {
    try {
      this.stream.write(piece, this.#onTaken)
    } catch (error) {
      this.#broken(error)
    }
    return false
  }

  override sendList(pieces: Uint8Array[]): boolean {
    const { stream } = this
    const last = pieces.length - 1
    try {
      stream.cork()
      for (let i = 0; i < last; i++) stream.write(pieces[i])
      stream.write(pieces[last], this.#onTaken)
      stream.uncork()
    } catch (error) {
      this.#broken(error)
    }
    return false
  }

  get peer(): IAddress {
    return this.#addresses.peer ?? UNKNOWN
  }

  get host(): IAddress {
    return this.#addresses.host ?? UNKNOWN
  }

  /** A stream that is no socket has no such thing. */
  setNoDelay(_enabled: boolean): void {}

  /** The same. */
  setKeepAlive(_enabled: boolean, _delayMs?: number): void {}

  /** A `_write` of the program's own that throws: Node lets that through, and whoever flushes could do nothing with it. */
  #broken(error: unknown): void {
    this.failed(error)
    this.stream.destroy()
    // Streams that emit no 'close' end as well; if it does, the first of the two counts.
    process.nextTick(() => this.closed())
  }

  #hear(event: string, listener: Listener): void {
    this.#listeners.push([event, listener])
    this.stream.on(event, listener)
  }
}
