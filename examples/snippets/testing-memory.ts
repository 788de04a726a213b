/** A reactor without a host, as the testing guide shows it. */
import { ClientFactory, Protocol } from 'whorl'
import type { IReactorTCP, IReactorTime } from 'whorl'
import { MemoryReactor, StringTransport } from 'whorl/testing'

/** Says that it is there every 30 seconds. */
export class Beacon extends Protocol {
  reactor!: IReactorTime

  override connectionMade(): void {
    this.transport.write('here\r\n')
    this.reactor.callLater(30_000, () => this.connectionMade())
  }
}

export function connectBeacon(reactor: IReactorTCP & IReactorTime): void {
  const factory = new ClientFactory()
  factory.buildProtocol = () => Object.assign(new Beacon(), { reactor })
  reactor.connectTCP('beacons.example', 7777, factory)
}

export function tryBeacon(): string {
  const reactor = new MemoryReactor()
  connectBeacon(reactor)
  const { host, port, connector } = reactor.tcpClients[0]
  const transport = new StringTransport()
  connector.succeed(transport)
  reactor.pump([30_000, 30_000])
  return `${host}:${port} ${transport.text()}`
}
