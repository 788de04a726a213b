/**
 * `connectSSL` as an endpoint, for hosts that connect with TLS but cannot begin it on a connection that is open.
 *
 * Must not know: any host. Source: twisted.internet.endpoints.SSL4ClientEndpoint.
 */
import { ClientFactory, ConnectError, ConnectingCancelledError, Deferred } from 'whorl'
import type {
  Failure, IConnector, IProtocol, IProtocolFactory, IReactorSSL, IStreamClientEndpoint, ITransport, TLSClientOptions,
} from 'whorl'

/** Connects to a port that speaks TLS from the start. */
export function sslEndpoint(
  reactor: IReactorSSL, host: string, port: number, tls: TLSClientOptions): IStreamClientEndpoint {
  return {
    connect(factory) {
      const attempt = new Attempt(factory)
      try {
        attempt.connector = reactor.connectSSL(host, port, attempt, tls)
      } catch (error) {
        attempt.done.errback(error)
      }
      return attempt.done
    },
  }
}

class Attempt extends ClientFactory {
  connector: IConnector | null = null
  readonly done: Deferred<IProtocol>
  readonly #factory: IProtocolFactory

  constructor(factory: IProtocolFactory) {
    super()
    this.#factory = factory
    this.done = new Deferred<IProtocol>((deferred) => {
      deferred.errback(new ConnectingCancelledError())
      this.connector?.disconnect()
    })
  }

  override doStart(): void {
    this.#factory.doStart()
  }

  override doStop(): void {
    this.#factory.doStop()
  }

  override buildProtocol(address: Parameters<IProtocolFactory['buildProtocol']>[0]): IProtocol | null {
    if (this.done.called) return null
    let protocol: IProtocol | null = null
    try {
      protocol = this.#factory.buildProtocol(address)
    } catch (error) {
      this.done.errback(error)
    }
    if (protocol === null) {
      if (!this.done.called) this.done.errback(new ConnectError('The factory made no protocol.'))
      return null
    }
    const built = protocol
    const connect = built.makeConnection
    built.makeConnection = (transport: ITransport) => {
      built.makeConnection = connect
      try {
        built.makeConnection(transport)
      } catch (error) {
        this.done.errback(error)
        throw error
      }
      if (!this.done.called) this.done.callback(built)
    }
    return built
  }

  override clientConnectionFailed(_connector: IConnector, reason: Failure): void {
    if (!this.done.called) this.done.errback(reason)
  }

  override clientConnectionLost(_connector: IConnector, reason: Failure): void {
    if (!this.done.called) this.done.errback(reason)
  }
}
