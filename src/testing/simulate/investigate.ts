/**
 * From a run that failed to a SimulationFailure: the smallest recipe, its trace, and how to see it again.
 *
 * Owns: the words of the message, and the question whether the run repeats at all. Must not know: the other seeds.
 */

import { SimulationFailure } from '../../errors/index.js'
import { faultText } from './fault.js'
import { repeatLine } from './recipe.js'
import type { Recipe, Scenario } from './recipe.js'
import { endOf, planOf, quietOf, shapeOf } from './run.js'
import type { Outcome, RunOptions } from './run.js'
import { shrink } from './shrink.js'
import type { WholeRecipe } from './shrink.js'

/** What an investigation needs. */
export interface Case {
  /** What the line of code names. */
  readonly scenario: Scenario | URL
  readonly options: RunOptions
  /** What the line of code must give besides; null: nothing. */
  readonly given: object | null
  /** Most runs to find a smaller recipe; 0: none is looked for. */
  readonly most: number
  run(recipe: Recipe, trace: 'full' | 'digest'): Promise<Outcome>
}

/** Makes the error of a run that failed, of the smallest recipe that fails in the same way. */
export async function investigate(failed: Outcome, seed: number | string, about: Case): Promise<SimulationFailure> {
  const { options } = about
  const plan = planOf(seed, options)
  const whole: WholeRecipe = {
    seed, until: endOf(options), faults: plan.map((fault) => fault.index),
    ...(options.hosts === undefined ? {} : { hosts: options.hosts }),
  }
  const again = await about.run(whole, 'full')
  if (again.digest !== failed.digest || shapeOfOutcome(again) !== shapeOfOutcome(failed)) {
    return failureOf(about, slim(whole, whole, about), failed, {
      total: plan.length, runs: 0, remark: 'A second run with the same seed went another way: something in the ' +
        'scenario depends on what is not simulated.',
    })
  }
  const trial = (outcome: Outcome) => ({ shape: shapeOfOutcome(outcome), at: outcome.at })
  const faultOf = (index: number) => plan.find((fault) => fault.index === index)!
  const { recipe, runs } = await shrink(whole, trial(failed), {
    run: async (smaller) => trial(await about.run(smaller, 'digest')),
    startOfFault: (index) => faultOf(index).at,
    endOfFaults: (indexes) => Math.max(0, ...indexes.map((index) => faultOf(index).at + faultOf(index).for)),
    quiet: quietOf(options), most: about.most,
  })
  const smallest = recipe === whole ? again : await about.run(recipe, 'full')
  return failureOf(about, slim(recipe, whole, about), smallest, { total: plan.length, runs, remark: '' })
}

/** The error of one run of a recipe, as it is. */
export function failureOf(
  about: Pick<Case, 'scenario' | 'given'>, recipe: Recipe, { error, faults, trace, digest, at }: Outcome,
  { total, runs, remark }: { total: number, runs: number, remark: string },
): SimulationFailure {
  const lines = [`Seed ${String(recipe.seed)} fails at ${at} ms: ${error!.name}: ${error!.message}`]
  if (total > 0) lines.push(faults.length === 0 ? `Without any of its ${total} faults.` : `Faults, of ${total}:`)
  for (const fault of faults) lines.push(`  ${faultText(fault)}`)
  if (runs > 0) lines.push(`The smallest that was found in ${runs} runs to fail like this.`)
  if (remark !== '') lines.push(remark)
  lines.push('Again:', repeatLine(about.scenario, recipe, about.given))
  return new SimulationFailure(lines.join('\n'), { cause: error, seed: recipe.seed, recipe, faults, trace, digest })
}

function shapeOfOutcome({ error }: Outcome): string | null {
  return error === null ? null : shapeOf(error)
}

/** Without what the options say anyway. */
function slim(recipe: WholeRecipe, whole: WholeRecipe, { options }: Case): Recipe {
  const { seed, hosts, until, faults } = recipe
  const hasFewer = faults.length < whole.faults.length
  return {
    seed,
    ...(hosts === undefined || hosts === options.hosts ? {} : { hosts }),
    ...(until === whole.until ? {} : { until }),
    ...(hasFewer ? { faults } : {}),
  }
}
