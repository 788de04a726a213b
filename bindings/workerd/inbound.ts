/**
 * Sockets that come in: TCP, TLS and UNIX listeners of the configuration all call the worker's `connect`.
 *
 * Owns: from such a socket to a connection of a factory's, and how long its event lives for it; passing it on to a
 * Durable Object. Must not know: what is spoken.
 */
import type { IAddress, IProtocolFactory, ListenSink } from '../../src/interfaces/index.js'
import type { Reactor } from '../../src/reactor/index.js'
import { tcpAddress } from '../../src/transports/address.js'
import { StreamPort } from '../../src/transports/index.js'
import type { SocketInfo, WorkerdSocket } from './api.js'
import { SocketChannel } from './socket-channel.js'
import { addressOf } from './tcp.js'

/** A socket that came in, as whoever chooses a factory for it sees it. */
export interface Incoming<Env = unknown> {
  /** Of this event, or of the Durable Object. */
  readonly reactor: Reactor
  readonly env: Env
  /** Where it came in; by this the listeners of the configuration are told apart. */
  readonly host: IAddress
  readonly peer: IAddress
}

/** Stub of a Durable Object, or a service, that takes sockets and requests. */
export interface SocketTarget {
  connect(address: string): WorkerdSocket
  fetch(request: Request): Promise<Response>
}

const NOWHERE = tcpAddress('0.0.0.0', 0)

/** Both ends of a socket. One that was passed on says where it came from in the place of where it came in. */
export function endsOf(info: SocketInfo): { host: IAddress, peer: IAddress } {
  const [remote, local] = [addressOf(info.remoteAddress), addressOf(info.localAddress)]
  if (remote === null && local?.family !== 'UNIX') return { host: NOWHERE, peer: local ?? NOWHERE }
  return { host: local ?? NOWHERE, peer: remote ?? { family: 'UNIX', type: 'UNIX', path: '' } }
}

/** What the sockets of one factory come in at, as long as any of them is open. */
class Inbound {
  connections = 0
  readonly #port: StreamPort
  #sink: ListenSink | null = null

  constructor(reactor: Reactor, factory: IProtocolFactory, host: IAddress) {
    this.#port = new StreamPort(reactor, factory, { interface: '', port: 0, address: host }, (sink) => {
      this.#sink = sink
      return {
        close: () => {
          this.#sink = null
        },
      }
    })
    this.#port.startListening()
    this.#sink!.listening(host)
  }

  accept(channel: SocketChannel): void {
    if (this.#sink === null) channel.close(false)
    else this.#sink.accepted(channel)
  }

  async close(): Promise<void> {
    await this.#port.stopListening()
  }
}

/** The factories that have connections, of one reactor. */
export class Acceptor {
  readonly #reactor: Reactor
  readonly #inbound = new Map<IProtocolFactory, Inbound>()

  constructor(reactor: Reactor) {
    this.#reactor = reactor
  }

  /** Makes a connection of it. @returns when that has ended, so that its event lives as long */
  async accept(socket: WorkerdSocket, ends: { host: IAddress, peer: IAddress }, factory: IProtocolFactory):
    Promise<void> {
    let inbound = this.#inbound.get(factory)
    if (inbound === undefined) {
      inbound = new Inbound(this.#reactor, factory, ends.host)
      this.#inbound.set(factory, inbound)
    }
    const channel = new SocketChannel(socket, { ...ends, mayUpgrade: false })
    inbound.connections += 1
    inbound.accept(channel)
    await channel.released
    inbound.connections -= 1
    if (inbound.connections > 0) return
    this.#inbound.delete(factory)
    await inbound.close()
  }
}

/** Hands a socket on to whoever has the connections that it belongs with. @returns when it has ended */
export async function passOn(socket: WorkerdSocket, peer: IAddress, target: SocketTarget): Promise<void> {
  const inner = target.connect(textOf(peer))
  inner.closed.catch(() => undefined)
  socket.closed.catch(() => undefined)
  // Each direction ends by itself; that one was broken off is told to both ends by then.
  await Promise.allSettled([socket.readable.pipeTo(inner.writable), inner.readable.pipeTo(socket.writable)])
  await Promise.allSettled([inner.close(), socket.close()])
}

function textOf(address: IAddress): string {
  if (address.family === 'IPv4') return `${address.host}:${address.port}`
  return address.family === 'IPv6' ? `[${address.host}]:${address.port}` : '0.0.0.0:0'
}
