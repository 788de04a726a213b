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

/**
 * One line of code that runs the recipe again. That of a module needs nothing around it; that of a function stands
 * where the function is.
 *
 * @param options those that the run was made with, and that must be given again; null: there are none
 */
export function repeatLine(scenario: Scenario | URL, recipe: Recipe, options: object | null): string {
  if (typeof scenario === 'function') {
    return `await repeat(${nameOf(scenario)}, ${recipeText(recipe)}${options === null ? '' : ', options'})`
  }
  const given = options === null ? '' : `, ${literalOf(options) ?? 'options'}`
  return `await (await import('whorl/testing')).repeat(new URL(${JSON.stringify(scenario.href)}), ` +
    `${recipeText(recipe)}${given})`
}

/** A value as source; null if it is more than plain data. */
function literalOf(value: unknown): string | null {
  if (value === undefined || value === null || typeof value === 'boolean' || typeof value === 'number') {
    return String(value)
  }
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value !== 'object') return null
  const isList = Array.isArray(value)
  if (!isList && Object.getPrototypeOf(value) !== Object.prototype) return null
  const parts: string[] = []
  for (const [key, part] of Object.entries(value)) {
    const text = literalOf(part)
    if (text === null) return null
    parts.push(isList ? text : `${/^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key)}: ${text}`)
  }
  return isList ? `[${parts.join(', ')}]` : `{ ${parts.join(', ')} }`
}

function nameOf(scenario: Scenario): string {
  return /^[A-Za-z_$][\w$]*$/.test(scenario.name) && scenario.name !== 'default' ? scenario.name : 'scenario'
}
