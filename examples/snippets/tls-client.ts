/** Clients over TLS, as the guide to TLS shows them. */
import { ClientFactory, Deferred, LineReceiver, sessionCache } from 'whorl'
import type { Failure, IConnector, IProtocol, IReactorSSL, TLSClientOptions } from 'whorl'

/** Fires with the first line that a server says. */
export class FirstLine extends ClientFactory {
  readonly line = new Deferred<string>()

  override buildProtocol(): IProtocol {
    const { line } = this
    return new (class extends LineReceiver {
      override lineReceived(text: string): void {
        line.callback(text)
        this.transport.loseConnection()
      }
    })()
  }

  override clientConnectionFailed(_connector: IConnector, reason: Failure): void {
    this.line.errback(reason)
  }
}

/** Verifies the certificate and the name `host`; asks for a protocol. */
export function ask(reactor: IReactorSSL, host: string, port: number, tls: TLSClientOptions = {}): Deferred<string> {
  const factory = new FirstLine()
  reactor.connectSSL(host, port, factory, { alpn: ['greet/1'], ...tls })
  return factory.line
}

/** One object for all connections: the second one resumes the session of the first. */
export function makeAsker(reactor: IReactorSSL, ca: string): (host: string, port: number) => Deferred<string> {
  const tls: TLSClientOptions = { ca, alpn: ['greet/1'], sessions: sessionCache({ max: 20 }) }
  return (host, port) => {
    const factory = new FirstLine()
    reactor.connectSSL(host, port, factory, tls)
    return factory.line
  }
}
