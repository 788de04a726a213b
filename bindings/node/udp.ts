/**
 * UDP on Node: datagram sockets of `node:dgram`.
 *
 * Owns: the sockets. Must not know: protocols. Every host that comes here is a literal address, so that nothing is
 * looked up: a socket is bound before `bind` returns, and a datagram is with the kernel before `send` does.
 */

import type { RemoteInfo, Socket } from 'node:dgram'
import type { DatagramHandle, DatagramHost, DatagramRequest, DatagramSink } from '../../src/interfaces/index.js'
import { udpAddress } from '../../src/transports/udp-address.js'
import { dgram } from '../node-api/builtins.js'
import { prepare } from './load.js'

/** UDP for reactors. */
export class NodeUDP implements DatagramHost {
  bind(request: DatagramRequest, sink: DatagramSink): DatagramHandle {
    prepare()
    return new NodeDatagramHandle(request, sink)
  }
}

type Lookup = (host: string, family: 4 | 6, done: (error: null, address: string, family: number) => void) => void

/** Node's own takes another tick to find that an address is one. */
const atOnce: Lookup = (host, family, done) => done(null, host, family)

class NodeDatagramHandle implements DatagramHandle {
  readonly #socket: Socket
  readonly #sink: DatagramSink
  #bound = false
  #connected = false
  readonly #onSent = (error: Error | null): void => {
    if (error !== null) this.#failed(error)
  }

  constructor({ host, port, shared }: DatagramRequest, sink: DatagramSink) {
    this.#sink = sink
    const type = host.includes(':') ? 'udp6' : 'udp4'
    const socket = this.#socket = dgram().createSocket({ type, reuseAddr: shared, lookup: atOnce as never })
    socket.on('message', (data: Uint8Array, { address, port }: RemoteInfo) => sink.received(data, address, port))
    socket.on('error', (error) => this.#failed(error))
    socket.on('listening', () => {
      const { address, port } = socket.address()
      this.#bound = true
      socket.on('close', () => sink.closed())
      sink.bound(udpAddress(address, port))
    })
    socket.bind({ address: host, port, exclusive: true })
  }

  send(data: Uint8Array, host: string | null, port: number): void {
    if (host !== null) this.#socket.send(data, port, host)
    // The kernel may say of the last datagram that it was refused when it is given the next.
    else if (this.#connected) this.#socket.send(data, this.#onSent)
  }

  connect(host: string, port: number, done: (error: unknown) => void): void {
    this.#socket.connect(port, host, (error?: Error) => {
      this.#connected = error === undefined
      done(error ?? null)
    })
  }

  setBroadcast(allowed: boolean): void {
    this.#socket.setBroadcast(allowed)
  }

  addMembership(group: string, iface: string | undefined): void {
    this.#socket.addMembership(group, iface)
  }

  dropMembership(group: string, iface: string | undefined): void {
    this.#socket.dropMembership(group, iface)
  }

  setTTL(ttl: number): void {
    this.#socket.setMulticastTTL(ttl)
  }

  setLoopback(enabled: boolean): void {
    this.#socket.setMulticastLoopback(enabled)
  }

  setInterface(iface: string): void {
    this.#socket.setMulticastInterface(iface)
  }

  close(): void {
    this.#socket.close()
  }

  #failed(error: Error): void {
    const { code } = error as { code?: string }
    if (!this.#bound) {
      this.#sink.failed(error)
      this.#socket.close()
    } else if (code === 'ECONNREFUSED') this.#sink.refused()
    else this.#sink.trouble(error)
  }
}
