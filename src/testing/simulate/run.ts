/**
 * One run of a scenario, from a recipe to what came of it.
 *
 * Owns: the plan of faults for a seed, the life of the Simulation, and what counts as a failure of the run. Must not
 * know: where seeds come from, and what is done about a failure.
 */

import { defaultCore } from '../../core/index.js'
import { ThrownValueError } from '../../errors/index.js'
import type { AmbientAccessError } from '../../errors/index.js'
import type { Simulation, SimulationOptions } from '../simulation/simulation.js'
import { keepFaults, planFaults } from './fault.js'
import type { Fault, FaultOptions } from './fault.js'
import type { Recipe, Scenario } from './recipe.js'

/** Where a run ends when nobody says; virtual ms. */
const UNTIL = 60_000

/** What all runs of a scenario have in common. */
export interface RunOptions extends Omit<SimulationOptions, 'seed' | 'faults' | 'trace'> {
  /** How faults are planned from the seed, or the faults themselves; none if not given. */
  faults?: FaultOptions | readonly Fault[] | null
  /** Whether a Deferred's failure that nobody handled fails a run that was well otherwise; true. */
  unhandled?: boolean
  /**
   * Waits for a scenario that has not ended by itself. May fail when it never will, because it waits for something that
   * is not simulated; that is for a host to know.
   */
  patience?: (playing: PromiseLike<unknown>) => PromiseLike<unknown>
  /** Makes the simulations, where it is not to be the class itself. */
  simulation?: (options: SimulationOptions) => Simulation
}

/** What came of a run. */
export interface Outcome {
  /** What it failed with; null if all was well. */
  readonly error: Error | null
  /** The virtual time at which it was over, ms. */
  readonly at: number
  readonly faults: readonly Fault[]
  readonly digest: string
  /** Empty if it was not asked for. */
  readonly trace: Uint8Array
  /** The scenario has not ended: it waits for something that is not simulated, and would again. */
  readonly isStalled: boolean
}

/** The simulation of a recipe: its faults planned, nothing run yet. */
export function prepareRun(
  recipe: Recipe, options: RunOptions, trace: 'full' | 'digest', make: (options: SimulationOptions) => Simulation,
): { simulation: Simulation, faults: readonly Fault[] } {
  const { faults: _faults, unhandled: _unhandled, patience: _patience, simulation: _simulation, ...rest } = options
  const faults = keepFaults(planOf(recipe.seed, options), recipe.faults)
  const hosts = recipe.hosts ?? options.hosts
  const simulation = make({
    ...rest, seed: recipe.seed, faults, trace, until: recipe.until ?? endOf(options),
    ...(hosts === undefined ? {} : { hosts }),
  })
  return { simulation, faults }
}

/** Runs a recipe once, and closes what it ran on. */
export async function runRecipe(
  scenario: Scenario, recipe: Recipe, options: RunOptions, trace: 'full' | 'digest',
  make: (options: SimulationOptions) => Simulation,
): Promise<Outcome> {
  const { simulation, faults } = prepareRun(recipe, options, trace, make)
  try {
    const { error, isStalled } = await play(scenario, simulation, options)
    return {
      error, isStalled, at: simulation.now, faults, digest: simulation.digest(),
      trace: trace === 'full' ? simulation.trace() : new Uint8Array(0),
    }
  } finally {
    simulation.close()
  }
}

/** Plays the scenario to its end. @returns what it failed with, or what kept it from ending */
export async function play(
  scenario: Scenario, simulation: Simulation, { guard, allow, unhandled, patience }: RunOptions,
): Promise<Pick<Outcome, 'error' | 'isStalled'>> {
  let caught: AmbientAccessError | null = null
  let isStalled = false
  const nobody = (): string => ''
  try {
    let playing: unknown
    // A run guards itself; this is for the hosts that the scenario makes before its first.
    guard?.begin(nobody, allow ?? [], (error) => { caught ??= error })
    try {
      playing = scenario(simulation)
    } finally {
      guard?.end(nobody)
    }
    if (patience !== undefined && isThenable(playing)) {
      isStalled = true
      const over = (): void => { isStalled = false }
      playing.then(over, over)
      await patience(playing)
    } else {
      await playing
    }
  } catch (error) {
    return { error: error instanceof Error ? error : new ThrownValueError(error), isStalled }
  }
  const error: Error | null = caught ?? (unhandled === false ? null : simulation.unhandled[0]?.value ?? null)
  return { error, isStalled: false }
}

/** All faults of a seed. */
export function planOf(seed: number | string, options: RunOptions): readonly Fault[] {
  const { faults } = options
  if (faults === undefined || faults === null) return []
  if (isPlan(faults)) return faults
  const random = (options.core ?? defaultCore()).random(seed)
  const own = random.fork('faults')
  try {
    return planFaults(own, endOf(options), faults)
  } finally {
    own.free()
    random.free()
  }
}

/** Where runs end that are not cut short. */
export function endOf({ until = UNTIL }: RunOptions): number {
  return until
}

/** For how long before its end a run is left in peace, ms. */
export function quietOf(options: RunOptions): number {
  const { faults } = options
  if (faults === undefined || faults === null || isPlan(faults)) return 0
  return faults.quiet ?? endOf(options) / 3
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function'
}

function isPlan(faults: FaultOptions | readonly Fault[]): faults is readonly Fault[] {
  return Array.isArray(faults)
}

/**
 * What two failures have in common when they are of one kind: class, code, and message but for its numbers. Only the
 * first line: what follows tells of the state of things.
 */
export function shapeOf(error: Error): string {
  const { code } = error as { code?: unknown }
  const line = error.message.split('\n', 1)[0]!.slice(0, 200)
  return `${error.name} ${String(code ?? '')} ${line.replace(/\b0x[\da-f]+\b|\d+(?:\.\d+)?/gi, '#')}`
}
