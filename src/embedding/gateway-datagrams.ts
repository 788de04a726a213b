/**
 * One UDP port of an embedded program.
 *
 * Owns: the port and its two windows. Datagrams are never held back: one for which there is no credit is lost, as on
 * any network. Must not know: what they carry.
 */
import type { Failure } from '../defer/index.js'
import { EmbeddingViolation } from '../errors/embedding.js'
import type { IUDPTransport, UDPAddress } from '../interfaces/index.js'
import { DatagramProtocol } from '../protocols/datagram-protocol.js'
import { describeFailure } from './failures.js'
import type { GatewayHandle, GatewayTable } from './gateway.js'
import { checkedCredit, place } from './gateway-stream.js'
import { Kind } from './messages.js'
import type { Field } from './messages.js'

/** Bytes that each datagram counts besides its own. */
export const DATAGRAM_COST = 64

/** Received ones are cut by the reactor inside, which knows what was asked for. */
const LONGEST = 65_535

/** A UDP port for an embedded program. @internal */
export class GatewayDatagrams extends DatagramProtocol implements GatewayHandle {
  readonly #table: GatewayTable
  readonly #id: number
  readonly #port: IUDPTransport
  #credit: number
  #window: number
  #owed = 0
  #over = false
  #connected = false

  /** @returns null if it could not be bound, which has been said then @throws what `listenUDP` throws */
  static open(table: GatewayTable, id: number, fields: readonly Field[]): GatewayDatagrams | null {
    const port = new GatewayDatagrams(table, id, fields)
    port.#begin()
    return port.#over ? null : port
  }

  private constructor(table: GatewayTable, id: number, fields: readonly Field[]) {
    super()
    const [credit, host, port, shared] = fields as [number, string, number, number]
    if (shared !== 0) throw new EmbeddingViolation('Several sockets on one port are not for embedded programs.')
    this.#table = table
    this.#id = id
    this.#credit = checkedCredit(credit)
    this.#window = table.limits.window
    this.#port = table.reactor.listenUDP(port, this, { interface: host, maxPacketSize: LONGEST })
  }

  #begin(): void {
    this.#port.ready.addCallbacks(() => {
      if (!this.#over) this.#table.tell(Kind.LISTENING, this.#id, this.#window, ...place(this.#port.getHost()))
    }, (reason) => this.#end(reason))
  }

  override datagramReceived(data: Uint8Array, { host, port }: UDPAddress): void {
    const cost = data.length + DATAGRAM_COST
    if (this.#over || cost > this.#credit) return
    this.#credit -= cost
    this.#table.tell(Kind.DATAGRAM, this.#id, host, port, data)
  }

  override connectionRefused(): void {
    if (!this.#over) this.#table.tell(Kind.REFUSED, this.#id)
  }

  #end(reason: Failure): void {
    if (this.#over) return
    this.#over = true
    this.#table.forget(this.#id)
    this.#table.tell(Kind.FAILED, this.#id, ...describeFailure(reason.value))
  }

  message(kind: number, fields: readonly Field[]): void {
    if (kind === Kind.DATAGRAM) this.#send(fields[0] as string, fields[1] as number, fields[2] as Uint8Array)
    else if (kind === Kind.CREDIT) this.#credit = checkedCredit(this.#credit + (fields[0] as number))
    else if (kind === Kind.PEER) this.#connect(fields[0] as string, fields[1] as number)
    else if (kind === Kind.CLOSE) {
      this.#over = true
      this.#table.forget(this.#id)
      this.#port.stopListening()?.addBoth(() => this.#table.tell(Kind.CLOSED, this.#id, '', ''))
    } else throw new EmbeddingViolation(`Message ${kind} is nothing for a UDP port.`)
  }

  drop(): void {
    this.#over = true
    this.#port.stopListening()
  }

  #connect(host: string, port: number): void {
    if (this.#connected) throw new EmbeddingViolation('A UDP port was connected twice.')
    this.#connected = true
    this.#attempt(() => this.#port.connect(host, port))
  }

  #send(host: string, port: number, data: Uint8Array): void {
    const cost = data.length + DATAGRAM_COST
    if (cost > this.#window) throw new EmbeddingViolation('More datagrams came than were allowed.')
    this.#window -= cost
    this.#owed += cost
    this.#attempt(() => this.#port.write(data, host === '' ? undefined : { host, port }))
    if (this.#owed * 2 < this.#table.limits.window) return
    this.#window += this.#owed
    this.#table.tell(Kind.CREDIT, this.#id, this.#owed)
    this.#owed = 0
  }

  /** What may not be sent there, or cannot be, is lost; the program is told that nothing answers. */
  #attempt(fn: () => void): void {
    try {
      fn()
    } catch {
      this.#table.tell(Kind.REFUSED, this.#id)
    }
  }
}
