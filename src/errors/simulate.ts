/**
 * Errors of simulated runs: one that failed, and simulated code that reached for the real machine.
 *
 * Owns: these classes. Must not know: how runs are made, repeated or guarded.
 */

import type { Fault as PlannedFault } from '../testing/simulate/fault.js'
import type { Recipe } from '../testing/simulate/recipe.js'
import { WhorlError } from './base.js'
import type { ErrorDetails, Fault } from './base.js'

/** Further properties of an {@link AmbientAccessError}. */
export interface AmbientAccessDetails extends ErrorDetails {
  /** What was called: `Date.now`, `node:net connect`, … */
  access?: string
  /** The simulated host whose turn it was; '' if it was none's. */
  host?: string
}

/** Code under simulation called a clock, timer, source of entropy, socket or process of the real machine. */
export class AmbientAccessError extends WhorlError {
  static override readonly code: string = 'ERR_SIMULATION_AMBIENT'
  static override readonly fault: Fault = 'local'

  /** What was called. */
  readonly access: string
  /** The simulated host whose turn it was; '' if it was none's. */
  readonly host: string

  constructor(message = 'Something of the real machine was used in a simulation.', details: AmbientAccessDetails = {}) {
    super(message, details)
    this.access = details.access ?? ''
    this.host = details.host ?? ''
  }
}

/** Further properties of a {@link SimulationFailure}. */
export interface SimulationFailureDetails extends ErrorDetails {
  seed?: number | string
  recipe?: Recipe
  faults?: readonly PlannedFault[]
  trace?: Uint8Array
  digest?: string
}

/**
 * A simulated run failed. The `cause` is what it failed with; the last line of the message is code that repeats the
 * smallest run that was found to fail in the same way.
 */
export class SimulationFailure extends WhorlError {
  static override readonly code: string = 'ERR_SIMULATION_FAILED'
  static override readonly fault: Fault = 'local'

  /** The seed under which it failed. */
  readonly seed: number | string
  /** What to run to see it again: for `repeat`. */
  readonly recipe: Recipe
  /** The faults of the recipe, in the order of their times. */
  readonly faults: readonly PlannedFault[]
  /** The trace of the repeated run; empty if there is none. */
  readonly trace: Uint8Array
  /** The digest of that trace. */
  readonly digest: string

  constructor(message = 'A simulated run failed.', details: SimulationFailureDetails = {}) {
    super(message, details)
    this.seed = details.seed ?? details.recipe?.seed ?? 0
    this.recipe = details.recipe ?? { seed: this.seed }
    this.faults = details.faults ?? []
    this.trace = details.trace ?? new Uint8Array(0)
    this.digest = details.digest ?? ''
  }
}
