/**
 * What faults do to a simulated network and its hosts, and that it is undone.
 *
 * Owns: whom a fault strikes, how hard, and faults that overlap: what two of them broke is whole again when both are
 * over. Must not know: how faults are planned. Every fault has a generator of its own, made of the seed and its number,
 * so that leaving one out leaves the others as they were. A scenario may break and mend the same things; then what was
 * done last holds.
 */

import type { SeededRandom } from '../../core/random.js'
import type { LinkOptions } from '../simulation/network/options.js'
import type { Fault, FaultKind } from './fault.js'

/** What a plan of faults is carried out on. */
export interface FaultField {
  /** The generator of the simulation. */
  readonly random: Pick<SeededRandom, 'fork'>
  /** Names of the hosts, in the order in which they were made. */
  readonly names: readonly string[]
  readonly network: FaultNetwork
  /** Does something at a virtual time. */
  at(ms: number, fn: () => void): void
  /** For the trace. */
  note(text: string): void
  isUp(name: string): boolean
  /** Puts a host's clocks forward by ms, and makes them faster by parts per million; both may be below zero. */
  skew(name: string, offset: number, drift: number): void
}

/** What faults need of the network; its own names and meanings. */
export interface FaultNetwork {
  partition(a: string, b: string, options?: { oneWay?: boolean }): void
  heal(a: string, b: string): void
  crash(name: string): void
  restart(name: string): void
  reset(a: string, b: string): void
  hold(a: string, b: string): void
  release(a: string, b: string): void
  refuse(name: string, port: null, on: boolean): void
  blackHole(name: string, port: null, on: boolean): void
  /** How this direction of a link is now. */
  shapeOf(from: string, to: string): LinkOptions
  linkOneWay(from: string, to: string, options: LinkOptions): void
}

/** Makes a plan happen. To be called once, before the first event. */
export function scheduleFaults(faults: readonly Fault[], field: FaultField): void {
  if (faults.length === 0) return
  const damage = new Damage(field)
  for (const fault of faults) {
    field.at(fault.at, () => {
      const random = field.random.fork(`fault ${fault.index} strikes`)
      const struck = strike(fault, new Chooser(random, field.names, fault.hosts), damage)
      random.free()
      if (struck === null) {
        field.note(`${fault.kind} ${fault.index}: nobody to strike`)
        return
      }
      field.note(`${fault.kind} ${fault.index}: ${struck.text}`)
      if (struck.undo === null) return
      const { undo } = struck
      field.at(fault.at + fault.for, () => {
        field.note(`${fault.kind} ${fault.index}: over`)
        undo()
      })
    })
  }
}

interface Struck {
  readonly text: string
  readonly undo: (() => void) | null
}

type Strike = (choose: Chooser, damage: Damage) => Struck | null

function strike({ kind }: Fault, choose: Chooser, damage: Damage): Struck | null {
  return STRIKES[kind](choose, damage)
}

const STRIKES: Readonly<Record<FaultKind, Strike>> = {
  partition: (choose, damage) => {
    const groups = choose.groups()
    if (groups === null) return null
    const [few, rest] = groups
    const undo = few.flatMap((a) => rest.flatMap((b) => [damage.cut(a, b), damage.cut(b, a)]))
    return { text: `${few.join(' ')} | ${rest.join(' ')}`, undo: all(undo) }
  },
  'one-way': (choose, damage) => choose.between('⇥', (a, b) => damage.cut(a, b)),
  crash: (choose, damage) => choose.one((name) => damage.crash(name)),
  reset: (choose, damage) => choose.between('×', (a, b) => {
    damage.field.network.reset(a, b)
    return null
  }),
  slow: (choose, damage) => {
    const least = choose.number(20, 2_000)
    const latency = [least, least + choose.number(1, 2_000)] as const
    return choose.between('~', (a, b) => damage.impair(a, b, { latency }))
  },
  lossy: (choose, damage) => {
    const how = { loss: choose.part(0.5), reorder: choose.part(0.5), duplicate: choose.part(0.3) }
    return choose.between('~', (a, b) => damage.impair(a, b, how))
  },
  narrow: (choose, damage) => {
    const bandwidth = choose.number(500, 50_000)
    return choose.between('~', (a, b) => damage.impair(a, b, { bandwidth }))
  },
  hold: (choose, damage) => choose.between('‖', (a, b) => damage.count(`hold ${[a, b].sort().join(' ')}`,
    () => damage.field.network.hold(a, b), () => damage.field.network.release(a, b))),
  refuse: (choose, damage) => choose.one((name) => damage.count(`refuse ${name}`,
    () => damage.field.network.refuse(name, null, true), () => damage.field.network.refuse(name, null, false))),
  'black-hole': (choose, damage) => choose.one((name) => damage.count(`black hole ${name}`,
    () => damage.field.network.blackHole(name, null, true), () => damage.field.network.blackHole(name, null, false))),
  skew: (choose, damage) => {
    const offset = choose.number(-30_000, 30_000)
    const drift = choose.number(-1_000, 1_000)
    return choose.one((name) => {
      damage.field.skew(name, offset, drift)
      return () => damage.field.skew(name, -offset, -drift)
    })
  },
}

function all(undo: readonly (() => void)[]): () => void {
  return () => {
    for (const one of undo) one()
  }
}

/** Whom and how much, by one fault's own numbers. */
class Chooser {
  readonly #random: SeededRandom
  readonly #names: readonly string[]
  readonly #targets: readonly string[]

  constructor(random: SeededRandom, names: readonly string[], targets: readonly string[] | undefined) {
    this.#random = random
    this.#names = names
    this.#targets = targets === undefined ? names : names.filter((name) => targets.includes(name))
  }

  /** A whole number, ends included. */
  number(low: number, high: number): number {
    return low + this.#random.below(high - low + 1)
  }

  /** A part of one, in hundredths. */
  part(most: number): number {
    return this.#random.below(Math.round(most * 100) + 1) / 100
  }

  one(how: (name: string) => (() => void) | null): Struck | null {
    if (this.#targets.length === 0) return null
    const name = this.#pick(this.#targets)
    return { text: name, undo: how(name) }
  }

  /** One of the targets, and another host. */
  between(sign: string, how: (a: string, b: string) => (() => void) | null): Struck | null {
    if (this.#targets.length === 0 || this.#names.length < 2) return null
    const a = this.#pick(this.#targets)
    const b = this.#pick(this.#names.filter((name) => name !== a))
    const isTurned = this.#random.below(2) === 1
    const [first, second] = isTurned ? [b, a] : [a, b]
    return { text: `${first} ${sign} ${second}`, undo: how(first, second) }
  }

  /** Some of the targets, and all others. */
  groups(): [string[], string[]] | null {
    const most = Math.min(this.#targets.length, this.#names.length - 1)
    if (most < 1) return null
    const left = [...this.#targets]
    const few: string[] = []
    for (let count = 1 + this.#random.below(most); count > 0; count--) {
      few.push(...left.splice(this.#random.below(left.length), 1))
    }
    return [few, this.#names.filter((name) => !few.includes(name))]
  }

  #pick(names: readonly string[]): string {
    return names[this.#random.below(names.length)]!
  }
}

interface Impaired {
  readonly base: LinkOptions
  readonly active: LinkOptions[]
}

/** What is broken now, by how many faults. */
class Damage {
  readonly field: FaultField
  readonly #counts = new Map<string, number>()
  readonly #impaired = new Map<string, Impaired>()

  constructor(field: FaultField) {
    this.field = field
  }

  /** Breaks something unless it is broken. @returns what mends it, once nobody else has it broken */
  count(key: string, start: () => void, end: () => void): () => void {
    const before = this.#counts.get(key) ?? 0
    this.#counts.set(key, before + 1)
    if (before === 0) start()
    return () => {
      const left = this.#counts.get(key)! - 1
      this.#counts.set(key, left)
      if (left === 0) end()
    }
  }

  cut(from: string, to: string): () => void {
    const { network } = this.field
    return this.count(cutKey(from, to), () => network.partition(from, to, { oneWay: true }), () => {
      network.heal(from, to)
      // Healing is for both directions; the other may be cut by another fault.
      if ((this.#counts.get(cutKey(to, from)) ?? 0) > 0) network.partition(to, from, { oneWay: true })
    })
  }

  crash(name: string): () => void {
    const { field } = this
    return this.count(`crash ${name}`, () => {
      if (field.isUp(name)) field.network.crash(name)
    }, () => {
      if (!field.isUp(name)) field.network.restart(name)
    })
  }

  impair(a: string, b: string, how: LinkOptions): () => void {
    return all([this.#impairOneWay(a, b, how), this.#impairOneWay(b, a, how)])
  }

  #impairOneWay(from: string, to: string, how: LinkOptions): () => void {
    const { network } = this.field
    const key = JSON.stringify([from, to])
    let link = this.#impaired.get(key)
    if (link === undefined) this.#impaired.set(key, link = { base: { ...network.shapeOf(from, to) }, active: [] })
    const { base, active } = link
    active.push(how)
    network.linkOneWay(from, to, how)
    return () => {
      active.splice(active.indexOf(how), 1)
      network.linkOneWay(from, to, Object.assign({}, base, ...active) as LinkOptions)
      if (active.length === 0) this.#impaired.delete(key)
    }
  }
}

function cutKey(from: string, to: string): string {
  return `cut ${JSON.stringify([from, to])}`
}
