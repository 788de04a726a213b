/**
 * A page, a relay and a host in a simulation: what tests of tunnels begin with.
 */
import { Factory, Protocol } from 'whorl'
import type { Failure, IProtocol, IStreamClientEndpoint } from 'whorl'
import type { Reactor } from 'whorl/node'
import { serve, Site } from 'whorl/http'
import { Simulation } from 'whorl/testing'
import type { SimulationOptions } from 'whorl/testing'
import { openWebSocket, TunnelClientEndpoint, TunnelRelay } from '../../../src/tunnel/index.js'
import type { TunnelEndpointOptions, TunnelInfo, TunnelRelayOptions } from '../../../src/tunnel/index.js'

/** Writes down what it hears. */
export class Recorder extends Protocol {
  readonly chunks: Uint8Array[] = []
  readonly events: string[] = []
  reason: Error | null = null

  override connectionMade(): void {
    this.events.push('made')
  }

  override dataReceived(data: Uint8Array): void {
    this.chunks.push(data)
    if (this.events.at(-1) !== 'data') this.events.push('data')
  }

  override connectionLost(reason: Failure): void {
    super.connectionLost(reason)
    this.reason = reason.value as Error
    this.events.push('lost')
  }

  get length(): number {
    return this.chunks.reduce((sum, chunk) => sum + chunk.length, 0)
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString('latin1')
  }
}

/** Hears of each direction's end. */
export class HalfRecorder extends Recorder {
  readConnectionLost(): void {
    this.events.push('read-end')
  }

  writeConnectionLost(): void {
    this.events.push('write-end')
  }
}

/** A relay that writes down what it is told. */
export class TellingRelay extends TunnelRelay {
  readonly log: string[] = []

  override tunnelOpened({ host, port }: TunnelInfo): void {
    this.log.push(`opened ${host}:${port}`)
  }

  override tunnelRefused({ host, port }: TunnelInfo, { name }: Error): void {
    this.log.push(`refused ${host}:${port} ${name}`)
  }

  override tunnelEnded({ sent, received }: TunnelInfo, { name }: Error): void {
    this.log.push(`ended ${sent} ${received} ${name}`)
  }
}

export const RELAY = 'ws://relay/tunnel'

/** One of each. */
export class Lab {
  readonly simulation: Simulation
  readonly page: Reactor
  readonly relayReactor: Reactor
  readonly hostReactor: Reactor
  readonly relay: TellingRelay
  /** Protocols of the host's connections. */
  readonly accepted: IProtocol[] = []

  constructor(relay: Partial<TunnelRelayOptions> = {}, options: SimulationOptions = { seed: 7 }) {
    this.simulation = new Simulation(options)
    this.relay = new TellingRelay({ allow: ['host:*', ...PRIVATE], ...relay })
    this.hostReactor = this.simulation.host('host').reactor as Reactor
    this.relayReactor = this.simulation.host('relay').reactor as Reactor
    this.page = this.simulation.host('page').reactor as Reactor
    const site = new Site(() => 'a page\n', { reactor: this.relayReactor }).upgrade('/tunnel', this.relay)
    void serve(this.relayReactor, 'tcp:80', site)
  }

  /** The host listens, and makes these. */
  listen<P extends IProtocol>(make: () => P, port = 7000): void {
    const factory = new Factory()
    factory.buildProtocol = () => {
      const protocol = make()
      this.accepted.push(protocol)
      return protocol
    }
    this.hostReactor.listenTCP(port, factory)
  }

  endpoint(host = 'host', port = 7000, options: TunnelEndpointOptions = {}): IStreamClientEndpoint {
    return new TunnelClientEndpoint(this.page, RELAY, host, port, { open: openWebSocket(this.page), ...options })
  }

  /** A protocol that is connected through the relay. */
  async connect<P extends IProtocol>(protocol: P, endpoint = this.endpoint()): Promise<P> {
    const factory = new Factory()
    factory.buildProtocol = () => protocol
    await this.simulation.settle(endpoint.connect(factory))
    return protocol
  }

  /** Why it cannot be connected. */
  async refusal(endpoint: IStreamClientEndpoint): Promise<Error> {
    try {
      await this.connect(new Recorder(), endpoint)
    } catch (error) {
      return error as Error
    }
    throw new Error('it was connected')
  }

  run(ms = 1000): Promise<unknown> {
    return this.simulation.run(this.simulation.now + ms)
  }
}

/** Hosts of a simulation have addresses of a private network. */
export const PRIVATE = ['10.0.0.0/8:*', '127.0.0.0/8:*']
