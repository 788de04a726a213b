/**
 * What is known of simulated hosts and the links between them by who does things to them: the state that a network of
 * the promised kind would have, kept apart from the simulation's own.
 */
import type { Reactor } from '../../../src/reactor/index.js'
import { DatagramProtocol } from '../../../src/protocols/index.js'
import type { IMulticastTransport, UDPAddress } from '../../../src/interfaces/index.js'
import type { SimulatedHost } from '../../../src/testing/index.js'
import { HalfParty, Party } from './network-model.js'

/** One life of a host; what belongs to one that is over is told nothing. */
export interface LifeOf {
  readonly of: Machine
  readonly reactor: Reactor
  readonly port: IMulticastTransport
  isOver: boolean
}

/** What one host has that must, or must not, outlast its lives. */
export class Machine {
  readonly name: string
  host!: SimulatedHost
  life: LifeOf | null = null
  lives = 0
  /** What `durable` must have. */
  readonly durable = new Map<string, string>()
  /** Of this life. */
  stop81: (() => unknown) | null = null
  isMember = false
  /** The network's rules; they outlast lives. */
  readonly refuses = new Set<number | null>()
  readonly ignores = new Set<number | null>()
  offset = 0
  drift = 0
  #base = 0
  #since = 0

  constructor(name: string) {
    this.name = name
  }

  /** What its clock has counted, ms. */
  counted(now: number): number {
    return this.#base + (now - this.#since) * (1 + this.drift / 1e6)
  }

  drifts(now: number, drift: number): void {
    this.#base = this.counted(now)
    this.#since = now
    this.drift = drift
  }
}

/** One direction between two hosts. */
export class Way {
  isCut = false
  isHeld = false
  loss = 0
  duplicate = 0
  least = 0.2
  /** Nothing is overtaken. */
  isSteady = false
  /** Counts how often it was made another. */
  shape = 0
  readonly rate: number
  #waits = 0
  #passed = 0
  #came = 0
  #at = 0

  /** @param rate bytes a second */
  constructor(rate: number) {
    this.rate = rate
  }

  get isTroubled(): boolean {
    return this.isCut || this.isHeld
  }

  /** So many bytes may go from now on, whoever sends them. */
  handed(now: number, bytes: number): void {
    if (this.rate === Infinity) return
    this.#goOn(now)
    this.#waits += bytes
  }

  /** @returns whether so many more can have come, at its rate */
  came(now: number, bytes: number): boolean {
    if (this.rate === Infinity) return true
    this.#goOn(now)
    this.#came += bytes
    return this.#came <= this.#passed + 0.1
  }

  #goOn(now: number): void {
    const bytes = Math.min(this.#waits, (now - this.#at) / 1_000 * this.rate)
    this.#at = now
    this.#waits -= bytes
    this.#passed += bytes
  }
}

/** A connection, and both of its programs. */
export class Connection {
  readonly parties: readonly [Party, Party]
  readonly from: Machine
  readonly to: Machine
  readonly port: number
  readonly lives: [LifeOf, LifeOf | null]
  failed = ''
  /** Something has happened that may end it. */
  isBlamed = false
  /** Nothing of it was ever lost. */
  isClean: boolean
  /** It was reset, and nothing keeps its ends from hearing of that. */
  mustEnd = false
  readonly keepAlive = [false, false]
  readonly isPaused = [false, false]
  readonly wasPaused = [false, false]

  constructor(id: number, from: LifeOf, to: Machine, port: number, halves: [boolean, boolean], isClean: boolean) {
    this.parties = [halves[0] ? new HalfParty(0) : new Party(0), halves[1] ? new HalfParty(1) : new Party(1)]
    for (const party of this.parties) party.salt = id
    this.from = from.of
    this.to = to
    this.port = port
    this.lives = [from, null]
    this.isClean = isClean
  }

  get isMade(): boolean {
    return this.lives[1] !== null && this.parties.every(({ log }) => log.length > 0)
  }

  isAlive(side: number): boolean {
    const life = this.lives[side]
    const { log, reasons } = this.parties[side] as Party
    return life !== null && life !== undefined && !life.isOver && log.length > 0 && reasons.length === 0
  }

  /** Whether a program that hears of everything at once has not heard of an end. */
  knowsNothing(side: number): boolean {
    const party = this.parties[side] as Party
    return this.isAlive(side) && this.isPaused[side] === false && !party.endSeen
  }

  get isBetweenTwo(): boolean {
    return this.isAlive(0) && this.isAlive(1)
  }

  touches(machine: Machine): boolean {
    return this.from === machine || this.to === machine
  }

  toString(): string {
    return `${this.from.name} → ${this.to.name}:${this.port} [${this.parties.map(({ log }) => log).join(' | ')}]`
  }
}

/** How somebody may have a datagram: not before a time, so many times at most, after those that were held with it. */
export interface Leave {
  earliest: number
  most: number
  /** The way's, when it was sent. */
  readonly shape: number
  /** How often the way was released since. */
  releases: number
  flock: { last: number } | null
}

/** A datagram, and who is to have it. */
export interface Sent {
  readonly id: number
  readonly from: Machine
  readonly bytes: Uint8Array
  readonly time: number
  readonly isGroup: boolean
  readonly may: Map<Machine, Leave>
  /** Who has to have it. */
  readonly must: Set<Machine>
}

export function datagramBytes(id: number, length: number): Uint8Array {
  const bytes = Uint8Array.from({ length: 4 + length }, (_, i) => (id * 7 + i * 13) & 255)
  new DataView(bytes.buffer).setUint32(0, id)
  return bytes
}

/** The one UDP socket of each life. */
export class Mailbox extends DatagramProtocol {
  readonly #heard: (bytes: Uint8Array, from: UDPAddress) => void

  constructor(heard: (bytes: Uint8Array, from: UDPAddress) => void) {
    super()
    this.#heard = heard
  }

  override datagramReceived(bytes: Uint8Array, from: UDPAddress): void {
    this.#heard(bytes, from)
  }
}
