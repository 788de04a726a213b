/**
 * MemoryReactor: a reactor without a host. Time moves when the test says so, and what would have been listened or
 * connected to is written down.
 *
 * Owns: the records. Must not know: sockets. Source: twisted.internet.testing.MemoryReactorClock.
 */
import { CannotListenError, ReactorAlreadyRunning, ReactorNotRunning } from '../errors/index.js'
import type {
  ConnectTCPOptions, IClientFactory, IConnector, IListeningPort, IProtocolFactory, IReactorCore, IReactorTCP,
  ListenTCPOptions, TCPAddress, Trigger, TriggerPhase,
} from '../interfaces/index.js'
import { Logger } from '../logger/index.js'
import { Clock } from '../reactor/clock.js'
import { SystemEvents } from '../reactor/system-events.js'
import { checkPort, tcpAddress } from '../transports/address.js'
import { MemoryConnector, MemoryPort } from './memory-ports.js'

/** One call of `listenTCP`. */
export interface ListenRecord {
  readonly port: number
  readonly factory: IProtocolFactory
  readonly options: ListenTCPOptions
  /** What the call returned. */
  readonly listening: MemoryPort
}

/** One call of `connectTCP`. */
export interface ConnectRecord {
  readonly host: string
  readonly port: number
  readonly factory: IClientFactory
  readonly options: ConnectTCPOptions
  /** What the call returned. */
  readonly connector: MemoryConnector
}

/** The first port given where 0 was asked for: the first of the dynamic ones (RFC 6335). */
const FIRST_FREE_PORT = 49_152

/**
 * A reactor for tests.
 *
 * @example
 * const reactor = new MemoryReactor()
 * clientFromString(reactor, 'tcp:example.com:80').connect(factory)
 * const protocol = reactor.tcpClients[0].connector.succeed(new StringTransport())
 */
export class MemoryReactor extends Clock implements IReactorCore, IReactorTCP {
  readonly tcpServers: ListenRecord[] = []
  readonly tcpClients: ConnectRecord[] = []
  /** Every connector made, of any kind. */
  readonly connectors: MemoryConnector[] = []
  #running = false
  #ended: (() => void) | null = null
  #nextFree = FIRST_FREE_PORT
  readonly #log = new Logger('testing')
  readonly #events = new SystemEvents((failure) => this.#log.failure('A system event trigger failed', failure))

  /** @throws CannotListenError when a port of this reactor listens there already */
  listenTCP(port: number, factory: IProtocolFactory, options: ListenTCPOptions = {}): IListeningPort<TCPAddress> {
    checkPort(port)
    const host = options.interface ?? '0.0.0.0'
    const address = tcpAddress(host, port === 0 ? this.#nextFree++ : port)
    const listening = new MemoryPort(factory, address, (asking) => {
      const taken = this.tcpServers.some(({ listening: other }) => other !== asking && other.listening &&
        other.getHost().host === host && other.getHost().port === address.port)
      if (taken) throw new CannotListenError(host, address.port, { cause: new Error('the address is in use') })
    })
    this.tcpServers.push({ port, factory, options, listening })
    return listening
  }

  connectTCP(host: string, port: number, factory: IClientFactory, options: ConnectTCPOptions = {}): IConnector {
    checkPort(port)
    const connector = new MemoryConnector(factory, tcpAddress(host, port))
    this.tcpClients.push({ host, port, factory, options, connector })
    this.connectors.push(connector)
    connector.connect()
    return connector
  }

  get running(): boolean {
    return this.#running
  }

  /** Fires the startup triggers now; settles after `stop()`. */
  run(): Promise<void> {
    if (this.#ended !== null) return Promise.reject(new ReactorAlreadyRunning())
    return new Promise((resolve) => {
      this.#ended = resolve
      this.#running = true
      this.#events.fire('startup')
    })
  }

  stop(): void {
    if (!this.#running) throw new ReactorNotRunning()
    this.#running = false
    this.#events.fire('shutdown').addBoth(() => this.#end())
  }

  crash(): void {
    if (!this.#running) throw new ReactorNotRunning()
    this.#running = false
    this.#end()
  }

  callWhenRunning<A extends unknown[]>(fn: (...args: A) => unknown, ...args: A): Trigger | null {
    if (!this.#running) return this.addSystemEventTrigger('after', 'startup', fn, ...args)
    this.callLater(0, fn, ...args)
    return null
  }

  /** Calls at the next `advance`. */
  callFromThread<A extends unknown[]>(fn: (...args: A) => unknown, ...args: A): void {
    this.callLater(0, fn, ...args)
  }

  addSystemEventTrigger<A extends unknown[]>(
    phase: TriggerPhase, event: string, fn: (...args: A) => unknown, ...args: A): Trigger {
    return this.#events.add(phase, event, () => fn(...args))
  }

  removeSystemEventTrigger(trigger: Trigger): void {
    this.#events.remove(trigger)
  }

  fireSystemEvent(event: string): void {
    this.#events.fire(event)
  }

  #end(): void {
    const ended = this.#ended
    this.#ended = null
    ended?.()
  }
}
