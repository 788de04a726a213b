/**
 * UDP inside: datagram sockets by asking the gateway.
 *
 * Owns: ports, and their windows. Must not know: protocols. What there is no credit for is lost, as on any network.
 */
import { DATAGRAM_COST, failureOf, Kind } from '../../src/embedding/index.js'
import type { Field } from '../../src/embedding/index.js'
import { NotSupportedError } from '../../src/errors/index.js'
import type { DatagramHandle, DatagramHost, DatagramRequest, DatagramSink } from '../../src/interfaces/index.js'
import { udpAddress } from '../../src/transports/udp-address.js'
import { WINDOW } from './border.js'
import type { Border, Insider } from './border.js'

const NO_GROUPS = 'the messages to the embedder have none for groups'

/** UDP for one reactor. */
export class NoneUDP implements DatagramHost {
  readonly #border: Border

  constructor(border: Border) {
    this.#border = border
  }

  bind(request: DatagramRequest, sink: DatagramSink): DatagramHandle {
    if (request.shared) throw new NotSupportedError('none', 'listenMulticast', { reason: NO_GROUPS })
    return new NoneDatagrams(this.#border, request, sink)
  }
}

class NoneDatagrams implements DatagramHandle, Insider {
  readonly #border: Border
  readonly #sink: DatagramSink
  readonly #id: number
  #credit = 0
  #owed = 0

  constructor(border: Border, { host, port }: DatagramRequest, sink: DatagramSink) {
    this.#border = border
    this.#sink = sink
    this.#id = border.enter(this)
    border.tell(Kind.BIND, this.#id, WINDOW, host, port, 0)
  }

  send(data: Uint8Array, host: string | null, port: number): void {
    const cost = data.length + DATAGRAM_COST
    if (cost > this.#credit) return
    this.#credit -= cost
    this.#border.tell(Kind.DATAGRAM, this.#id, host ?? '', host === null ? 0 : port, data)
  }

  connect(host: string, port: number, done: (error: unknown) => void): void {
    this.#border.tell(Kind.PEER, this.#id, host, port)
    done(null)
  }

  setBroadcast(_allowed: boolean): void {
    throw lacking('setBroadcastAllowed')
  }

  addMembership(): void {
    throw lacking('joinGroup')
  }

  dropMembership(): void {
    throw lacking('leaveGroup')
  }

  setTTL(): void {
    throw lacking('setTTL')
  }

  setLoopback(): void {
    throw lacking('setLoopbackMode')
  }

  setInterface(): void {
    throw lacking('setOutgoingInterface')
  }

  close(): void {
    this.#border.tell(Kind.CLOSE, this.#id)
  }

  message(kind: number, fields: readonly Field[]): void {
    if (kind === Kind.LISTENING) {
      const [credit, host, port] = fields as [number, string, number]
      this.#credit = credit
      this.#sink.bound(udpAddress(host, port))
    } else if (kind === Kind.DATAGRAM) {
      const [host, port, data] = fields as [string, number, Uint8Array]
      const cost = data.length + DATAGRAM_COST
      if ((this.#owed += cost) * 2 >= WINDOW) {
        this.#border.tell(Kind.CREDIT, this.#id, this.#owed)
        this.#owed = 0
      }
      this.#sink.received(data, host, port)
    } else if (kind === Kind.CREDIT) this.#credit += fields[0] as number
    else if (kind === Kind.REFUSED) this.#sink.refused()
    else if (kind === Kind.CLOSED) {
      this.#border.leave(this.#id)
      this.#sink.closed()
    } else if (kind === Kind.FAILED) {
      const [code, message] = fields as [string, string]
      this.#border.leave(this.#id)
      this.#sink.failed(failureOf(code, message))
    }
  }
}

function lacking(feature: string): NotSupportedError {
  return new NotSupportedError('none', feature, { reason: NO_GROUPS })
}
