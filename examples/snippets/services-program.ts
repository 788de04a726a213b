import {
  ClientFactory, clientFromString, ClientService, Factory, MultiService, runService, serverFromString,
  StreamServerEndpointService, TimerService,
} from 'whorl'
import type { IReactorCore, IReactorTCP, IReactorTime, ProtocolClass } from 'whorl'

/** A server, a connection that is kept, and something done every minute, as one. */
export function program(reactor: IReactorTCP & IReactorTime, Echo: ProtocolClass, Feed: ProtocolClass): MultiService {
  const all = new MultiService()
  const listen = serverFromString(reactor, 'tcp:8007:interface=127.0.0.1')
  const server = new StreamServerEndpointService(listen, Factory.forProtocol(Echo), { drain: 10_000 })
  server.setName('echo')
  server.setServiceParent(all)

  const connect = clientFromString(reactor, 'tcp:feed.example:7000')
  new ClientService(connect, ClientFactory.forProtocol(Feed), { clock: reactor }).setServiceParent(all)

  const sweep = new TimerService(60_000, () => undefined)
  sweep.clock = reactor
  sweep.setServiceParent(all)
  return all
}

/** Runs it until the program is told to stop. */
export const main = (reactor: IReactorCore, all: MultiService): Promise<void> => runService(reactor, all)
