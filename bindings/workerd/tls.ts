/**
 * TLS of a worker's own connections: `startTls` of their sockets.
 *
 * Owns: the handshake, its time, and what its failure is called. Must not know: protocols. What workerd takes is a name
 * to verify; whatever else is asked for is a NotSupportedError. Why a handshake failed it tells its own log only, and of
 * one that succeeded nothing.
 */
import { NotSupportedError, TLSHandshakeError } from '../../src/errors/index.js'
import type {
  IAddress, SecureChannel, StreamChannel, StreamSink, TLSClientOptions, TLSHost, TLSServerHandle, TLSSession,
} from '../../src/interfaces/index.js'
import { HANDSHAKE_TIMEOUT } from '../../src/transports/tls-limits.js'
import { globals } from './api.js'
import type { WorkerdSocket } from './api.js'
import { NO_SERVER_TLS, NO_TLS_OPTION } from './lacks.js'
import { SocketChannel } from './socket-channel.js'

/** TLS for all reactors. */
export const workerdTLS: TLSHost = {
  server(): TLSServerHandle {
    throw new NotSupportedError('workerd', 'TLS as a server', { reason: NO_SERVER_TLS })
  },
  accept(): SecureChannel {
    throw new NotSupportedError('workerd', 'TLS as a server', { reason: NO_SERVER_TLS })
  },
  connect(channel: StreamChannel, options: TLSClientOptions, name: string): SecureChannel {
    const option = refused(options)
    if (option !== null) {
      throw new NotSupportedError('workerd', `the TLS option ${option}`, { reason: NO_TLS_OPTION })
    }
    if (!(channel instanceof SocketChannel) || !channel.mayUpgrade) {
      throw new NotSupportedError('workerd', 'startTLS', {
        reason: 'workerd begins TLS only on TCP connections that the worker has made',
      })
    }
    return new SecureSocketChannel(channel, name, options.handshakeTimeout ?? HANDSHAKE_TIMEOUT)
  },
}

/**
 * The first option that workerd has nothing for. ALPN is not among them: it is an offer, which nobody need take, and
 * that nobody took it is what the session says.
 */
function refused(options: TLSClientOptions): string | null {
  const { ca, identity, insecureSkipVerify, minVersion, maxVersion, ciphers, sessions } = options
  const asked = {
    ca: ca !== undefined, identity: identity !== undefined, insecureSkipVerify: insecureSkipVerify === true,
    ciphers: ciphers !== undefined, sessions: sessions !== undefined,
    // 1.2 and 1.3 are what it speaks.
    minVersion: minVersion === 'TLSv1.3', maxVersion: maxVersion === 'TLSv1.2',
  }
  return Object.entries(asked).find(([, is]) => is)?.[0] ?? null
}

const SESSION: TLSSession = Object.freeze({
  version: 'TLS', cipher: 'unknown', protocol: null, serverName: null, resumed: false, peerCertificate: null,
})

/** One connection that speaks TLS, or is about to. */
class SecureSocketChannel implements SecureChannel {
  readonly peer: IAddress
  readonly host: IAddress
  readonly givesChunks = true
  session: TLSSession | null = null
  readonly #plain: SocketChannel
  readonly #name: string
  readonly #timeout: number
  #sink: StreamSink | null = null
  #socket: WorkerdSocket | null = null
  #secure: SocketChannel | null = null
  #isPaused = false
  #isOver = false
  #timer: unknown = null

  constructor(plain: SocketChannel, name: string, timeout: number) {
    this.#plain = plain
    this.#name = name
    this.#timeout = timeout
    this.peer = plain.peer
    this.host = plain.host
  }

  open(sink: StreamSink): void {
    this.#sink = sink
    if (this.#secure !== null) this.#secure.open(sink)
    else if (this.#socket === null) this.#begin()
  }

  #begin(): void {
    const plain = this.#plain.giveUp()
    if (plain === null) {
      const reason = 'workerd begins TLS only while nothing is being read: call it from dataReceived, or at once'
      // Not from inside this call.
      queueMicrotask(() => this.#failed(new NotSupportedError('workerd', 'startTLS', { reason })))
      return
    }
    const name = this.#name === '' ? {} : { expectedServerHostname: this.#name }
    try {
      this.#socket = plain.startTls(name)
    } catch (error) {
      queueMicrotask(() => this.#failed(error))
      return
    }
    this.#socket.closed.catch(() => undefined)
    if (this.#timeout < Infinity) {
      this.#timer = globals().setTimeout(() => this.#failed(
        new TLSHandshakeError('The TLS handshake took too long.', { reason: 'timeout' })), this.#timeout)
    }
    this.#socket.opened.then(() => this.#done(), (cause: unknown) => this.#failed(new TLSHandshakeError(
      'The TLS handshake failed; why is in the log of workerd, which does not tell workers.', { cause })))
  }

  #done(): void {
    const sink = this.#sink
    if (this.#isOver || sink === null) return
    globals().clearTimeout(this.#timer)
    this.#secure = new SocketChannel(this.#socket!, { peer: this.peer, host: this.host, mayUpgrade: false })
    if (this.#isPaused) this.#secure.pause()
    this.session = { ...SESSION, serverName: /^[\d.]+$|:|^$/.test(this.#name) ? null : this.#name }
    sink.secured?.(this.session)
    // Unless somebody else has taken over from inside.
    if (this.#sink === sink) this.#secure.open(sink)
  }

  #failed(error: unknown): void {
    const sink = this.#sink
    if (this.#isOver || this.#secure !== null || sink === null) return
    this.reset()
    sink.closed(error)
  }

  send(piece: Uint8Array): boolean {
    return this.#secure!.send(piece)
  }

  sendList(pieces: Uint8Array[]): boolean {
    return this.#secure!.sendList(pieces)
  }

  finish(): void {
    this.#secure?.finish()
  }

  close(linger: boolean): void {
    if (this.#secure !== null) this.#secure.close(linger)
    else this.reset()
  }

  reset(): void {
    this.#isOver = true
    this.#sink = null
    globals().clearTimeout(this.#timer)
    if (this.#secure !== null) this.#secure.reset()
    else if (this.#socket !== null) this.#socket.close().catch(() => undefined)
    else this.#plain.reset()
  }

  pause(): void {
    this.#isPaused = true
    this.#secure?.pause()
  }

  resume(): void {
    this.#isPaused = false
    this.#secure?.resume()
  }

  setNoDelay(enabled: boolean): void {
    this.#plain.setNoDelay(enabled)
  }

  setKeepAlive(enabled: boolean): void {
    this.#plain.setKeepAlive(enabled)
  }
}
