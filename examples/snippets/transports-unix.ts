/** UNIX sockets, as the guide to transports shows them: one server at a path, whoever else may have been there. */
import { connectProtocol, Factory, LineReceiver, UNIXClientEndpoint } from 'whorl'
import type { Deferred, IListeningPort, IReactorUNIX, UNIXAddress } from 'whorl'

export class Counter extends LineReceiver {
  override lineReceived(line: string): void {
    this.sendLine(String(line.length))
  }
}

export function serve(reactor: IReactorUNIX, path: string): Deferred<IListeningPort<UNIXAddress>> {
  const factory = Factory.forProtocol(Counter)
  return reactor.listenUNIX(path, factory, { mode: 0o600, wantPID: true }).ready
}

export function connect<P extends LineReceiver>(reactor: IReactorUNIX, path: string, protocol: P): Deferred<P> {
  return connectProtocol(new UNIXClientEndpoint(reactor, path, { checkPID: true }), protocol) as Deferred<P>
}
