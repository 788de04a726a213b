/**
 * UDP on Deno: datagram sockets of `Deno.listenDatagram`, which is there with `--unstable-net`.
 *
 * Owns: the sockets. Must not know: protocols. What the kernel would do for a connected socket is done here.
 */

import { NotSupportedError } from '../../src/errors/index.js'
import type { DatagramHandle, DatagramHost, DatagramRequest, DatagramSink } from '../../src/interfaces/index.js'
import { udpAddress } from '../../src/transports/udp-address.js'
import { deno } from './api.js'
import type { DenoDatagramConn, NetAddress } from './api.js'
import { translated } from './errors.js'
import { prepare } from './load.js'

/** UDP for reactors. */
export class DenoUDP implements DatagramHost {
  bind(request: DatagramRequest, sink: DatagramSink): DatagramHandle {
    prepare()
    return new DenoDatagramHandle(request, sink)
  }
}

class DenoDatagramHandle implements DatagramHandle {
  readonly #conn: DenoDatagramConn | null = null
  readonly #sink: DatagramSink
  #peer: NetAddress | null = null
  #isClosed = false
  #sending = 0

  constructor({ host, port, shared }: DatagramRequest, sink: DatagramSink) {
    this.#sink = sink
    try {
      this.#conn = deno().listenDatagram!({ transport: 'udp', hostname: host, port, reuseAddress: shared })
    } catch (error) {
      this.#isClosed = true
      sink.failed(translated(error))
      return
    }
    this.#conn.unref?.()
    const { hostname, port: bound } = this.#conn.addr as NetAddress
    sink.bound(udpAddress(hostname, bound))
    this.#receive()
  }

  send(data: Uint8Array, host: string | null, port: number): void {
    const to = host === null ? this.#peer : { hostname: host, port }
    if (to === null || this.#isClosed) return
    this.#sending++
    this.#conn!.send(data, { transport: 'udp', hostname: to.hostname, port: to.port })
      .catch((error: unknown) => this.#trouble(error))
      .finally(() => {
        this.#sending--
        this.#closeWhenSent()
      })
  }

  connect(hostname: string, port: number, done: (error: unknown) => void): void {
    this.#peer = { hostname, port }
    void Promise.resolve(null).then(done)
  }

  setBroadcast(): void {
    throw this.#lacking('setBroadcastAllowed')
  }

  addMembership(): void {
    throw this.#lacking('joinGroup')
  }

  dropMembership(): void {
    throw this.#lacking('leaveGroup')
  }

  setTTL(): void {
    throw this.#lacking('setTTL')
  }

  setLoopback(): void {
    throw this.#lacking('setLoopbackMode')
  }

  setInterface(): void {
    throw this.#lacking('setOutgoingInterface')
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    void Promise.resolve().then(() => {
      this.#closeWhenSent()
    })
  }

  #closeWhenSent(): void {
    if (!this.#isClosed || this.#sending > 0) return
    this.#sending = Infinity
    this.#conn!.close()
    this.#sink.closed()
  }

  #receive(): void {
    this.#conn!.receive().then(([data, { hostname, port }]) => {
      if (this.#isClosed) return
      const peer = this.#peer
      if (peer === null || (peer.hostname === hostname && peer.port === port)) this.#sink.received(data, hostname, port)
      if (!this.#isClosed) this.#receive()
    }, (error: unknown) => {
      this.#trouble(error)
      if (!this.#isClosed) this.#receive()
    })
  }

  #trouble(error: unknown): void {
    if (this.#isClosed) return
    const known = translated(error)
    if ((known as { code?: string }).code === 'ECONNREFUSED') this.#sink.refused()
    else this.#sink.trouble(known)
  }

  #lacking(feature: string): NotSupportedError {
    return new NotSupportedError('deno', feature,
      { reason: 'whorl has no multicast for Deno' })
  }
}
