/**
 * The TLS handshake on a connection that somebody else has made, before it is handed to its protocol.
 *
 * Owns: beginning TLS on whatever transport it is, and the one outcome. Must not know: certificates, or who wants TLS.
 * The deadline is that of the options (`handshakeTimeout`), which the transport keeps.
 */
import type { Failure } from '../defer/index.js'
import { ConnectError, NotSupportedError, TLSHandshakeError } from '../errors/index.js'
import type {
  IHandshakeListener, IProtocol, ITLSServerContext, ITLSTransport, TLSClientOptions, TLSServerOptions, TLSSession,
} from '../interfaces/index.js'
import type { StreamReactor } from '../transports/index.js'
import { TLSWrap } from '../transports/tls-over-transport.js'
import { abort, HandoverProtocol } from './handover.js'
import type { HandoverOptions, HandshakeOwner } from './handover.js'

const NOTHING = new Uint8Array(0)

/** Begins TLS, and hands the connection over once it is there. @internal */
export class TLSHandshakeProtocol extends HandoverProtocol {
  readonly #tls: TLSClientOptions | TLSServerOptions | ITLSServerContext
  readonly #owner: HandshakeOwner<TLSSession | null>
  #early: Uint8Array = NOTHING
  readonly #reactor: unknown
  /** What speaks over TLS where that is a connection of its own, over one that cannot begin it. */
  #above: IProtocol | null = null
  #isWrapped = false
  #settled = false

  /** @param reactor whose TLS is used over a transport that has none */
  constructor(tls: TLSClientOptions | TLSServerOptions | ITLSServerContext,
    owner: HandshakeOwner<TLSSession | null>, reactor: unknown) {
    super()
    this.#tls = tls
    this.#owner = owner
    this.#reactor = reactor
  }

  /** Gives the connection to `next`, whose `handshakeCompleted` follows its `connectionMade`. */
  override handOver(next: IProtocol, options?: HandoverOptions): void {
    if (this.#isWrapped) {
      this.#above = next
      return
    }
    super.handOver(next, options)
    ;(next as Partial<IHandshakeListener>).handshakeCompleted?.()
  }

  /** What came in one piece with the last bytes in plain text is the handshake's first. */
  receiveEarly(rest: Uint8Array): void {
    this.#early = rest
  }

  override connectionMade(): void {
    if (this.#settled) {
      abort(this.transport)
      return
    }
    const transport = this.transport as unknown as Partial<ITLSTransport>
    try {
      if (typeof transport.startTLS === 'function') transport.startTLS(this.#tls, this.#early)
      else this.#wrap()
      this.#early = NOTHING
    } catch (error) {
      this.abandon(error)
    }
  }

  override abandon(error: unknown): void {
    if (this.#settled) return
    this.#settled = true
    if (this.connected) abort(this.transport)
    this.#owner.handshakeFailed(error)
  }

  #wrap(): void {
    const reactor = this.#reactor as StreamReactor | null
    if (typeof reactor?.tlsHost !== 'function') throw new NotSupportedError('this transport', 'startTLS')
    const wrap = new TLSWrap(reactor, this.#tls, {
      secured: (session) => {
        if (this.#settled) return null
        this.#settled = true
        this.#owner.handshakeDone(this, session, NOTHING)
        return this.#above
      },
      failed: (error) => this.abandon(error),
    })
    super.handOver(wrap, { rest: this.#early })
    this.#isWrapped = true
  }

  protected override secured(): void {
    if (this.#settled) return
    this.#settled = true
    const { tlsSession } = this.transport as unknown as ITLSTransport
    this.#owner.handshakeDone(this, tlsSession ?? null, NOTHING)
  }

  protected override handshakeLost({ value }: Failure): void {
    this.abandon(value instanceof ConnectError ? value : new TLSHandshakeError(
      'The connection ended before the TLS handshake was complete.', { reason: 'closed', cause: value }))
  }
}
