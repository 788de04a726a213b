/**
 * Runs a scenario under many seeds, and one recipe again.
 *
 * Owns: the order of seeds, and stopping at the first that fails. Must not know: threads and terminals; a binding adds
 * them (on Node bindings/node/testing.ts).
 */

import { Simulation } from '../simulation/simulation.js'
import type { SimulationOptions } from '../simulation/simulation.js'
import { failureOf, investigate } from './investigate.js'
import type { Recipe, Scenario } from './recipe.js'
import { play, planOf, prepareRun, runRecipe } from './run.js'
import type { RunOptions } from './run.js'

/** Most runs to find a smaller recipe. */
const SHRINK = 200

/** How far {@link simulate} has come. */
export interface SimulateProgress {
  /** Seeds that were run. */
  readonly done: number
  /** How many there are; null if the iterable does not say. */
  readonly total: number | null
  /** Runs made to find a smaller recipe for a failure; 0 while there is none. */
  readonly shrinking: number
}

/** How {@link simulate} runs. Everything else is handed to each Simulation. */
export interface SimulateOptions extends RunOptions {
  /** Most runs to find a smaller recipe for a failure; 200. With 0 none is looked for. */
  shrink?: number
  /** Told after every run. */
  progress?: (progress: SimulateProgress) => void
  /** Asked after every run: a chance for a host to do what else it has to do. */
  pause?: () => void | PromiseLike<void>
}

/** What {@link simulate} has done when all was well. */
export interface SimulateReport {
  /** Seeds that were run. */
  readonly seeds: number
  /** Their virtual time together, ms. */
  readonly virtualMs: number
}

/**
 * Runs a scenario once for each seed, one after the other; a number n means the seeds 0 to n − 1.
 *
 * @param scenario a function; or the URL of a module that exports it as `scenario` or as its default, and may export
 *   `options`, which those given here override
 * @returns what was done; fails with a SimulationFailure at the first seed that does
 * @example
 * await simulate(1_000, async (simulation) => { … }, { faults: { every: 2_000 } })
 */
export async function simulate(
  seeds: number | Iterable<number | string>, scenario: Scenario | URL, options: SimulateOptions = {},
): Promise<SimulateReport> {
  const { fn, merged } = await resolve(scenario, options)
  const { shrink = SHRINK, progress, pause, ...settings } = merged
  const total = totalOf(seeds)
  let done = 0
  let shrinking = 0
  let virtualMs = 0
  const run = async (recipe: Recipe, trace: 'full' | 'digest') => {
    const outcome = await runRecipe(fn, recipe, settings, trace, makerOf(settings))
    await pause?.()
    return outcome
  }
  const release = settings.guard?.hold?.()
  try {
    for (const seed of seedsOf(seeds)) {
      const outcome = await run({ seed }, 'digest')
      done += 1
      virtualMs += outcome.at
      progress?.({ done, total, shrinking })
      if (outcome.error === null) continue
      if (outcome.isStalled) {
        const total = outcome.faults.length
        const about = { scenario, given: givenOf(options) }
        throw failureOf(about, { seed }, outcome, { total, runs: 0, remark: '' })
      }
      throw await investigate(outcome, seed, {
        scenario, options: settings, given: givenOf(options), most: shrink,
        run: (recipe, trace) => {
          shrinking += 1
          progress?.({ done, total, shrinking })
          return run(recipe, trace)
        },
      })
    }
    return { seeds: done, virtualMs }
  } finally {
    release?.()
  }
}

/**
 * Runs one recipe, as the message of a SimulationFailure says it.
 *
 * @param options those that the recipe was found with
 * @returns the simulation after its run, with its trace; the caller closes it. Fails with a SimulationFailure, whose
 *   `trace` is that of the run
 */
export async function repeat(
  scenario: Scenario | URL, recipe: Recipe, options: SimulateOptions = {}): Promise<Simulation> {
  const { fn, merged } = await resolve(scenario, options)
  const { shrink: _shrink, progress: _progress, pause: _pause, ...settings } = merged
  const { simulation, faults } = prepareRun(recipe, settings, 'full', makerOf(settings))
  const { error, isStalled } = await play(fn, simulation, settings)
  if (error === null) return simulation
  const outcome = {
    error, isStalled, at: simulation.now, faults, digest: simulation.digest(), trace: simulation.trace(),
  }
  simulation.close()
  throw failureOf({ scenario, given: givenOf(options) }, recipe, outcome, {
    total: planOf(recipe.seed, settings).length, runs: 0, remark: '',
  })
}

/** The seeds that a number stands for, or those that were given. @throws RangeError no number of seeds */
export function seedsOf(seeds: number | Iterable<number | string>): Iterable<number | string> {
  if (typeof seeds !== 'number') return seeds
  if (!(Number.isSafeInteger(seeds) && seeds >= 0)) throw new RangeError(`a whole number of seeds, not ${seeds}`)
  return firstSeeds(seeds)
}

/** How many seeds there are, as far as that can be known without making them. */
export function totalOf(seeds: number | Iterable<number | string>): number | null {
  if (typeof seeds === 'number') return seeds
  const { length, size } = seeds as { length?: unknown, size?: unknown }
  const total = length ?? size
  return typeof total === 'number' ? total : null
}

function* firstSeeds(count: number): Iterable<number> {
  for (let seed = 0; seed < count; seed++) yield seed
}

function makerOf({ simulation }: RunOptions): (options: SimulationOptions) => Simulation {
  return simulation ?? ((options) => new Simulation(options))
}

async function resolve(
  scenario: Scenario | URL, options: SimulateOptions): Promise<{ fn: Scenario, merged: SimulateOptions }> {
  if (typeof scenario === 'function') return { fn: scenario, merged: options }
  const module = await import(/* @vite-ignore */ scenario.href) as ScenarioModule
  const fn = module.scenario ?? module.default
  if (typeof fn !== 'function') {
    throw new TypeError(`${scenario.href} exports no function as 'scenario', and none as its default`)
  }
  return { fn, merged: { ...module.options, ...options } }
}

/** What the module of a scenario exports. */
interface ScenarioModule {
  readonly scenario?: Scenario
  readonly default?: Scenario
  readonly options?: SimulateOptions
}

/** Those of the options that change what happens in a run; null: none. @internal */
export function givenOf(options: SimulateOptions): object | null {
  const others = [
    'shrink', 'progress', 'pause', 'core', 'guard', 'simulation', 'patience', 'workers', 'traceBytes',
  ]
  const given = Object.entries(options).filter(([name, value]) => value !== undefined && !others.includes(name))
  return given.length === 0 ? null : Object.fromEntries(given)
}
