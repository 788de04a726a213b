/** Multicast, as the guide to transports shows it: programs of one network that find each other. */
import { DatagramProtocol } from 'whorl'
import type { IReactorMulticast, UDPAddress } from 'whorl'

const GROUP = '239.255.42.99'

export class Finder extends DatagramProtocol {
  readonly found = new Map<string, UDPAddress>()

  constructor(readonly name: string, readonly port: number, readonly iface?: string) {
    super()
  }

  override startProtocol(): void {
    this.transport.joinGroup(GROUP, this.iface)
    if (this.iface !== undefined) this.transport.setOutgoingInterface(this.iface)
    this.announce()
  }

  announce(): void {
    this.transport.write(`here is ${this.name}`, { host: GROUP, port: this.port })
  }

  override datagramReceived(data: Uint8Array, address: UDPAddress): void {
    const [, name] = /^here is (\w+)$/.exec(new TextDecoder().decode(data)) ?? []
    if (name === undefined || this.found.has(name)) return
    this.found.set(name, address)
    // Whoever came later has not heard us yet.
    this.announce()
  }
}

export function find(reactor: IReactorMulticast, name: string, port: number, iface?: string): Finder {
  const finder = new Finder(name, port, iface)
  // Several programs of one machine may listen on the port.
  reactor.listenMulticast(port, finder, { listenMultiple: true })
  return finder
}
