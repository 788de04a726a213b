/**
 * UDP on Bun: datagram sockets of `Bun.udpSocket`.
 *
 * Owns: the sockets. Must not know: protocols. Every host that comes here is a literal address, so that nothing is
 * looked up: a socket is bound before `bind` returns, and a datagram is with the kernel before `send` does.
 *
 * Bun connects a socket only as it makes it. To connect one that is bound, another takes its port and its settings.
 */

import type { DatagramHandle, DatagramHost, DatagramRequest, DatagramSink } from '../../src/interfaces/index.js'
import { udpAddress } from '../../src/transports/udp-address.js'
import { bun } from './api.js'
import type { BunUDPOptions, BunUDPSocket } from './api.js'
import { prepare } from './load.js'

/** Several may have the port: as `node:dgram` of Bun says it; without it a second one is refused. */
const SHARED = 16

/** UDP for reactors. */
export class BunUDP implements DatagramHost {
  bind(request: DatagramRequest, sink: DatagramSink): DatagramHandle {
    prepare()
    return new BunDatagramHandle(request, sink)
  }
}

class BunDatagramHandle implements DatagramHandle {
  readonly #sink: DatagramSink
  readonly #isShared: boolean
  #socket: BunUDPSocket | null = null
  #isConnected = false
  /** What was set, by name, for a socket that takes its place. */
  readonly #set = new Map<string, (socket: BunUDPSocket) => void>()

  constructor({ host, port, shared }: DatagramRequest, sink: DatagramSink) {
    this.#sink = sink
    this.#isShared = shared
    try {
      const { address, port: bound } = this.#open(host, port).address
      sink.bound(udpAddress(address, bound))
    } catch (error) {
      sink.failed(error)
    }
  }

  send(data: Uint8Array, host: string | null, port: number): void {
    try {
      if (host !== null) this.#socket?.send(data, port, host)
      // The kernel may say of the last datagram that it was refused when it is given the next.
      else if (this.#isConnected) this.#socket?.send(data)
    } catch (error) {
      queueMicrotask(() => this.#failed(error))
    }
  }

  connect(hostname: string, port: number, done: (error: unknown) => void): void {
    if (this.#socket === null) return
    const { address, port: bound } = this.#socket.address
    this.#socket.close()
    let problem: unknown = null
    try {
      this.#open(address, bound, { hostname, port })
      this.#isConnected = true
    } catch (error) {
      problem = error
      this.#reopen(address, bound)
    }
    queueMicrotask(() => done(problem))
  }

  setBroadcast(allowed: boolean): void {
    this.#apply('broadcast', (socket) => void socket.setBroadcast(allowed))
  }

  addMembership(group: string, iface: string | undefined): void {
    this.#apply(`${group} ${iface}`, (socket) => void socket.addMembership(group, iface))
  }

  dropMembership(group: string, iface: string | undefined): void {
    this.#set.delete(`${group} ${iface}`)
    this.#socket?.dropMembership(group, iface)
  }

  setTTL(ttl: number): void {
    this.#apply('TTL', (socket) => void socket.setMulticastTTL(ttl))
  }

  setLoopback(enabled: boolean): void {
    this.#apply('loopback', (socket) => void socket.setMulticastLoopback(enabled))
  }

  setInterface(iface: string): void {
    this.#apply('interface', (socket) => void socket.setMulticastInterface(iface))
  }

  close(): void {
    if (this.#socket === null) return
    this.#socket.close()
    this.#socket = null
    this.#sink.closed()
  }

  /** @throws what Bun throws, or fails with */
  #open(hostname: string, port: number, connect?: { hostname: string, port: number }): BunUDPSocket {
    const made = bun().udpSocket({
      hostname, port, connect, binaryType: 'uint8array', ...this.#isShared ? { flags: SHARED } : undefined,
      socket: this.#handlers,
    })
    made.catch(() => undefined)
    const socket = bun().peek(made)
    // Where it failed, this is the error.
    if (typeof (socket as Partial<BunUDPSocket>).send !== 'function') throw socket
    this.#socket = socket as BunUDPSocket
    this.#socket.unref()
    for (const set of this.#set.values()) set(this.#socket)
    return this.#socket
  }

  #reopen(address: string, port: number): void {
    try {
      this.#open(address, port)
    } catch (error) {
      this.#socket = null
      queueMicrotask(() => this.#sink.failed(error))
    }
  }

  #apply(name: string, set: (socket: BunUDPSocket) => void): void {
    if (this.#socket === null) return
    set(this.#socket)
    this.#set.set(name, set)
  }

  readonly #handlers: BunUDPOptions['socket'] = {
    data: (socket, data, port, address) => {
      if (socket === this.#socket) this.#sink.received(data, address, port)
    },
    drain: () => undefined,
    error: (first, second) => this.#failed(second ?? first),
  }

  #failed(error: unknown): void {
    if (this.#socket === null) return
    if ((error as { code?: string } | null)?.code === 'ECONNREFUSED') this.#sink.refused()
    else this.#sink.trouble(error)
  }
}
