/** Certificates of test/vectors/tls, and connections over TLS between our reactors. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import process from 'node:process'
import type { Reactor } from '../../../bindings/node/index.js'
import type {
  IConnector, IListeningPort, ITLSServerContext, TLSClientOptions, TLSIdentity, TLSServerOptions,
} from '../../../src/interfaces/index.js'
import { LOOPBACK, portOf, Recorder, TestFactory } from './helpers.js'

/** TCP connections of this process: each has two ends here, once it was accepted. */
export function openSockets(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length
}

/** Settles when there are so many. */
export async function untilSockets(count: number): Promise<void> {
  while (openSockets() !== count) await turns(1)
}

/** Lets Node do what it has to do so many times. */
export async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise<void>((resolve) => setImmediate(resolve))
}

/** A file of test/vectors/tls. */
export function vector(name: string): string {
  return readFileSync(new URL(`../../vectors/tls/${name}`, import.meta.url), 'utf8')
}

export function identity(name: string): TLSIdentity {
  return { cert: vector(`${name}.pem`), key: vector(`${name}.key`) }
}

/** The authority that tests trust. */
export const CA = vector('ca.pem')

/** A server's options. */
export function serverTLS(more: Partial<TLSServerOptions> = {}): TLSServerOptions {
  return { identity: identity('localhost'), ...more }
}

/** A client's options. */
export function clientTLS(more: Partial<TLSClientOptions> = {}): TLSClientOptions {
  return { ca: CA, ...more }
}

/** Writes down handshakes as well. */
export class SecureRecorder extends Recorder {
  handshakes = 0
  /** `made`, `handshake`, `data`, `lost`, in the order in which they came. */
  events: string[] = []

  override connectionMade(): void {
    this.events.push('made')
    super.connectionMade()
  }

  handshakeCompleted(): void {
    this.handshakes += 1
    this.events.push('handshake')
  }

  override dataReceived(data: Uint8Array): void {
    this.events.push('data')
    super.dataReceived(data)
  }
}

export type Served = { port: IListeningPort, factory: TestFactory<SecureRecorder>, number: number }

/** A server of ours over TLS, bound. */
export async function serve(
  reactor: Reactor, tls: TLSServerOptions | ITLSServerContext = serverTLS(),
  make: () => SecureRecorder = () => new SecureRecorder()): Promise<Served> {
  const factory = new TestFactory<SecureRecorder>(make)
  const port = reactor.listenSSL(0, factory, tls, LOOPBACK)
  await port.ready
  return { port, factory, number: portOf(port) }
}

/** A client of ours over TLS. */
export function dial(
  reactor: Reactor, port: number, tls: TLSClientOptions = clientTLS(), host = '127.0.0.1',
  make: () => SecureRecorder = () => new SecureRecorder(),
): { factory: TestFactory<SecureRecorder>, connector: IConnector } {
  const factory = new TestFactory<SecureRecorder>(make)
  const connector = reactor.connectSSL(host, port, factory, tls)
  return { factory, connector }
}

/** Both, connected. */
export async function securePair(
  reactor: Reactor, options: {
    server?: TLSServerOptions | ITLSServerContext, client?: TLSClientOptions, host?: string,
    makeServer?: () => SecureRecorder, makeClient?: () => SecureRecorder,
  } = {}): Promise<{ server: SecureRecorder, client: SecureRecorder, port: IListeningPort, connector: IConnector }> {
  const served = await serve(reactor, options.server, options.makeServer)
  const dialled = dial(reactor, served.number, options.client, options.host, options.makeClient)
  const client = await dialled.factory.first
  const server = await served.factory.first
  return { server, client, port: served.port, connector: dialled.connector }
}

/** Something between two ends that passes on bytes until it is told otherwise. */
export interface Relay {
  port: number
  /** Ends the connection in order, below TLS and behind its back. */
  cut(): void
  /** Resets it. */
  reset(): void
  /** Changes one byte of what comes next. */
  spoil(): void
  close(): Promise<void>
}

/** What a relay does of itself, once so many bytes have come from the port. */
export interface RelayPlan {
  after: number
  then: 'cut' | 'reset' | 'spoil'
}

/** A relay in front of a port. */
export async function relay(to: number, plan?: RelayPlan): Promise<Relay> {
  const sockets: Socket[] = []
  let isSpoiling = false
  let left = plan?.after ?? Infinity
  /** Passes on what comes before the moment, and does then what was planned. */
  const follow = (from: Socket, target: Socket, data: Buffer): void => {
    if (data.length <= left) {
      left -= data.length
      target.write(data)
      return
    }
    const before = data.subarray(0, left)
    left = Infinity
    from.destroy()
    if (plan?.then === 'spoil') target.end(Buffer.concat([before, Buffer.alloc(400, 0xa5)]))
    else if (plan?.then === 'cut') target.end(before)
    else target.write(before, () => target.resetAndDestroy())
  }
  const pass = (from: Socket, target: Socket): void => {
    sockets.push(from)
    from.on('error', () => target.destroy())
    from.on('data', (data) => {
      if (plan !== undefined && sockets.indexOf(from) === 1) {
        follow(from, target, data)
        return
      }
      if (isSpoiling) data[data.length - 1]! ^= 1
      isSpoiling = false
      target.write(data)
    })
    from.on('end', () => target.end())
    if (plan === undefined) from.on('close', () => target.destroy())
  }
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = connect({ port: to, host: '127.0.0.1', allowHalfOpen: true })
    pass(near, far)
    pass(far, near)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    cut: () => sockets.forEach((socket) => socket.end()),
    reset: () => sockets.forEach((socket) => socket.resetAndDestroy()),
    spoil: () => {
      isSpoiling = true
    },
    async close() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
