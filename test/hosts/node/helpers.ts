/** Real sockets on loopback: reactors, recording protocols, raw peers. */
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { createReactor } from '../../../bindings/node/index.js'
import type { Reactor } from '../../../bindings/node/index.js'
import type { Failure } from '../../../src/defer/index.js'
import type { IAddress, IConnector, IListeningPort, IProtocol, IPv4Address } from '../../../src/interfaces/index.js'
import { ClientFactory, Factory } from '../../../src/protocols/factory.js'
import { Protocol } from '../../../src/protocols/protocol.js'

export const LOOPBACK = { interface: '127.0.0.1' }

/** A promise and its ends. */
export function later<T = void>(): { promise: Promise<T>, resolve: (value: T) => void } {
  let resolve!: (value: T) => void
  const promise = new Promise<T>((done) => {
    resolve = done
  })
  return { promise, resolve }
}

/** Writes down what happens to it, and lets tests wait for it. */
export class Recorder extends Protocol {
  received = ''
  bytes = 0
  reasons: Failure[] = []
  #made = later<Recorder>()
  #lost = later<Failure>()
  #wanted: { text: string, resolve: () => void }[] = []

  get made(): Promise<Recorder> {
    return this.#made.promise
  }

  get lost(): Promise<Failure> {
    return this.#lost.promise
  }

  /** Settles when `text` has been received. */
  until(text: string): Promise<void> {
    if (this.received.includes(text)) return Promise.resolve()
    const { promise, resolve } = later()
    this.#wanted.push({ text, resolve })
    return promise
  }

  override connectionMade(): void {
    this.#made.resolve(this)
  }

  override dataReceived(data: Uint8Array): void {
    this.bytes += data.length
    if (data.length < 1000) this.received += new TextDecoder().decode(data)
    this.#wanted = this.#wanted.filter(({ text, resolve }) => {
      if (!this.received.includes(text)) return true
      resolve()
      return false
    })
  }

  override connectionLost(reason: Failure): void {
    this.reasons.push(reason)
    this.#lost.resolve(reason)
  }
}

/** A factory that hands out what `make` makes, and what became of its attempts. */
export class TestFactory<P extends IProtocol = Recorder> extends ClientFactory {
  events: string[] = []
  built: P[] = []
  failures: Failure[] = []
  make: (address: IAddress) => P | null
  #next = later<P>()
  #failed = later<Failure>()
  #lost = later<Failure>()

  constructor(make: (address: IAddress) => P | null = () => new Recorder() as unknown as P) {
    super()
    this.make = make
  }

  /** The first protocol. */
  get first(): Promise<P> {
    return this.#next.promise
  }

  get failed(): Promise<Failure> {
    return this.#failed.promise
  }

  get lost(): Promise<Failure> {
    return this.#lost.promise
  }

  override buildProtocol(address: IAddress): IProtocol | null {
    const protocol = this.make(address)
    if (protocol === null) return null
    this.built.push(protocol)
    this.#next.resolve(protocol)
    return protocol
  }

  override startFactory(): void {
    this.events.push('start')
  }

  override stopFactory(): void {
    this.events.push('stop')
  }

  override startedConnecting(): void {
    this.events.push('connecting')
  }

  override clientConnectionFailed(_connector: IConnector, reason: Failure): void {
    this.events.push(`failed ${reason.value.name}`)
    this.failures.push(reason)
    this.#failed.resolve(reason)
  }

  override clientConnectionLost(_connector: IConnector, reason: Failure): void {
    this.events.push(`lost ${reason.value.name}`)
    this.#lost.resolve(reason)
  }
}

export function portOf(port: IListeningPort): number {
  return (port.getHost() as IPv4Address).port
}

/** A server of ours, bound. */
export async function listen(reactor: Reactor, factory: Factory): Promise<IListeningPort> {
  const port = reactor.listenTCP(0, factory, LOOPBACK)
  await port.ready
  return port
}

/** Our client and our server, connected. */
export async function pair<S extends Protocol = Recorder, C extends Protocol = Recorder>(
  reactor: Reactor, server?: () => S, client?: () => C,
): Promise<{ server: S, client: C, port: IListeningPort, connector: IConnector }> {
  const servers = new TestFactory<S>(server)
  const clients = new TestFactory<C>(client)
  const port = await listen(reactor, servers)
  const connector = reactor.connectTCP('127.0.0.1', portOf(port), clients)
  return { server: await servers.first, client: await clients.first, port, connector }
}

/** What a raw peer saw. */
export interface Peer {
  socket: Socket
  received: () => string
  ended: Promise<void>
  closed: Promise<{ error: string | null }>
}

/** A client that is not ours. */
export async function rawPeer(port: number, { allowHalfOpen = false, paused = false } = {}): Promise<Peer> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen })
  const ended = later()
  const closed = later<{ error: string | null }>()
  let received = ''
  let error: string | null = null
  if (!paused) socket.on('data', (data) => (received += data.toString('latin1')))
  socket.on('end', () => ended.resolve())
  socket.on('error', (raised: NodeJS.ErrnoException) => (error = raised.code ?? raised.message))
  socket.on('close', () => closed.resolve({ error }))
  await new Promise<void>((resolve) => socket.once('connect', resolve))
  return { socket, received: () => received, ended: ended.promise, closed: closed.promise }
}

/** Fresh reactors, and everything they opened closed after each test. */
export function reactors(afterEach: (fn: () => Promise<void>) => void): () => Reactor {
  const made: Reactor[] = []
  afterEach(async () => {
    for (const reactor of made.splice(0)) {
      if (!reactor.running) void reactor.run()
      for (const transport of reactor.openTransports()) transport.abortConnection()
      await stopped(reactor)
    }
  })
  return () => {
    const reactor = createReactor({ installSignalHandlers: false })
    made.push(reactor)
    return reactor
  }
}

/** Stops a reactor that runs, and waits until it has. */
export function stopped(reactor: Reactor): Promise<void> {
  const done = later()
  reactor.addSystemEventTrigger('after', 'shutdown', () => done.resolve())
  reactor.stop()
  return done.promise
}
