/**
 * Our end of an interop test: protocols that send their own frames, check the other end's byte for byte, and report
 * when the connection is over. What peers/twisted_peer.py is for Twisted.
 */
import { createHash } from 'node:crypto'
import { Int32StringReceiver, LineReceiver, NetstringReceiver, Protocol } from 'whorl'
import type { Failure, IProtocol, IReactorTime, ITCPTransport } from 'whorl'
import { encoded, frames, pieces } from './plan.js'
import type { Kind, Mode } from './plan.js'

/** What either end says of a connection that is over. */
export interface Report {
  frames: number
  bytes: number
  sha256: string
  reason: string
  problem: string | null
}

const LIMIT = 1 << 20

/** One connection's exchange. */
export class Exchange {
  readonly done: Promise<Report>
  readonly isClient: boolean
  readonly #kind: Kind
  readonly #mode: Mode
  readonly #clock: IReactorTime
  readonly #expected: Buffer[]
  readonly #total: number
  readonly #digest = createHash('sha256')
  #transport: ITCPTransport | null = null
  #report!: (report: Report) => void
  #sentAll = false
  #frames = 0
  #bytes = 0
  #problem: string | null = null

  constructor(isClient: boolean, kind: Kind, mode: Mode, clock: IReactorTime) {
    this.isClient = isClient
    this.#kind = kind
    this.#mode = mode
    this.#clock = clock
    // What is echoed is what the client sent.
    const expected = frames(kind, mode, isClient && kind !== 'echo' ? 1 : 0)
    this.#expected = kind === 'echo' ? [Buffer.concat(expected)] : expected
    this.#total = kind === 'echo' ? this.#expected[0].length : expected.length
    this.done = new Promise((resolve) => { this.#report = resolve })
  }

  /** Sends everything, with `sendFrame` where the mode leaves the cutting to the protocol. */
  begin(transport: ITCPTransport, sendFrame: (data: Buffer) => void): void {
    this.#transport = transport
    transport.setTcpNoDelay(true)
    const own = frames(this.#kind, this.#mode, this.isClient ? 0 : 1)
    if (this.#mode === 'whole' || this.#mode === 'each') {
      for (const data of own) sendFrame(data)
      this.#sent()
    } else {
      this.#sendPieces(pieces(this.#mode, Buffer.concat(own.map((data) => encoded(this.#kind, data)))), 0)
    }
  }

  /** Sends one piece a turn. */
  #sendPieces(list: Buffer[], at: number): void {
    if (at === list.length) return this.#sent()
    this.#transport!.write(list[at])
    this.#clock.callLater(0, () => this.#sendPieces(list, at + 1))
  }

  #sent(): void {
    this.#sentAll = true
    this.#closeWhenDone()
  }

  /** A frame came. */
  got(data: Uint8Array): void {
    const expected = this.#expected[this.#frames]
    if (expected === undefined) return this.fail('a frame too many')
    if (!expected.equals(data)) return this.fail(`frame ${this.#frames} differs`)
    this.#count(1, data)
  }

  /** Bytes of the one stream of an echo came; each counts as a frame. */
  gotBytes(transport: ITCPTransport, data: Uint8Array): void {
    this.#transport = transport
    if (!this.#expected[0].subarray(this.#bytes, this.#bytes + data.length).equals(data)) {
      return this.fail(`the bytes from ${this.#bytes} on differ`)
    }
    this.#count(data.length, data)
  }

  #count(frames: number, data: Uint8Array): void {
    this.#frames += frames
    this.#bytes += data.length
    this.#digest.update(data)
    this.#closeWhenDone()
  }

  #closeWhenDone(): void {
    if (this.isClient && this.#sentAll && this.#frames === this.#total) this.#transport!.loseConnection()
  }

  fail(problem: string): void {
    this.#problem ??= problem
    this.#transport?.abortConnection()
  }

  lost(reason: Failure): void {
    if (this.#frames !== this.#total) this.#problem ??= `got ${this.#frames} of ${this.#total}`
    this.#report({
      frames: this.#frames, bytes: this.#bytes, sha256: this.#digest.digest('hex'), reason: reason.type.name,
      problem: this.#problem,
    })
  }
}

/** A framing protocol that does the exchange. */
function framedEnd(kind: Exclude<Kind, 'echo'>, exchange: Exchange): IProtocol {
  const protocol = kind === 'lines' ? new LineReceiver()
    : kind === 'netstrings' ? new NetstringReceiver() : new Int32StringReceiver()
  protocol.maxLength = LIMIT
  const send = (data: Buffer): void => {
    if (protocol instanceof LineReceiver) protocol.sendLine(data.toString('utf8'))
    else protocol.sendString(data)
  }
  const received = (data: string | Uint8Array): void => {
    exchange.got(typeof data === 'string' ? Buffer.from(data) : data)
  }
  const { connectionLost } = protocol
  return Object.assign(protocol, {
    connectionMade: () => exchange.begin(protocol.transport, send),
    lineReceived: received,
    stringReceived: received,
    connectionLost(reason: Failure): void {
      connectionLost.call(protocol, reason)
      exchange.lost(reason)
    },
  })
}

/** As client sends a stream and checks that it comes back; as server checks it and sends it back. */
class EchoEnd extends Protocol {
  readonly #exchange: Exchange

  constructor(exchange: Exchange) {
    super()
    this.#exchange = exchange
  }

  override connectionMade(): void {
    if (this.#exchange.isClient) this.#exchange.begin(this.transport, (data) => this.transport.write(data))
    else this.transport.setTcpNoDelay(true)
  }

  override dataReceived(data: Uint8Array): void {
    if (!this.#exchange.isClient) this.transport.write(data)
    // Bytes have no frames: each is one.
    this.#exchange.gotBytes(this.transport, data)
  }

  override connectionLost(reason: Failure): void {
    this.#exchange.lost(reason)
  }
}

/** The protocol that does an exchange. */
export function protocolFor(kind: Kind, exchange: Exchange): IProtocol {
  return kind === 'echo' ? new EchoEnd(exchange) : framedEnd(kind, exchange)
}
