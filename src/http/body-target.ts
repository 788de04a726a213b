/**
 * BodyTarget: where a long body that is read whole is read to, without a copy in between.
 *
 *   socket ──▶ room of the body                         while the parser has nothing else and the rest is long
 *   socket ──▶ chunk ──▶ parser ──▶ body                before, and for the end
 *
 * Owns: nothing; it asks the body for room and tells the parser what went past it. Must not know: which side of HTTP.
 */
import type { HTTPParser } from '../core/index.js'
import type { IProtocol, IReadTarget } from '../interfaces/protocol.js'
import type { ITransport } from '../interfaces/transport.js'
import type { IncomingBody } from './incoming-body.js'

/** Less is not worth the change, bytes. */
const LEAST = 65_536
/** What is read at once, so that other connections get their turn, bytes. */
const MOST = 262_144

/** What transports have that read into arrays of others. */
interface Reading extends ITransport {
  readInto?(protocol: IProtocol, target: IReadTarget | null): boolean
}

/** Whose body it is. */
export interface BodyOwner extends IProtocol {
  /** So many bytes of the present body have come, past `dataReceived`. */
  bodyArrived(length: number): void
}

/** One connection's. */
export class BodyTarget implements IReadTarget {
  readonly #owner: BodyOwner
  readonly #transport: Reading
  readonly #parser: HTTPParser
  #body: IncomingBody | null = null
  #room: Uint8Array | null = null
  /** Whether the room is the body's. */
  #isDirect = false

  constructor(owner: BodyOwner, transport: ITransport, parser: HTTPParser) {
    this.#owner = owner
    this.#transport = transport
    this.#parser = parser
  }

  /** Whether enough of a body is still to come, and its place known. */
  static isWorthIt(body: IncomingBody, parser: HTTPParser | null): boolean {
    return parser !== null && body.isWhole && parser.bodyLeft >= LEAST
  }

  /** Has the rest of `body` read to where it belongs, if the transport can. */
  begin(body: IncomingBody): void {
    if (this.#body === body) return
    if (this.#transport.readInto?.(this.#owner, this) === true) this.#body = body
  }

  getBuffer(hint: number): Uint8Array {
    const length = Math.min(this.#parser.bodyLeft, MOST)
    const room = length > 0 && this.#body !== null ? this.#body.room(length) : null
    this.#isDirect = room !== null
    return this.#room = room ?? new Uint8Array(hint)
  }

  bufferUpdated(length: number): void {
    const body = this.#body
    const room = this.#room
    // Somebody may have given the body up while the host was reading into it.
    if (body === null || room === null || !this.#isDirect || !body.isWhole || this.#parser.bodyLeft < length) {
      this.#end()
      if (room !== null) this.#owner.dataReceived(room.slice(0, length))
      return
    }
    if (this.#parser.bodyLeft === length) this.#end()
    body.arrived(length)
    this.#owner.bodyArrived(length)
  }

  #end(): void {
    this.#body = this.#room = null
    this.#transport.readInto?.(this.#owner, null)
  }
}
