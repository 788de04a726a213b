/**
 * TLSWrap: TLS on a transport that cannot begin it itself: a WebSocket, the pipes of a process, a wrapper.
 *
 *   transport ⇄ TLSWrap (a protocol) ⇄ channel ⇄ the host's TLS ⇄ StreamTransport ⇄ the protocol that is wanted
 *
 * Owns: playing the protocol below and the channel above. Must not know: what the transport is, and how TLS is done.
 * Source: twisted.protocols.tls.TLSMemoryBIOProtocol.
 */

import type { Failure } from '../defer/index.js'
import { ConnectionDone, NotSupportedError, TLSOptionsError } from '../errors/index.js'
import type { IAddress } from '../interfaces/address.js'
import type { IHalfCloseableProtocol, IProtocol } from '../interfaces/protocol.js'
import type { StreamChannel, StreamSink } from '../interfaces/stream-channel.js'
import type { SecureChannel } from '../interfaces/tls-host.js'
import type { TLSClientOptions, TLSServerOptions, TLSSession } from '../interfaces/tls.js'
import type { IStreamTransport, ITCPTransport, ITransport } from '../interfaces/transport.js'
import { Logger } from '../logger/index.js'
import { WRITE_HIGH } from './limits.js'
import type { StreamReactor } from './stream-reactor.js'
import { StreamTransport } from './stream-transport.js'
import { Handshake } from './tls-handshakes.js'
import { checkClientOptions, isServerContext, tlsRole } from './tls-options.js'
import { sessionKey } from './tls-reactor.js'
import { serverHandle } from './tls-server-context.js'
import { snapshot } from './tls-snapshot.js'
import type { TLSOptions } from './tls-upgrade.js'

/** Who uses a TLSWrap. */
export interface TLSWrapUser {
  /** The handshake is done. @returns the protocol that speaks over TLS, null to close */
  secured(session: TLSSession): IProtocol | null
  /** There is no TLS, and no connection any more. Logged if this is missing. */
  failed?(error: unknown): void
}

/**
 * A protocol whose bytes are TLS, and which has a protocol of its own above.
 *
 * @example
 * // Over whatever `endpoint` connects to:
 * endpoint.connect(factoryOf(() => new TLSWrap(reactor, { serverName: 'example.com' }, { secured: () => new Chat() })))
 */
export class TLSWrap implements IProtocol, IHalfCloseableProtocol {
  readonly #reactor: StreamReactor
  readonly #tls: TLSOptions
  readonly #user: TLSWrapUser
  #below: ChannelOfTransport | null = null

  /** @param reactor one whose host does TLS @param tls whose side it is: see `startTLS` */
  constructor(reactor: StreamReactor, tls: TLSOptions, user: TLSWrapUser) {
    tlsRole(tls)
    this.#reactor = reactor
    this.#tls = isServerContext(tls) ? tls : snapshot(tls)
    this.#user = user
  }

  makeConnection(transport: ITransport): void {
    this.#below = new ChannelOfTransport(this.#reactor, transport)
    this.connectionMade()
  }

  connectionMade(): void {
    const below = this.#below as ChannelOfTransport
    let channel: SecureChannel
    try {
      channel = this.#secure(below)
    } catch (error) {
      below.reset()
      this.#failed(error)
      return
    }
    new Handshake(channel, {
      secured: (ready) => this.#secured(ready),
      failed: (error) => this.#failed(error),
    }).start()
  }

  dataReceived(data: Uint8Array): void {
    this.#below?.tell((sink) => sink.received(data))
  }

  readConnectionLost(): void {
    this.#below?.tell((sink) => sink.receivedEnd())
  }

  /** Told by the channel itself, which knows it of every transport. */
  writeConnectionLost(): void {}

  connectionLost(reason: Failure): void {
    this.#below?.end(reason.value instanceof ConnectionDone ? null : reason.value)
    this.#below = null
  }

  #secure(below: StreamChannel): SecureChannel {
    const host = this.#reactor.tlsHost?.()
    if (host === undefined) throw new NotSupportedError('this reactor', 'TLS')
    if (tlsRole(this.#tls) === 'server') return host.accept(below, serverHandle(host, this.#tls as TLSServerOptions))
    const options = this.#tls as TLSClientOptions
    checkClientOptions(options)
    const { host: peer, port } = below.peer as { host?: string, port?: number }
    const name = options.serverName ?? peer
    if (name === undefined && options.insecureSkipVerify !== true) {
      throw new TLSOptionsError(
        'TLS option serverName is needed: this connection goes to no named host.', { field: 'serverName' })
    }
    return host.connect(below, options, name ?? '', sessionKey(name ?? '', { port: port ?? '' }))
  }

  #secured(channel: SecureChannel): void {
    const reactor = this.#reactor
    reactor.enter()
    let protocol: IProtocol | null = null
    try {
      protocol = this.#user.secured(channel.session as TLSSession)
    } catch (error) {
      reactor.logFailure('A protocol for TLS could not be made', error)
    }
    if (protocol === null) channel.close(false)
    else new StreamTransport(reactor, channel, null).start(protocol)
    reactor.exit()
  }

  #failed(error: unknown): void {
    if (this.#user.failed !== undefined) this.#user.failed(error)
    else new Logger('whorl.tls').info('A TLS handshake failed', { error })
  }
}

type Abilities = Partial<Pick<IStreamTransport,
  'abortConnection' | 'loseWriteConnection' | 'pauseProducing' | 'resumeProducing' | 'drain' | 'writableLength'> &
  Pick<ITCPTransport, 'setTcpNoDelay' | 'setTcpKeepAlive'>>

/** A transport, from its protocol's side, as a channel. What happens while it is called is told in a later turn. */
class ChannelOfTransport implements StreamChannel {
  readonly #reactor: StreamReactor
  readonly #transport: ITransport & Abilities
  #sink: StreamSink | null = null
  #isPaused = false
  #isClosing = false
  #isLost = false
  #calls = 0
  #untold: ((sink: StreamSink) => void)[] = []
  #isTelling = false

  constructor(reactor: StreamReactor, transport: ITransport) {
    this.#reactor = reactor
    this.#transport = transport
  }

  open(sink: StreamSink): void {
    this.#sink = sink
    this.#tellLater()
  }

  send(piece: Uint8Array): boolean {
    return this.sendList([piece])
  }

  sendList(pieces: Uint8Array[]): boolean {
    const transport = this.#transport
    this.#call(() => transport.writeSequence(pieces))
    if (typeof transport.drain !== 'function' || !((transport.writableLength ?? 0) > WRITE_HIGH)) return true
    transport.drain().addCallbacks(() => this.tell((sink) => sink.sent()), () => undefined)
    return false
  }

  finish(): void {
    const transport = this.#transport
    if (typeof transport.loseWriteConnection === 'function') this.#call(() => transport.loseWriteConnection?.())
    // Where half of it cannot be closed, the end of TLS has to do; and nobody else says that it went out.
    this.#untold.push((sink) => sink.finished())
    this.#tellLater()
  }

  close(linger: boolean): void {
    this.#isClosing = true
    if (!linger) this.#sink = null
    if (this.#isLost) this.end(null)
    else this.#call(() => this.#transport.loseConnection())
  }

  reset(): void {
    this.#sink = null
    this.#isClosing = true
    const transport = this.#transport
    if (this.#isLost) return
    this.#call(() => {
      if (typeof transport.abortConnection === 'function') transport.abortConnection()
      else transport.loseConnection()
    })
  }

  pause(): void {
    if (this.#isPaused) return
    this.#isPaused = true
    if (!this.#isLost) this.#call(() => this.#transport.pauseProducing?.())
  }

  resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    if (!this.#isLost) this.#call(() => this.#transport.resumeProducing?.())
    this.#tellLater()
  }

  get peer(): IAddress {
    return this.#transport.getPeer()
  }

  get host(): IAddress {
    return this.#transport.getHost()
  }

  setNoDelay(enabled: boolean): void {
    this.#transport.setTcpNoDelay?.(enabled)
  }

  setKeepAlive(enabled: boolean, delayMs?: number): void {
    this.#transport.setTcpKeepAlive?.(enabled, delayMs)
  }

  /** Something happened below. */
  tell(what: (sink: StreamSink) => void): void {
    if (this.#sink !== null && this.#calls === 0 && !this.#isPaused && this.#untold.length === 0) {
      what(this.#sink)
      return
    }
    this.#untold.push(what)
    this.#tellLater()
  }

  /** The transport is gone. */
  end(error: unknown): void {
    this.#isLost = true
    const clean = error === null || this.#isClosing
    this.tell((sink) => {
      if (clean && !this.#isClosing) sink.receivedEnd()
      this.#sink = null
      sink.closed(clean ? null : error)
    })
  }

  #call(fn: () => void): void {
    this.#calls += 1
    try {
      fn()
    } finally {
      this.#calls -= 1
    }
  }

  #tellLater(): void {
    if (this.#isTelling || this.#untold.length === 0) return
    this.#isTelling = true
    this.#reactor.queue.post(() => {
      this.#isTelling = false
      while (this.#sink !== null && !this.#isPaused && this.#untold.length > 0) {
        const what = this.#untold.shift() as (sink: StreamSink) => void
        what(this.#sink)
      }
    })
  }
}
