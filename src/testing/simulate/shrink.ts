/**
 * Finds a small recipe that fails as a large one does: fewer faults, fewer hosts, shorter time.
 *
 * Owns: what is tried, in which order, and how often at most. Must not know: how a recipe is run; it is given a
 * function that tells what a run failed with. Faults by delta debugging (Zeller, Hildebrandt: Simplifying and Isolating
 * Failure-Inducing Input, 2002): halves, quarters and so on, each alone and each left out.
 */

import type { Recipe } from './recipe.js'

/** A recipe that says everything. */
export interface WholeRecipe extends Recipe {
  readonly until: number
  readonly faults: readonly number[]
}

/** What the search knows of a run. */
export interface Trial {
  /** What the failure looks like; null if all was well. */
  readonly shape: string | null
  /** Virtual time at which the run was over, ms. */
  readonly at: number
}

/** What the search is about. */
export interface ShrinkOptions {
  /** Runs a recipe. */
  run(recipe: WholeRecipe): Promise<Trial>
  /** When the last of these faults is over; virtual ms. */
  endOfFaults(indexes: readonly number[]): number
  /** When a fault begins; virtual ms. */
  startOfFault(index: number): number
  /** For how long everything is well before a run may be said to have had its chance; ms. */
  quiet: number
  /** Runs at most. */
  most: number
}

/** The smallest recipe that was found to fail as `recipe` did, and the number of runs it took. */
export async function shrink(
  recipe: WholeRecipe, failed: Trial, options: ShrinkOptions): Promise<{ recipe: WholeRecipe, runs: number }> {
  const search = new Search(recipe, failed, options)
  await search.run()
  return { recipe: search.best, runs: search.runs }
}

class Search {
  best: WholeRecipe
  runs = 0
  readonly #shape: string | null
  readonly #options: ShrinkOptions
  readonly #known = new Map<string, Trial>()
  #at: number

  constructor(recipe: WholeRecipe, failed: Trial, options: ShrinkOptions) {
    this.best = recipe
    this.#shape = failed.shape
    this.#at = failed.at
    this.#options = options
  }

  async run(): Promise<void> {
    // What had not begun yet has not done it.
    const begun = this.best.faults.filter((index) => this.#options.startOfFault(index) <= this.#at)
    if (begun.length < this.best.faults.length) await this.#takeIfFails({ ...this.best, faults: begun })
    await this.#fewerFaults()
    if (await this.#fewerHosts()) await this.#fewerFaults()
    await this.#shorterTime()
  }

  async #fewerFaults(): Promise<void> {
    const start = this.best
    if (start.faults.length === 0 || await this.#takeIfFails({ ...start, faults: [] })) return
    let parts = 2
    while (this.best.faults.length > 1) {
      const { faults } = this.best
      const size = Math.ceil(faults.length / parts)
      const next = await this.#oneOf(faults, size)
      if (next !== null) parts = next === 'part' ? 2 : Math.max(2, parts - 1)
      else if (size === 1) return
      else parts = Math.min(faults.length, parts * 2)
    }
  }

  /** Takes the first part of this size that fails alone, or else the first whose absence leaves the failure. */
  async #oneOf(faults: readonly number[], size: number): Promise<'part' | 'rest' | null> {
    for (let from = 0; from < faults.length; from += size) {
      if (await this.#takeIfFails({ ...this.best, faults: faults.slice(from, from + size) })) return 'part'
    }
    for (let from = 0; from < faults.length; from += size) {
      const rest = [...faults.slice(0, from), ...faults.slice(from + size)]
      if (await this.#takeIfFails({ ...this.best, faults: rest })) return 'rest'
    }
    return null
  }

  async #fewerHosts(): Promise<boolean> {
    const before = this.best.hosts ?? 1
    for (;;) {
      const hosts = this.best.hosts ?? 1
      const fewer = new Set([1, Math.ceil(hosts / 4), Math.ceil(hosts / 2), hosts - 1])
      let found = false
      for (const one of [...fewer].sort((a, b) => a - b)) {
        found = one > 0 && one < hosts && await this.#takeIfFails({ ...this.best, hosts: one })
        if (found) break
      }
      if (!found) return hosts < before
    }
  }

  /**
   * Cutting off what comes after the failure, and moving what a scenario does by `until` nearer. Never into the quiet
   * end: a scenario may say then that all must be well, and of a fault that is not over anything would fail. Nor to a
   * time that is too short for a run in which nothing goes wrong.
   */
  async #shorterTime(): Promise<void> {
    for (let isShorter = true; isShorter;) {
      const { best } = this
      const least = Math.ceil(this.#options.endOfFaults(best.faults) + this.#options.quiet)
      const soon = Math.floor(this.#at) + 1
      isShorter = false
      for (const until of new Set([least, Math.max(least, soon)])) {
        if (isShorter || until >= best.until) continue
        isShorter = await this.#isEnough(until, soon) && await this.#takeIfFails({ ...best, until })
      }
    }
  }

  /** Would a run that ends then be well without its faults? */
  async #isEnough(until: number, soon: number): Promise<boolean> {
    if (this.best.faults.length === 0) return until >= soon
    const peaceful = await this.#try({ ...this.best, until, faults: [] })
    return peaceful !== null && peaceful.shape === null
  }

  async #takeIfFails(recipe: WholeRecipe): Promise<boolean> {
    const trial = await this.#try(recipe)
    if (trial === null || trial.shape !== this.#shape) return false
    this.best = recipe
    this.#at = trial.at
    return true
  }

  /** null: it was not tried, since enough was. */
  async #try(recipe: WholeRecipe): Promise<Trial | null> {
    const key = JSON.stringify([recipe.hosts ?? null, recipe.until, recipe.faults])
    const known = this.#known.get(key)
    if (known !== undefined) return known
    if (this.runs >= this.#options.most) return null
    this.runs += 1
    const trial = await this.#options.run(recipe)
    this.#known.set(key, trial)
    return trial
  }
}
