/**
 * What makes one simulated run, in as few words as possible.
 *
 * Owns: the shape of a recipe, the shape of a scenario, and how both are written as code. Must not know: how a run is
 * made, or a small recipe found.
 */

import type { Simulation } from '../simulation/simulation.js'

/** A program to simulate: makes hosts, runs the simulation, throws when something is wrong. */
export type Scenario = (simulation: Simulation) => unknown

/** One run of a scenario. What is missing is as the options say that the run was made with. */
export interface Recipe {
  readonly seed: number | string
  /** How many hosts the scenario is to use, where it asks. */
  readonly hosts?: number
  /** Virtual time at which the run ends, ms. */
  readonly until?: number
  /** Indexes of the planned faults that happen; all if missing. */
  readonly faults?: readonly number[]
}

/** The recipe as the source of an object. */
export function recipeText(recipe: Recipe): string {
  const parts = [`seed: ${JSON.stringify(recipe.seed)}`]
  if (recipe.hosts !== undefined) parts.push(`hosts: ${recipe.hosts}`)
  if (recipe.until !== undefined) parts.push(`until: ${recipe.until}`)
  if (recipe.faults !== undefined) parts.push(`faults: [${recipe.faults.join(', ')}]`)
  return `{ ${parts.join(', ')} }`
}

/** One line of code that runs the recipe again. `withOptions`: it was made with options, which must be given again. */
export function repeatLine(scenario: Scenario | URL, recipe: Recipe, withOptions: boolean): string {
  const what = typeof scenario === 'function' ? nameOf(scenario) : `new URL(${JSON.stringify(scenario.href)})`
  return `await repeat(${what}, ${recipeText(recipe)}${withOptions ? ', options' : ''})`
}

function nameOf(scenario: Scenario): string {
  return /^[A-Za-z_$][\w$]*$/.test(scenario.name) && scenario.name !== 'default' ? scenario.name : 'scenario'
}
