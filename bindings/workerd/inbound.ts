/**
 * Sockets that come in: TCP, TLS and UNIX listeners of the configuration all call the worker's `connect`.
 *
 * Owns: from such a socket to a connection of a factory's, and how long its event lives for it; passing it on to a
 * Durable Object. Must not know: what is spoken.
 */
import { encodeText } from '../../src/core/text.js'
import { listening } from '../../src/endpoints/listening.js'
import type { IAddress, IProtocolFactory, IStreamServerEndpoint, ListenSink } from '../../src/interfaces/index.js'
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
const UNNAMED: IAddress = Object.freeze({ family: 'UNIX', type: 'UNIX', path: '' })
/** Of a host name; UNIX sockets with longer paths are passed on without saying so. */
const LONGEST_NAME = 250

/** Both ends of a socket. */
export function endsOf(info: SocketInfo): { host: IAddress, peer: IAddress } {
  const { remoteAddress, localAddress } = unpacked(info.localAddress) ?? info
  const host = addressOf(localAddress) ?? NOWHERE
  return { host, peer: addressOf(remoteAddress) ?? (host.family === 'UNIX' ? UNNAMED : NOWHERE) }
}

/** The two ends of a socket that is passed on, as the address that it is said to have been sent to. */
function packed({ remoteAddress = '', localAddress = '' }: SocketInfo): string {
  const hex = Array.from(encodeText(`${remoteAddress} ${localAddress}`), (byte) => byte.toString(16).padStart(2, '0'))
  return `${hex.length * 2 < LONGEST_NAME ? `x${hex.join('')}` : 'x20'}:1`
}

function unpacked(address: string | undefined): SocketInfo | null {
  const [, hex] = /^x((?:[\da-f]{2})+):1$/.exec(address ?? '') ?? []
  if (hex === undefined) return null
  const bytes = Uint8Array.from(hex.match(/../g)!, (two) => parseInt(two, 16))
  const [remoteAddress, localAddress] = new TextDecoder().decode(bytes).split(' ')
  return { remoteAddress, localAddress }
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

/** The factories that have connections, of one reactor, and those that listen. */
export class Acceptor {
  readonly #reactor: Reactor
  readonly #inbound = new Map<IProtocolFactory, Inbound>()
  readonly #listening = new Map<number, ListenSink>()

  constructor(reactor: Reactor) {
    this.#reactor = reactor
  }

  /** What comes in at a port of the configuration goes to who listens there, if anybody does. */
  endpoint(number: number, reactor: Reactor): IStreamServerEndpoint {
    const address = tcpAddress('0.0.0.0', number)
    return {
      listen: (factory) => listening(() => {
        const port = new StreamPort(reactor, factory, { interface: '', port: number, address }, (sink) => {
          if (this.#listening.has(number)) throw new Error('somebody listens there already')
          this.#listening.set(number, sink)
          // Not from inside this call.
          queueMicrotask(() => sink.listening(address))
          return { close: () => void this.#listening.delete(number) }
        })
        port.startListening()
        return port
      }),
    }
  }

  /** Gives it to who listens where it came in. @returns false if nobody does; else when it has ended */
  async deliver(socket: WorkerdSocket, ends: { host: IAddress, peer: IAddress }): Promise<boolean> {
    const sink = this.#listening.get('port' in ends.host ? ends.host.port : -1)
    if (sink === undefined) return false
    const channel = new SocketChannel(socket, { ...ends, mayUpgrade: false })
    sink.accepted(channel)
    await channel.released
    return true
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
export async function passOn(socket: WorkerdSocket, info: SocketInfo, target: SocketTarget): Promise<void> {
  const inner = target.connect(packed(info))
  inner.closed.catch(() => undefined)
  socket.closed.catch(() => undefined)
  // Each direction ends by itself; that one was broken off is told to both ends by then.
  await Promise.allSettled([socket.readable.pipeTo(inner.writable), inner.readable.pipeTo(socket.writable)])
  await Promise.allSettled([inner.close(), socket.close()])
}
