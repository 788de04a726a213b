/**
 * Reading from Node's sockets into memory of our choice.
 *
 * Owns: the array that all connections of a reactor are read into, and what becomes of the bytes in it. Must
 * not know: protocols.
 *
 * `net.connect({ onread })` reads into a given array; accepted sockets have no public way to that, but the
 * same inner switch (three symbols and a method of the handle, the same in Node 20 to 26). Where those are
 * missing, 'data' events serve. One array can serve all sockets because reading and handing over is one
 * synchronous step: bytes are copied out before another socket is read. A socket that delivers in bulk gets
 * arrays of its own, which are handed over without a copy, until a read is short again.
 */

import { Buffer } from 'node:buffer'
import type { Socket } from 'node:net'
import { READ_SIZE } from '../../src/transports/limits.js'
import type { SocketChannel } from './socket-channel.js'

/** As many sockets of a reactor may hold an array of their own, so that many that paused hold little. */
const MOST_OWN = 64

/** Where a socket keeps its channel. */
export const CHANNEL = Symbol('whorl.channel')

/** A socket that one of our channels reads. */
export interface OurSocket extends Socket {
  [CHANNEL]?: SocketChannel
}

interface OnRead {
  buffer: () => Uint8Array
  callback: (length: number, buffer: Uint8Array) => boolean
}

interface Inner {
  buffer: symbol
  callback: symbol
  generator: symbol
}

let inner: Inner | null | undefined

/** Reads for all connections of one reactor. */
export class Reader {
  readonly #size: number
  readonly #shared: Uint8Array
  #next: Uint8Array | undefined
  #own = 0

  /** @param size of the arrays that are read into, bytes: what one read brings at most, where that is known */
  constructor(size: number = READ_SIZE) {
    this.#size = size
    this.#shared = Buffer.allocUnsafeSlow(size)
  }

  /** Called by Node after each read: what to read into from now on, undefined for the same as before. */
  readonly next = (): Uint8Array => {
    const next = this.#next
    this.#next = undefined
    return next as Uint8Array
  }

  /**
   * The `onread` option of a socket that is to connect. Node asks for the array whenever it makes a handle, also
   * for a second address, and in the middle of another socket's read; what that one goes on with is not for us.
   * @param channel null until connected
   */
  onread(channel: () => SocketChannel | null): OnRead {
    return {
      buffer: () => channel() === null ? this.#shared : this.next(),
      callback: (length, buffer) => {
        channel()?.read(length, buffer)
        return true
      },
    }
  }

  /** Has an accepted socket read as `onread` does. @returns false where that cannot be done */
  arm(socket: OurSocket): boolean {
    const handle = (socket as unknown as { _handle?: { useUserBuffer?: (buffer: Uint8Array) => void } })._handle
    if (typeof handle?.useUserBuffer !== 'function') return false
    if (inner === undefined) inner = findInner(socket)
    if (inner === null) return false
    const fields = socket as unknown as Record<symbol, unknown>
    fields[inner.buffer] = this.#shared
    fields[inner.callback] = onRead
    fields[inner.generator] = this.next
    handle.useUserBuffer(this.#shared)
    return true
  }

  /** Has a socket that is given away read as sockets do; whoever takes it over reads it his own way. */
  disarm(socket: OurSocket): void {
    if (inner === undefined) inner = findInner(socket)
    if (inner === null) return
    const fields = socket as unknown as Record<symbol, unknown>
    fields[inner.buffer] = null
    fields[inner.callback] = null
    fields[inner.generator] = null
  }

  /** Has the socket that is being read go on with `buffer`. */
  replace(buffer: Uint8Array | null): void {
    this.#next = buffer ?? this.#shared
  }

  /**
   * Bytes for a protocol to keep, from the socket that is being read.
   * @param buffer what was read into: the common array, or the socket's own
   */
  take(length: number, buffer: Uint8Array, channel: SocketChannel): Uint8Array {
    // Never what was meant for another socket: two that read into one array of their own would mix their bytes.
    this.#next = undefined
    // A socket whose reads are long is given arrays of its own; below, copying is cheaper.
    if (length < this.#size / 2) {
      if (channel.readsOwn) {
        this.release(channel)
        this.#next = this.#shared
      }
      return this.copy(length, buffer)
    }
    if (channel.readsOwn) {
      this.#next = Buffer.allocUnsafeSlow(this.#size)
      return length === buffer.length ? buffer : buffer.subarray(0, length)
    }
    if (this.#own < MOST_OWN) {
      this.#own += 1
      channel.readsOwn = true
      this.#next = Buffer.allocUnsafeSlow(this.#size)
    }
    return this.copy(length, buffer)
  }

  /** The same, always as a copy. */
  copy(length: number, buffer: Uint8Array): Uint8Array {
    const copy = Buffer.allocUnsafe(length)
    copy.set(length === buffer.length ? buffer : buffer.subarray(0, length))
    return copy
  }

  /** The socket of `channel` has no array of its own any more. */
  release(channel: SocketChannel): void {
    if (!channel.readsOwn) return
    channel.readsOwn = false
    this.#own -= 1
  }
}

function onRead(this: OurSocket, length: number, buffer: Uint8Array): boolean {
  this[CHANNEL]?.read(length, buffer)
  return true
}

function findInner(socket: Socket): Inner | null {
  const symbols = Object.getOwnPropertySymbols(socket)
  const named = (name: string): symbol | undefined => symbols.find((symbol) => symbol.description === name)
  const buffer = named('kBuffer')
  const callback = named('kBufferCb')
  const generator = named('kBufferGen')
  if (buffer === undefined || callback === undefined || generator === undefined) return null
  return { buffer, callback, generator }
}

/** Reads by 'data' events alone: for hosts whose sockets have the inner switch, but do not stop by it. */
export class EventReader extends Reader {
  override arm(): boolean {
    return false
  }
}
