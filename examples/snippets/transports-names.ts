/** Names, as the guide to transports shows them: a table before the system's own resolver. */
import { connectProtocol, HostnameEndpoint, StaticResolver } from 'whorl'
import type { Deferred, HostnameReactor, IReactorPluggableNameResolver, Protocol } from 'whorl'

export function useTable(reactor: IReactorPluggableNameResolver): void {
  const table = new StaticResolver({
    'db.internal': ['fd00::7', '10.0.0.7'],
    'cache.internal': '127.0.0.1',
  }, reactor.nameResolver)
  reactor.installNameResolver(table)
}

export function connectByName<P extends Protocol>(
  reactor: HostnameReactor, host: string, port: number, protocol: P): Deferred<P> {
  return connectProtocol(new HostnameEndpoint(reactor, host, port, { timeout: 10_000 }), protocol)
}
