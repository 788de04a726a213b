/** A server over TLS, as the guide to TLS shows it. */
import { LineReceiver, TLSServerContext } from 'whorl'
import type { IListeningPort, IProtocolFactory, IReactorSSL, TLSServerOptions } from 'whorl'

export class Greeter extends LineReceiver {
  handshakeCompleted(): void {
    const { version, protocol } = this.transport.tlsSession!
    this.sendLine(`hello over ${version}, ${protocol ?? 'no ALPN'}`)
  }

  override lineReceived(line: string): void {
    this.sendLine(line)
  }
}

export function serve(reactor: IReactorSSL, factory: IProtocolFactory, cert: string, key: string): IListeningPort {
  return reactor.listenSSL(0, factory, { identity: { cert, key }, alpn: ['greet/1'] }, { interface: '127.0.0.1' })
}

/** Several names, and certificates that can be exchanged while the port listens. */
export function serveNames(
  reactor: IReactorSSL, factory: IProtocolFactory, read: () => TLSServerOptions,
): { port: IListeningPort, reload: () => void } {
  const context = new TLSServerContext(read())
  const port = reactor.listenSSL(0, factory, context, { interface: '127.0.0.1' })
  return { port, reload: () => context.update(read()) }
}
