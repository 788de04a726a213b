/**
 * Random programs for two ends of a connection, and what TCP promises about them: each side receives a prefix of what
 * the other wrote, all of it when the other's end came in order, and hears of the end once.
 */
import type { Failure } from '../../../src/defer/index.js'
import type { ITransport } from '../../../src/interfaces/index.js'
import { ClientFactory } from '../../../src/protocols/factory.js'
import { Protocol } from '../../../src/protocols/protocol.js'
import { Numbers } from './network-world.js'

export type Side = 0 | 1

export type Step =
  | { do: 'write', side: Side, bytes: number }
  | { do: 'pause' | 'resume' | 'half' | 'close' | 'abort', side: Side }
  | { do: 'partition' | 'oneWay' | 'heal' | 'crash' | 'restart' | 'hold' | 'release' | 'reset', side: Side }

export interface Program {
  /** Which sides can close half of a connection. */
  halves: [boolean, boolean]
  steps: Step[]
}

const LOCAL = ['write', 'write', 'write', 'pause', 'resume', 'half', 'close', 'abort'] as const
const FAULTS = ['partition', 'oneWay', 'heal', 'heal', 'crash', 'restart', 'hold', 'release', 'reset'] as const

export function makeProgram(seed: number, steps: number, faults: boolean, mostBytes = 20_000): Program {
  const numbers = new Numbers(seed)
  const made: Step[] = []
  for (let i = 0; i < steps; i++) {
    const side = numbers.below(2) as Side
    const isFault = faults && numbers.chance(0.35)
    const action = isFault ? FAULTS[numbers.below(FAULTS.length)]! : LOCAL[numbers.below(LOCAL.length)]!
    if (action === 'write') made.push({ do: 'write', side, bytes: 1 + Math.floor(numbers.float() ** 3 * mostBytes) })
    // Ends are seldom, so that something happens before them.
    else if ((action === 'close' || action === 'abort') && numbers.chance(0.5)) made.push({ do: 'resume', side })
    else made.push({ do: action, side })
  }
  return { halves: [numbers.chance(0.5), numbers.chance(0.5)], steps: made }
}

/** What one side lives through. */
export class Party extends Protocol {
  readonly log: string[] = []
  readonly side: Side
  /** Bytes written before the end of our stream. */
  written = 0
  got = 0
  wrong = false
  closedByUs = false
  /** The other side's end has come in order. */
  endSeen = false
  reasons: Failure[] = []
  late = 0
  /** Makes its bytes others than those of other connections. */
  salt = 0
  /** Is told of everything that it is told. */
  witness: ((what: 'made' | 'data' | 'end' | 'lost', bytes: number) => void) | null = null

  constructor(side: Side) {
    super()
    this.side = side
  }

  override connectionMade(): void {
    this.log.push('made')
    this.witness?.('made', 0)
  }

  override dataReceived(data: Uint8Array): void {
    if (this.reasons.length > 0 || this.endSeen) this.late += 1
    for (const byte of data) {
      if (byte !== byteAt(1 - this.side, this.got, this.salt)) this.wrong = true
      this.got += 1
    }
    if (this.log[this.log.length - 1]?.startsWith('data') === true) this.log.pop()
    this.log.push(`data ${this.got}`)
    this.witness?.('data', data.length)
  }

  override connectionLost(reason: Failure): void {
    this.reasons.push(reason)
    const name = reason.value.constructor.name
    if (name === 'ConnectionDone' && !this.closedByUs) this.endSeen = true
    this.log.push(`lost ${name}`)
    this.witness?.('lost', 0)
  }

  perform(step: Step): void {
    const transport = this.transport as ITransport & {
      pauseProducing(): void, resumeProducing(): void, loseWriteConnection(): void, abortConnection(): void
    }
    if (this.reasons.length > 0) return
    switch (step.do) {
      case 'write': {
        const data = new Uint8Array(step.bytes)
        for (let i = 0; i < data.length; i++) data[i] = byteAt(this.side, this.written + i, this.salt)
        if (!this.closedByUs && !transport.disconnecting) this.written += data.length
        transport.write(data)
        break
      }
      case 'pause': return transport.pauseProducing()
      case 'resume': return transport.resumeProducing()
      case 'half':
        this.closedByUs = true
        return transport.loseWriteConnection()
      case 'close':
        this.closedByUs = true
        return transport.loseConnection()
      case 'abort':
        this.closedByUs = true
        return transport.abortConnection()
      default:
    }
  }
}

/** A party that can close half a connection. */
export class HalfParty extends Party {
  readConnectionLost(): void {
    this.endSeen = true
    this.log.push('read lost')
    this.witness?.('end', 0)
  }

  writeConnectionLost(): void {
    this.log.push('write lost')
  }
}

export class PartyFactory extends ClientFactory {
  readonly party: Party

  constructor(side: Side, half: boolean) {
    super()
    this.party = half ? new HalfParty(side) : new Party(side)
  }

  override buildProtocol(): Party {
    return this.party
  }
}

function byteAt(side: number, offset: number, salt: number): number {
  return (offset * 31 + (offset >> 8) + side * 101 + salt * 59) & 255
}

/** @returns what is wrong, '' if nothing */
export function broken(parties: readonly [Party, Party]): string {
  for (const one of parties) {
    const other = parties[one.side === 0 ? 1 : 0]
    const where = `side ${one.side}: ${one.log.join(', ')}; it got ${one.got} of ${other.written}`
    if (one.wrong) return `other bytes than were sent: ${where}`
    if (one.got > other.written) return `more bytes than were sent: ${where}`
    if (one.late > 0) return `bytes after the end: ${where}`
    if (one.reasons.length > 1) return `two ends: ${where}`
    if (one.endSeen && one.got !== other.written) return `an end in order, and not all of it: ${where}`
  }
  return ''
}
