/**
 * Handshakes that somebody waits for: between a host that accepts or connects, and a port or connector that is to get
 * only connections whose TLS is up.
 *
 * Owns: the handshakes under way, how many there may be, and their end when nobody wants them any more. Must not know:
 * protocols, and how TLS is done; how long a handshake may take is the host's to keep.
 *
 *   accepted → handshake → secured → the port        failed, or the port stopped: closed, and only the log tells of it
 */

import { TLSHandshakeError } from '../errors/index.js'
import type { StreamChannel, StreamSink } from '../interfaces/stream-channel.js'
import type { ConnectHandle, ConnectSink, ListenHandle, ListenSink } from '../interfaces/stream-host.js'
import type { SecureChannel, TLSHost, TLSServerHandle } from '../interfaces/tls-host.js'
import type { TLSClientOptions } from '../interfaces/tls.js'
import { Logger } from '../logger/index.js'

/** A host's way to listen. @internal */
export type OpenListener = (sink: ListenSink) => ListenHandle
/** A host's way to connect. @internal */
export type OpenConnection = (sink: ConnectSink) => ConnectHandle

/** Who is told how a handshake ended; exactly one of these. @internal */
export interface HandshakeEnd {
  /** Its `open` is to be called now, with who gets what comes. */
  secured(channel: SecureChannel): void
  failed(error: unknown): void
}

/** One handshake; what a channel's sink hears until it is over. @internal */
export class Handshake implements StreamSink {
  readonly lendsBuffers = false
  readonly #channel: SecureChannel
  #end: HandshakeEnd | null

  constructor(channel: SecureChannel, end: HandshakeEnd) {
    this.#channel = channel
    this.#end = end
  }

  /** Begins it. */
  start(): void {
    this.#channel.open(this)
  }

  /** Drops the connection; nobody is told. */
  giveUp(): void {
    if (this.#end === null) return
    this.#end = null
    this.#channel.reset()
  }

  secured(): void {
    const end = this.#end
    this.#end = null
    end?.secured(this.#channel)
  }

  closed(error: unknown): void {
    const end = this.#end
    this.#end = null
    end?.failed(error ?? new TLSHandshakeError(
      'The other end closed the connection during the TLS handshake.', { reason: 'closed' }))
  }

  // Nothing of this happens to a channel before it is secured.
  received(): void {}
  borrow(): null {
    return null
  }
  filled(): void {}
  receivedEnd(): void {}
  sent(): void {}
  finished(): void {}
}

/** Listens as `open` does, and hands on connections when their handshake is done. @internal */
export function listenSecurely(
  open: OpenListener, sink: ListenSink, tls: TLSHost, server: TLSServerHandle, limit: () => number): ListenHandle {
  const gate = new Gate(sink, tls, server, limit)
  const handle = open(gate)
  return {
    close() {
      const freed = handle.close()
      gate.close()
      return freed
    },
  }
}

class Gate implements ListenSink {
  readonly #sink: ListenSink
  readonly #tls: TLSHost
  readonly #server: TLSServerHandle
  readonly #limit: () => number
  readonly #log = new Logger('whorl.tls')
  /** Oldest first. */
  readonly #waiting = new Set<Handshake>()

  constructor(sink: ListenSink, tls: TLSHost, server: TLSServerHandle, limit: () => number) {
    this.#sink = sink
    this.#tls = tls
    this.#server = server
    this.#limit = limit
  }

  listening(address: Parameters<ListenSink['listening']>[0]): void {
    this.#sink.listening(address)
  }

  failed(error: unknown): void {
    this.#sink.failed(error)
  }

  acceptFailed(error: unknown): void {
    this.#sink.acceptFailed(error)
  }

  accepted(plain: StreamChannel): void {
    let channel: SecureChannel
    try {
      channel = this.#tls.accept(plain, this.#server)
    } catch (error) {
      plain.reset()
      this.#sink.acceptFailed(error)
      return
    }
    const handshake = new Handshake(channel, {
      secured: (ready) => {
        this.#waiting.delete(handshake)
        this.#sink.accepted(ready)
      },
      failed: (error) => {
        this.#waiting.delete(handshake)
        // The world is full of scanners: no reason to raise an alarm.
        this.#log.info('A TLS handshake failed', { error, peer: plain.peer })
      },
    })
    this.#waiting.add(handshake)
    if (this.#waiting.size > this.#limit()) this.#dropOldest()
    handshake.start()
  }

  #dropOldest(): void {
    const oldest = this.#waiting.values().next().value as Handshake
    this.#waiting.delete(oldest)
    oldest.giveUp()
    this.#log.info('A TLS handshake was given up: too many are under way', { limit: this.#limit() })
  }

  close(): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const handshake of waiting) handshake.giveUp()
  }
}

/**
 * Connects as `open` does, and reports success when the handshake is done.
 *
 * @param name what to verify @param key under which `options.sessions` keeps the session
 * @internal
 */
export function connectSecurely(
  open: OpenConnection, sink: ConnectSink, tls: TLSHost, options: TLSClientOptions, name: string, key: string,
): ConnectHandle {
  let handle: ConnectHandle | null = null
  let handshake: Handshake | null = null
  let isOver = false
  const end: HandshakeEnd = {
    secured(channel) {
      isOver = true
      sink.connected(channel)
    },
    failed(error) {
      isOver = true
      sink.failed(error)
    },
  }
  handle = open({
    connected(plain) {
      handle = null
      if (isOver) {
        plain.close(false)
        return
      }
      let channel: SecureChannel
      try {
        channel = tls.connect(plain, options, name, key)
      } catch (error) {
        plain.reset()
        end.failed(error)
        return
      }
      handshake = new Handshake(channel, end)
      handshake.start()
    },
    failed: end.failed,
  })
  return {
    cancel() {
      if (isOver) return
      isOver = true
      handle?.cancel()
      handshake?.giveUp()
    },
  }
}
