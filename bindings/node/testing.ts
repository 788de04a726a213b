/**
 * `whorl/testing` on Node: what all hosts share, with Node's guard, core and worker threads where none are given.
 *
 * Owns: these defaults. Must not know: simulations.
 */

import {
  repeat as repeatPortable, simulate as simulateHere, Simulation as PortableSimulation,
} from '../../src/testing/index.js'
import type {
  Recipe, Scenario, SimulateOptions as PortableOptions, SimulateReport, SimulationOptions,
} from '../../src/testing/index.js'
import { nodeCore } from './load.js'
import { breather, patience, SimulateBar } from './simulate-bar.js'
import { defaultWorkers, simulateInWorkers } from './simulate-workers.js'
import { checkAllow } from './simulation-allow.js'
import { NodeGuard } from './simulation-guard.js'

export * from '../../src/testing/index.js'
export { recordTo, Replay } from './record.js'
export { NodeGuard } from './simulation-guard.js'

/** As on every host; with a guard that keeps simulated code from Node's own clocks, timers, entropy and sockets. */
export class Simulation extends PortableSimulation {
  constructor(options: SimulationOptions) {
    super({ core: nodeCore(), guard: new NodeGuard(), ...options })
  }
}

/** How {@link simulate} runs. */
export interface SimulateOptions extends PortableOptions {
  /**
   * Worker threads for a scenario that is given as the URL of a module; as many as the machine runs at a time. 0: all
   * seeds are run in this thread, as those of a function always are.
   */
  workers?: number
  /**
   * How long one run in a worker thread may take, ms of real time; 60,000. A thread that takes longer is ended, whatever
   * it does, and its seed has failed: a loop without an end would otherwise never say where it is. Infinity: no limit.
   * In this thread nothing can end a loop.
   */
  seedTimeout?: number
}

/**
 * Runs a scenario once for each seed: see the other `simulate`. One that is given as the URL of a module runs in worker
 * threads. On a terminal a bar says how far it has come, unless `progress` is given.
 */
export async function simulate(
  seeds: number | Iterable<number | string>, scenario: Scenario | URL, options: SimulateOptions = {},
): Promise<SimulateReport> {
  const { workers = defaultWorkers(), seedTimeout, ...settings } = options
  if (!(Number.isSafeInteger(workers) && workers >= 0)) throw new RangeError(`workers: 0 or more, not ${workers}`)
  if (seedTimeout !== undefined && !(seedTimeout > 0)) throw new RangeError(`seedTimeout: above 0 ms, not ${seedTimeout}`)
  // Before any thread is: there it would be the first seed that fails.
  if (settings.allow !== undefined && settings.guard !== null) checkAllow(settings.allow)
  const bar = new SimulateBar()
  const all: PortableOptions = { progress: (progress) => bar.show(progress), ...settings }
  try {
    if (scenario instanceof URL && workers > 0) {
      return await simulateInWorkers(import.meta.url, seeds, scenario, workers, seedTimeout === undefined ? all : { ...all, seedTimeout })
    }
    return await simulateHere(seeds, scenario, { ...defaults(), ...all })
  } finally {
    bar.clear()
  }
}

/** Runs one recipe, in this thread: see the other `repeat`. */
export function repeat(
  scenario: Scenario | URL, recipe: Recipe, options: SimulateOptions = {}): Promise<PortableSimulation> {
  const { workers: _workers, seedTimeout: _seedTimeout, ...settings } = options
  return repeatPortable(scenario, recipe, { ...defaults(), ...settings })
}

function defaults(): PortableOptions {
  return { core: nodeCore(), guard: new NodeGuard(), pause: breather(), patience }
}
