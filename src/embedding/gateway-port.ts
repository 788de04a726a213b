/**
 * One listening port of an embedded program.
 *
 * Owns: the port, and giving each connection that comes in a number. A connection that would be one too many is refused
 * where it came in, and the program never hears of it. Must not know: what the connections carry.
 */
import { EmbeddingViolation } from '../errors/embedding.js'
import type { IListeningPort, TCPAddress } from '../interfaces/index.js'
import { ServerFactory } from '../protocols/factory.js'
import { describeFailure } from './failures.js'
import type { GatewayHandle, GatewayTable } from './gateway.js'
import { checkedCredit, GatewayStream, place } from './gateway-stream.js'
import { Kind, ListenFlag } from './messages.js'
import type { Field } from './messages.js'

/** A port for an embedded program. @internal */
export class GatewayPort extends ServerFactory implements GatewayHandle {
  readonly #table: GatewayTable
  readonly #id: number
  readonly #credit: number
  readonly #port: IListeningPort<TCPAddress>
  #over = false

  /** @returns null if it could not listen, which has been said then @throws what `listenTCP` throws */
  static open(table: GatewayTable, id: number, fields: readonly Field[]): GatewayPort | null {
    const port = new GatewayPort(table, id, fields)
    port.#begin()
    return port.#over ? null : port
  }

  private constructor(table: GatewayTable, id: number, fields: readonly Field[]) {
    super()
    const [credit, host, port, backlog, flags] = fields as [number, string, number, number, number]
    this.#table = table
    this.#id = id
    this.#credit = checkedCredit(credit)
    this.#port = table.reactor.listenTCP(port, this, {
      interface: host, ...backlog === 0 ? {} : { backlog },
      ...(flags & ListenFlag.REUSE_PORT) === 0 ? {} : { reusePort: true },
      ...(flags & ListenFlag.IPV6_ONLY) === 0 ? {} : { ipv6Only: true },
    })
  }

  #begin(): void {
    this.#port.ready.addCallbacks(() => {
      if (!this.#over) this.#table.tell(Kind.LISTENING, this.#id, this.#credit, ...place(this.#port.getHost()))
    }, (reason) => {
      if (this.#over) return
      this.#over = true
      this.#table.forget(this.#id)
      this.#table.tell(Kind.FAILED, this.#id, ...describeFailure(reason.value))
    })
  }

  override buildProtocol(): GatewayStream | null {
    let made: GatewayStream | null = null
    this.#table.adopt((id) => made = new GatewayStream(this.#table, id, this.#credit, (stream) =>
      this.#table.tell(Kind.ACCEPTED, this.#id, id, ...stream.description)))
    return made
  }

  message(kind: number): void {
    if (kind !== Kind.CLOSE) throw new EmbeddingViolation(`Message ${kind} is nothing for a port.`)
    this.drop()
    this.#table.forget(this.#id)
  }

  drop(): void {
    this.#over = true
    this.#port.stopListening()
  }
}
