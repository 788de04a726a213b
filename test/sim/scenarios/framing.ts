/**
 * Lines, raw bytes between lines, netstrings and strings behind their length, cut anywhere, reset, half closed, given
 * up.
 *
 * Safety: what arrives is what was sent, in order, from the beginning; and all of it where the end was clean, although
 * the connection was slow, reset, or its host lost. Nothing comes to whoever has paused, or has closed. No parser ever
 * finds fault. Liveness: what begins in quiet arrives
 * whole, both ways.
 */
import {
  ConnectionAborted, ConnectionDone, Factory, Int16StringReceiver, Int32StringReceiver, Int8StringReceiver,
  LineReceiver, NetstringReceiver,
} from 'whorl'
import type { Failure, IStreamTransport } from 'whorl'
import type { Reactor } from 'whorl/node'
import type { SeededRandom } from 'whorl/core'
import type { Scenario, SimulateOptions } from 'whorl/testing'
import { bytesOf, differenceOf, fateOf, joined, Judge, keepOn, QUIET, sizeBy } from './parts.js'

/** Each run takes its time. */
export const share = 0.8

export const options: SimulateOptions = {
  until: 75_000, hosts: 3, bufferBytes: 16_384, segment: [1, 1_460],
  faults: { every: 3_000, quiet: QUIET },
}

const KINDS = ['lines', 'text', 'raw', 'netstring', 'int8', 'int16', 'int32'] as const
type Kind = typeof KINDS[number]

/**
 * `half`: the client closes its sending side, and hears the rest; `lose`: it closes; `stop`: it closes as soon as
 * it has heard so many strings; `abort`: it gives up.
 */
type Ending = 'half' | 'lose' | 'stop' | 'abort'

/** One connection, as those who know both ends see it. */
interface Transfer {
  readonly id: number
  readonly kind: Kind
  readonly ending: Ending
  /** Bytes of each string that the client sends, and that the server sends. */
  readonly up: readonly number[]
  readonly down: readonly number[]
  readonly pauses: boolean
  /** Made when they are needed first. */
  readonly contents: Uint8Array[]
  heardUp: number
  heardDown: number
  /** Both ends have been told of the end. */
  clientReason: Failure | null
  serverReason: Failure | null
  serverReadEnded: boolean
}

export const scenario: Scenario = async (simulation) => {
  const judge = new Judge(simulation)
  const transfers: Transfer[] = []
  const inQuiet: Transfer[] = []
  simulation.host('server', ({ reactor }) => {
    KINDS.forEach((kind, at) => reactor.listenTCP(7_000 + at, factoryOf(kind, () => new ServerSide(judge, transfers))))
  })
  for (let client = 1; client < simulation.hosts; client++) {
    simulation.host(`client-${client}`, (host) => {
      const random = fateOf(simulation, host)
      keepOn(host, random.between(0, 2_000), () => {
        const isQuiet = simulation.now > judge.calm + 500
        if (simulation.now > simulation.until - 20_000) return null
        const transfer = transferBy(random, transfers.length)
        transfers.push(transfer)
        if (isQuiet) inQuiet.push(transfer)
        begin(host.reactor, transfer, judge, random, isQuiet)
        return random.between(800, 5_000)
      })
    })
  }
  await simulation.run(simulation.until)
  for (const transfer of inQuiet) {
    if (transfer.ending === 'abort') continue
    const { id, kind, ending, up, down, heardUp, heardDown } = transfer
    judge.that(heardUp === up.length, () => `${kind} ${id}, ${ending}: the server heard ${heardUp} of ${up.length}`)
    if (ending === 'half') {
      judge.that(heardDown === down.length, () => `${kind} ${id}: the client heard ${heardDown} of ${down.length}`)
    }
  }
  judge.verdict()
}

function transferBy(random: SeededRandom, id: number): Transfer {
  const kind = KINDS[random.below(KINDS.length)]!
  const most = kind === 'int8' ? 255 : 9_000
  const sizes = (): number[] => Array.from({ length: 1 + random.below(12) }, () => sizeBy(random, most))
  return {
    id, kind, ending: (['half', 'half', 'lose', 'stop', 'abort'] as const)[random.below(5)]!,
    up: sizes(), down: sizes(), pauses: random.chance(0.3), contents: [],
    heardUp: 0, heardDown: 0, clientReason: null, serverReason: null, serverReadEnded: false,
  }
}

/** What the client does. */
function begin(
  reactor: Reactor, transfer: Transfer, judge: Judge, random: SeededRandom, mustConnect: boolean): void {
  // Whoever closes at an answer has said all by then.
  const pace = random.chance(0.5) || transfer.ending === 'stop' ? 0 : random.between(1, 300)
  const cut = random.below(transfer.up.length)
  const side = new ClientSide(judge, transfer, reactor, pace, cut)
  reactor.connectTCP('server', 7_000 + KINDS.indexOf(transfer.kind), {
    doStart() {}, doStop() {}, startedConnecting() {}, clientConnectionLost() {},
    buildProtocol: () => protocolOf(transfer.kind, side),
    clientConnectionFailed: (_connector, reason) => {
      judge.named(reason.value, 'connecting')
      judge.that(!mustConnect, () => `connecting in quiet failed: ${reason.value.message}`)
    },
  })
}

/** What a protocol tells, and what it is told. */
interface Side {
  opened(peer: Peer): void
  heard(data: Uint8Array, peer: Peer): void
  readEnded(peer: Peer): void
  lost(reason: Failure): void
  broken(what: string): void
}

interface Peer {
  readonly transport: IStreamTransport
  say(message: Uint8Array): void
  pauseProducing(): void
  resumeProducing(): void
}

class ClientSide implements Side {
  readonly #judge: Judge
  readonly #transfer: Transfer
  readonly #reactor: Reactor
  readonly #pace: number
  readonly #cut: number
  #isOver = false
  #isPaused = false
  #hasClosed = false

  constructor(judge: Judge, transfer: Transfer, reactor: Reactor, pace: number, cut: number) {
    this.#judge = judge
    this.#transfer = transfer
    this.#reactor = reactor
    this.#pace = pace
    this.#cut = cut
  }

  opened(peer: Peer): void {
    // Who it is, then what there is to say.
    peer.say(new TextEncoder().encode(String(this.#transfer.id)))
    this.#say(peer, 0)
  }

  #say(peer: Peer, next: number): void {
    const { up, ending } = this.#transfer
    for (let at = next; at < up.length && !this.#isOver; at++) {
      if (ending === 'abort' && at === this.#cut) return peer.transport.abortConnection()
      peer.say(contentOf(this.#transfer, 'up', at))
      if (this.#pace > 0) {
        this.#reactor.callLater(this.#pace, () => this.#say(peer, at + 1))
        return
      }
    }
    if (this.#isOver) return
    if (ending === 'half') peer.transport.loseWriteConnection()
    else if (ending === 'lose') this.#close(peer)
  }

  heard(data: Uint8Array, peer: Peer): void {
    const transfer = this.#transfer
    const { id, kind, ending, down } = transfer
    this.#judge.that(!this.#isPaused, `${kind} ${id}: a string came while nothing was to come`)
    this.#judge.that(!this.#hasClosed, `${kind} ${id}: a string came after the connection was closed`)
    compare(this.#judge, transfer, 'down', transfer.heardDown, data)
    transfer.heardDown += 1
    // The first half comes without being asked for.
    if (ending === 'stop' && transfer.heardDown === 1 + this.#cut % Math.ceil(down.length / 2)) this.#close(peer)
    else if (transfer.pauses) this.#rest(peer)
  }

  #close(peer: Peer): void {
    this.#hasClosed = true
    peer.transport.loseConnection()
  }

  #rest(peer: Peer): void {
    this.#isPaused = true
    peer.pauseProducing()
    this.#reactor.callLater(20, () => {
      this.#isPaused = false
      peer.resumeProducing()
    })
  }

  readEnded(peer: Peer): void {
    peer.transport.loseConnection()
  }

  lost(reason: Failure): void {
    const transfer = this.#transfer
    this.#isOver = true
    this.#judge.that(transfer.clientReason === null, () => `transfer ${transfer.id} was lost twice`)
    transfer.clientReason = reason
    this.#judge.named(reason.value, `transfer ${transfer.id}`)
    if (transfer.ending === 'abort') {
      this.#judge.that(reason.check(ConnectionDone) === null || transfer.heardDown === transfer.down.length,
        () => `an end by force was told as ${reason.value.name}`)
    }
    if (reason.check(ConnectionAborted) !== null) {
      this.#judge.that(transfer.ending === 'abort', 'nobody has given up, and yet it was')
    }
    if (transfer.ending !== 'half' || reason.check(ConnectionDone) === null) return
    this.#judge.that(transfer.heardDown === transfer.down.length, () =>
      `${transfer.kind} ${transfer.id}: a clean end after ${transfer.heardDown} of ${transfer.down.length}`)
  }

  broken(what: string): void {
    this.#judge.that(false, `the client's parser: ${what}`)
  }
}

class ServerSide implements Side {
  readonly #judge: Judge
  readonly #transfers: readonly Transfer[]
  #transfer: Transfer | null = null

  constructor(judge: Judge, transfers: readonly Transfer[]) {
    this.#judge = judge
    this.#transfers = transfers
  }

  opened(): void {}

  heard(data: Uint8Array, peer: Peer): void {
    const transfer = this.#transfer
    if (transfer === null) {
      const text = new TextDecoder().decode(data)
      const known = this.#transfers[Number(text)]
      this.#judge.that(known !== undefined, () => `a connection that calls itself ${text}`)
      this.#transfer = known!
      // Half of it now, the rest when the other side has said all.
      if (known !== undefined) this.#say(peer, 0, Math.ceil(known.down.length / 2))
      return
    }
    compare(this.#judge, transfer, 'up', transfer.heardUp, data)
    transfer.heardUp += 1
  }

  readEnded(peer: Peer): void {
    const transfer = this.#transfer
    if (transfer === null) return peer.transport.loseConnection()
    transfer.serverReadEnded = true
    this.#whole('the end of what is read')
    this.#say(peer, Math.ceil(transfer.down.length / 2), transfer.down.length)
    peer.transport.loseConnection()
  }

  #say(peer: Peer, from: number, to: number): void {
    for (let at = from; at < to; at++) peer.say(contentOf(this.#transfer!, 'down', at))
  }

  lost(reason: Failure): void {
    this.#judge.named(reason.value, 'a connection of the server')
    const transfer = this.#transfer
    if (transfer === null) return
    this.#judge.that(transfer.serverReason === null, () => `transfer ${transfer.id} was lost twice`)
    transfer.serverReason = reason
    if (reason.check(ConnectionDone) !== null) this.#whole('a clean end')
  }

  #whole(when: string): void {
    const { id, kind, ending, heardUp, up } = this.#transfer!
    this.#judge.that(ending !== 'abort' && heardUp === up.length, () =>
      `${kind} ${id}, ${ending}: ${when} after ${heardUp} of ${up.length}`)
  }

  broken(what: string): void {
    this.#judge.that(false, `the server's parser: ${what}`)
  }
}

function compare(judge: Judge, transfer: Transfer, way: 'up' | 'down', at: number, data: Uint8Array): void {
  const { id, kind } = transfer
  if (at >= transfer[way].length) return judge.that(false, `${kind} ${id}: one more ${way} than were sent`)
  const difference = differenceOf(contentOf(transfer, way, at), data)
  judge.that(difference === -1, () =>
    `${kind} ${id}: string ${at} ${way} differs at byte ${difference} of ${data.length}`)
}

/** String number `at` of a transfer. */
function contentOf(transfer: Transfer, way: 'up' | 'down', at: number): Uint8Array {
  const key = at * 2 + (way === 'up' ? 0 : 1)
  return transfer.contents[key] ??= makeContent(transfer, key, transfer[way][at]!)
}

const LETTERS = ['a', 'é', '€', '😀', '\r', '\t']

function makeContent({ id, kind }: Transfer, key: number, size: number): Uint8Array {
  const bytes = bytesOf(id * 1_000 + key, kind === 'text' ? Math.min(size, 2_000) : size)
  if (kind === 'text') {
    let text = ''
    for (const byte of bytes) text += LETTERS[byte % LETTERS.length]!
    return new TextEncoder().encode(text)
  }
  // Anything but what ends a line.
  if (kind === 'lines') for (let i = 0; i < size; i++) if (bytes[i] === 10 || bytes[i] === 13) bytes[i] = 11
  return bytes
}

function factoryOf(kind: Kind, side: () => Side): Factory {
  const factory = new Factory()
  factory.buildProtocol = () => protocolOf(kind, side())
  return factory
}

function protocolOf(kind: Kind, side: Side): Lines | Text | Raw | Netstrings | Int8 | Int16 | Int32 {
  switch (kind) {
    case 'lines': return new Lines(side)
    case 'text': return new Text(side)
    case 'raw': return new Raw(side)
    case 'netstring': return new Netstrings(side)
    case 'int8': return new Int8(side)
    case 'int16': return new Int16(side)
    case 'int32': return new Int32(side)
  }
}

class Lines extends LineReceiver<Uint8Array> {
  override encoding = 'bytes' as const
  readonly side: Side
  constructor(side: Side) {
    super()
    this.side = side
  }

  override connectionMade(): void { this.side.opened(this) }
  say(message: Uint8Array): void { this.sendLine(message) }
  override lineReceived(line: Uint8Array): void { this.side.heard(line, this) }
  override lineLengthExceeded(): void { this.side.broken('a line too long') }
  readConnectionLost(): void { this.side.readEnded(this) }
  writeConnectionLost(): void {}
  override connectionLost(reason: Failure): void {
    super.connectionLost(reason)
    this.side.lost(reason)
  }
}

class Text extends LineReceiver {
  override delimiter = '\n'
  readonly side: Side
  constructor(side: Side) {
    super()
    this.side = side
  }

  override connectionMade(): void { this.side.opened(this) }
  say(message: Uint8Array): void { this.sendLine(new TextDecoder().decode(message)) }
  override lineReceived(line: string): void { this.side.heard(new TextEncoder().encode(line), this) }
  override lineLengthExceeded(): void { this.side.broken('a line too long') }
  readConnectionLost(): void { this.side.readEnded(this) }
  writeConnectionLost(): void {}
  override connectionLost(reason: Failure): void {
    super.connectionLost(reason)
    this.side.lost(reason)
  }
}

/** A line says how many raw bytes follow, then comes the next line. */
class Raw extends LineReceiver {
  readonly side: Side
  #pieces: Uint8Array[] = []
  #left = 0
  constructor(side: Side) {
    super()
    this.side = side
  }

  override connectionMade(): void { this.side.opened(this) }
  say(message: Uint8Array): void {
    this.sendLine(String(message.length))
    this.transport.write(message)
  }

  override lineReceived(line: string): void {
    if (!/^\d+$/.test(line)) return this.side.broken(`a line '${line}'`)
    this.#left = Number(line)
    if (this.#left === 0) this.side.heard(new Uint8Array(0), this)
    else this.setRawMode()
  }

  override rawDataReceived(data: Uint8Array): void {
    const rest = data.subarray(this.#left)
    this.#pieces.push(data.subarray(0, this.#left))
    this.#left -= data.length - rest.length
    if (this.#left > 0) return
    const whole = joined(this.#pieces)
    this.#pieces = []
    this.side.heard(whole, this)
    this.setLineMode(rest)
  }

  override lineLengthExceeded(): void { this.side.broken('a line too long') }
  readConnectionLost(): void { this.side.readEnded(this) }
  writeConnectionLost(): void {}
  override connectionLost(reason: Failure): void {
    super.connectionLost(reason)
    this.side.lost(reason)
  }
}

class Netstrings extends NetstringReceiver {
  readonly side: Side
  constructor(side: Side) {
    super()
    this.side = side
  }

  override connectionMade(): void { this.side.opened(this) }
  say(message: Uint8Array): void { this.sendString(message) }
  override stringReceived(data: Uint8Array): void { this.side.heard(data, this) }
  override handleParseError(error: Error): void { this.side.broken(error.message) }
  readConnectionLost(): void { this.side.readEnded(this) }
  writeConnectionLost(): void {}
  override connectionLost(reason: Failure): void {
    super.connectionLost(reason)
    this.side.lost(reason)
  }
}

type Prefixed = typeof Int8StringReceiver | typeof Int16StringReceiver | typeof Int32StringReceiver

function prefixed<Base extends Prefixed>(Base: Base) {
  return class extends (Base as typeof Int32StringReceiver) {
    readonly side: Side
    constructor(side: Side) {
      super()
      this.side = side
    }

    override connectionMade(): void { this.side.opened(this) }
    say(message: Uint8Array): void { this.sendString(message) }
    override stringReceived(data: Uint8Array): void { this.side.heard(data, this) }
    override lengthLimitExceeded(length: number): void { this.side.broken(`a string of ${length} bytes`) }
    readConnectionLost(): void { this.side.readEnded(this) }
    writeConnectionLost(): void {}
    override connectionLost(reason: Failure): void {
      super.connectionLost(reason)
      this.side.lost(reason)
    }
  }
}

class Int8 extends prefixed(Int8StringReceiver) {}
class Int16 extends prefixed(Int16StringReceiver) {}
class Int32 extends prefixed(Int32StringReceiver) {}
