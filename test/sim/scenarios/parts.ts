/**
 * What the scenarios share: a judge, bytes that can be told apart, and hosts that always have something to do.
 *
 * Owns: no rule of any protocol. Errors that protocols throw are logged by reactors and go no further, so that what is
 * found wrong inside a callback is told to the judge, who ends the run.
 */
import { WhorlError } from 'whorl'
import type { SeededRandom } from 'whorl/core'
import type { Simulation, SimulatedHost } from 'whorl/testing'

/** Something that should not have happened. */
export class Wrong extends Error {
  override readonly name = 'Wrong'
}

/** For so long before the end of a run nothing is broken; virtual ms. All scenarios plan their faults with it. */
export const QUIET = 40_000

/** Hears of what is wrong, and ends the run. */
export class Judge {
  readonly simulation: Simulation
  #first: Error | null = null

  constructor(simulation: Simulation) {
    this.simulation = simulation
    simulation.check(() => {
      if (this.#first !== null) throw this.#first
    })
  }

  /** When the last fault is over. */
  get calm(): number {
    return this.simulation.until - QUIET
  }

  /** @param what is wrong where `condition` does not hold */
  that(condition: boolean, what: string | (() => string)): void {
    if (!condition) this.#first ??= new Wrong(typeof what === 'string' ? what : what())
  }

  /** Whether an error is one of those that are documented. */
  named(error: unknown, where: string): void {
    this.that(error instanceof WhorlError, () => `${where} failed without a name: ${String(error)}`)
  }

  /** To be asked at the end: whatever a reactor has logged as an error is one. */
  verdict(): void {
    if (this.#first !== null) throw this.#first
    for (const { level, message, ...rest } of this.simulation.log) {
      if (level !== 'error' && level !== 'critical') continue
      const failure = (rest as { failure?: { getTraceback(): string } }).failure
      throw new Wrong(`logged: ${message}\n${failure?.getTraceback() ?? JSON.stringify(rest)}`)
    }
  }
}

/** Calls `fn` again and again, while this life of the host lasts and `stop` has not come; `fn` says when next, ms. */
export function keepOn({ reactor }: SimulatedHost, first: number, fn: () => number | null): void {
  const again = (): void => {
    const next = fn()
    if (next !== null) reactor.callLater(next, again)
  }
  reactor.callLater(first, again)
}

/** A generator for one life of a host: another life does other things. */
export function fateOf(simulation: Simulation, host: SimulatedHost): SeededRandom {
  return simulation.random.fork(`${host.name} ${host.incarnation}`)
}

/** A size: most are small, some are not. */
export function sizeBy(random: SeededRandom, most: number): number {
  const part = random.float()
  return Math.floor(part * part * part * part * (most + 1))
}

/** Bytes that differ from those of other keys, and from themselves elsewhere. */
export function bytesOf(key: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let at = 0; at < length; at++) bytes[at] = byteAt(key, at)
  return bytes
}

/** One of these bytes. */
export function byteAt(key: number, at: number): number {
  return (Math.imul(key + 1, 0x9e3779b1) + Math.imul(at, 0x85ebca6b) >>> 24) ^ (at & 0xff)
}

/** Where two arrays differ first; −1 if they do not. */
export function differenceOf(one: Uint8Array, other: Uint8Array): number {
  const length = Math.min(one.length, other.length)
  for (let at = 0; at < length; at++) if (one[at] !== other[at]) return at
  return one.length === other.length ? -1 : length
}

/** Pieces as one. */
export function joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0))
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}
