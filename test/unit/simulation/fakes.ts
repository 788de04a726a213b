/**
 * A simulation that simulates nothing, and numbers that depend on a seed, to try with what is above a Simulation.
 */
import type { SeededRandom } from '../../../src/core/random.js'
import { Failure } from '../../../src/defer/index.js'
import type { Fault } from '../../../src/testing/simulate/fault.js'
import type { RunOptions } from '../../../src/testing/simulate/run.js'
import type { Simulation, SimulationOptions } from '../../../src/testing/simulation/simulation.js'

/** mulberry32, behind what is used of a SeededRandom. */
export function fakeRandom(seed: number | string): SeededRandom {
  const key = String(seed)
  let state = 0x811c9dc5
  for (let k = 0; k < key.length; k++) state = Math.imul(state ^ key.charCodeAt(k), 0x01000193)
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
  const float = (): number => next() / 2 ** 32
  return {
    next, float, below: (n: number) => Math.floor(float() * n),
    between: (low: number, high: number) => low + float() * (high - low), chance: (part: number) => float() < part,
    fork: (label: string) => fakeRandom(`${key}/${label}`), free: () => undefined,
  } as unknown as SeededRandom
}

/** What a fake run has and does. */
export interface FakeSimulation {
  readonly seed: number | string
  readonly hosts: number
  readonly until: number
  readonly faults: readonly Fault[]
  now: number
  unhandled: Failure[]
  /** What its digest is made of, beside its options. */
  did: string
  isClosed: boolean
}

/** Options with which runs are of fakes; `made` are all of them. */
export function fakes(): { options: RunOptions, made: FakeSimulation[], optionsOf: SimulationOptions[] } {
  const made: FakeSimulation[] = []
  const optionsOf: SimulationOptions[] = []
  const simulation = (options: SimulationOptions): Simulation => {
    const { seed, hosts = 3, until = 0, faults } = options
    const fake = {
      seed, hosts, until, faults: faults ?? [], now: 0, unhandled: [] as Failure[], did: '', isClosed: false,
      digest: () => JSON.stringify([fake.seed, fake.hosts, fake.until, fake.faults, fake.did]),
      trace: () => new TextEncoder().encode(`trace of ${String(seed)}`),
      close: () => { fake.isClosed = true },
    }
    optionsOf.push(options)
    made.push(fake)
    return fake as unknown as Simulation
  }
  const core = { random: fakeRandom } as unknown as NonNullable<RunOptions['core']>
  return { options: { simulation, core }, made, optionsOf }
}

/** For scenarios of fakes. */
export function fakeOf(simulation: Simulation): FakeSimulation {
  return simulation as unknown as FakeSimulation
}

export function unhandled(error: Error): Failure {
  return new Failure(error)
}
