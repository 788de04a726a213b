/**
 * Bridges between transports and Node's streams.
 *
 * Owns: what a stream's signals mean to a connection, and the reverse. Must not know: protocols.
 *
 *   connection                 stream                      stream              connection
 *   peer's end                 'end'                       end()               loseWriteConnection
 *   ConnectionDone             'end', 'close'              destroy()           loseConnection once both ends are out,
 *   any other end              'error', 'close'                                else abortConnection
 */

import { Duplex } from 'node:stream'
import type { Failure } from '../../src/defer/index.js'
import type { IProtocol } from '../../src/interfaces/index.js'
import {
  cancelTaken, finishTaken, isCleanEnd, pauseTaken, resumeTaken, takeReading, takeWriting, Unclaimed, unowned,
  writeTaken,
} from '../../src/transports/bridges.js'
import type { Taker, WriteTaker } from '../../src/transports/bridges.js'
import type { StreamConnection } from '../../src/transports/stream-connection.js'
import type { StreamReactor } from '../../src/transports/stream-reactor.js'
import { connectionOf, isStreamTransport, StreamTransport } from '../../src/transports/stream-transport.js'
import { DuplexChannel } from '../node-api/duplex-channel.js'
import type { Addresses } from '../node-api/duplex-channel.js'
import { prepare } from './load.js'

type Done = (error?: Error | null) => void

/** Options of `toDuplex`. */
export interface ToDuplexOptions {
  /** Whether the stream can be written to after the peer has closed its side; false if not given, as Node's sockets. */
  allowHalfOpen?: boolean
}

/** Options of `fromDuplex`. */
export interface FromDuplexOptions extends Addresses {
  /** Whose turns the connection's callbacks run in. */
  reactor: StreamReactor
  /** Who gets the bytes; without one they wait until taken: by `switchProtocol`, `readable`, `for await`. */
  protocol?: IProtocol
}

/**
 * A connection as one of Node's streams, for code that takes nothing else. From now on its protocol gets no bytes; it
 * still hears of the end. Backpressure works both ways.
 *
 * @throws TypeError for what is no connection of a reactor, or when something has taken its bytes already
 * @example
 * pipeline(toDuplex(this.transport), createGzip(), file, done)
 */
export function toDuplex(transport: object, options: ToDuplexOptions = {}): Duplex {
  if (!isStreamTransport(transport)) throw new TypeError('toDuplex() takes the transport of a connection')
  return new TransportDuplex(connectionOf(transport), options.allowHalfOpen ?? false)
}

/**
 * A connection over one of Node's streams, which nobody else may use from now on.
 *
 * @throws TypeError for a stream of objects, or without a reactor
 * @example
 * fromDuplex(stream, { reactor, protocol: new Echo() })
 */
export function fromDuplex(duplex: Duplex, options: FromDuplexOptions): StreamTransport {
  const { reactor, protocol = new Unclaimed(), ...addresses } = options ?? {}
  if (typeof reactor?.flushLater !== 'function') throw new TypeError('fromDuplex() needs the option reactor')
  if (typeof duplex?.write !== 'function' || typeof duplex.resume !== 'function') {
    throw new TypeError('fromDuplex() takes a stream that is open both ways')
  }
  prepare()
  const transport = new StreamTransport(reactor, new DuplexChannel(duplex, addresses), unowned())
  transport.start(protocol)
  return transport
}

class TransportDuplex extends Duplex {
  readonly #connection: StreamConnection
  #done: Done | null = null
  #isFinishing = false
  #isLost = false
  #reason: Failure | null = null

  constructor(connection: StreamConnection, allowHalfOpen: boolean) {
    super({ allowHalfOpen })
    this.#connection = connection
    // Asked for first: where it fails nothing has been taken.
    takeReading(connection, this.#taker)
    takeWriting(connection, this.#writer)
  }

  readonly #taker: Taker = {
    chunk: (data) => {
      if (!this.push(data)) pauseTaken(this.#connection)
    },
    end: () => void this.push(null),
    lost: (reason) => this.#lost(reason),
  }

  readonly #writer: WriteTaker = {
    waiting: false,
    taken: () => this.#settle(null),
    finished: () => this.#settle(null),
    lost: (reason) => {
      this.#reason = reason
      this.#settle(this.#isFinishing && isCleanEnd(reason) ? null : reason.value)
    },
  }

  override _read(): void {
    resumeTaken(this.#connection)
  }

  override _write(chunk: Uint8Array, _encoding: string, done: Done): void {
    this.#write([chunk], done)
  }

  override _writev(chunks: { chunk: Uint8Array }[], done: Done): void {
    this.#write(chunks.map(({ chunk }) => chunk), done)
  }

  override _final(done: Done): void {
    // Ended by others: nothing is missing.
    if (this.#isLost || !finishTaken(this.#connection)) {
      done()
      return
    }
    this.#isFinishing = true
    this.#done = done
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#settle(error)
    if (!this.#isLost) {
      const isWhole = error === null && this.readableEnded && this.writableFinished
      cancelTaken(this.#connection, isWhole ? undefined : error ?? new Error('the stream was destroyed'))
    }
    done(error)
  }

  #write(pieces: Uint8Array[], done: Done): void {
    this.#done = done
    try {
      if (writeTaken(this.#connection, pieces)) return
      this.#settle(this.#reason?.value ?? new Error('the connection is being closed: nothing more can be sent'))
    } catch (error) {
      this.#settle(error as Error)
    }
  }

  #settle(error: Error | null): void {
    const done = this.#done
    this.#done = null
    done?.(error)
  }

  #lost(reason: Failure): void {
    this.#isLost = true
    this.#reason = reason
    if (!isCleanEnd(reason)) {
      this.destroy(reason.value)
      return
    }
    if (!this.readableEnded) this.push(null)
    // There is no half of a connection left to write to.
    if (!this.writableEnded) this.end()
  }
}
