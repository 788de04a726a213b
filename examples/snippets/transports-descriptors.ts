/** Adopted descriptors, as the guide to transports shows them: a service that systemd, say, has opened the port for. */
import type { IListeningPort, IProtocolFactory, IReactorSocket, IReactorTCP } from 'whorl'

export function listen(
  reactor: IReactorSocket & IReactorTCP, factory: IProtocolFactory, env: Record<string, string | undefined>,
): IListeningPort {
  if (env['LISTEN_FDS'] === '1') return reactor.adoptStreamPort(3, 'IPv4', factory)
  return reactor.listenTCP(8080, factory)
}
