/** Clients that show certificates, as the guide to TLS shows them. */
import { LineReceiver } from 'whorl'
import type { IListeningPort, IProtocolFactory, IReactorSSL, TLSIdentity } from 'whorl'

/** Knows who it is talking to. */
export class WhoAmI extends LineReceiver {
  override connectionMade(): void {
    this.sendLine(this.transport.getPeerCertificate()?.subject ?? 'a stranger')
  }
}

/** Only clients with a certificate of `ca` get in. */
export function serveMembers(
  reactor: IReactorSSL, factory: IProtocolFactory, identity: TLSIdentity, ca: string): IListeningPort {
  return reactor.listenSSL(0, factory, { identity, ca, clientCertificate: 'require' }, { interface: '127.0.0.1' })
}
