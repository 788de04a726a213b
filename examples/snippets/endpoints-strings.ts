/** Endpoints from strings, as the guide to endpoints shows them. */
import { clientFromString, connectProtocol, Factory, Protocol, serverFromString } from 'whorl'
import type { Deferred, IListeningPort, IStreamClientEndpoint } from 'whorl'

export class Echo extends Protocol {
  override dataReceived(data: Uint8Array): void {
    this.transport.write(data)
  }
}

export function serve(reactor: object, where: string): Deferred<IListeningPort> {
  return serverFromString(reactor, where).listen(Factory.forProtocol(Echo))
}

export function connect<P extends Protocol>(reactor: object, where: string, protocol: P): Deferred<P> {
  const endpoint: IStreamClientEndpoint = clientFromString(reactor, where)
  return connectProtocol(endpoint, protocol)
}
