/**
 * `npm run sim`: runs the scenarios beside it under many seeds, in all threads of the machine, or one recipe again.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { performance } from 'node:perf_hooks'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { repeat, simulate, SimulationFailure } from 'whorl/testing'
import type { Recipe, SimulateOptions, SimulateReport } from 'whorl/testing'
import { scenarioFiles, seedsFor } from './scenarios.js'
import type { ScenarioFile } from './scenarios.js'

const USAGE = `npm run sim -- [options]

  --seeds N        so many seeds, shared among the scenarios (1000)
  --least N        no fewer for any of them (0)
  --from S         the first of them (0)
  --scenario NAME  only this one; may be given more than once
  --workers N      threads (as many as the machine runs at a time; 0: this one)
  --json FILE      write what came of it

  --seed S         only this seed, in this thread; its trace is kept in any case
  --hosts N --until MS --faults I,J,…   the rest of a recipe, as a failure prints it

The trace of a failure goes to build/artefacts/.
`

interface Line {
  readonly scenario: string
  readonly seeds: number
  readonly virtualMs: number
  readonly elapsedMs: number
  readonly failure: string | null
}

type Values = ReturnType<typeof read>

class UsageError extends Error {}

function read() {
  try {
    return parseArgs({
      options: {
        seeds: { type: 'string' }, least: { type: 'string' }, from: { type: 'string' }, scenario: { type: 'string', multiple: true },
        workers: { type: 'string' }, json: { type: 'string' }, seed: { type: 'string' }, hosts: { type: 'string' },
        until: { type: 'string' }, faults: { type: 'string' }, help: { type: 'boolean' },
      },
    }).values
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

function whole(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const number = Number(text)
  if (text.trim() === '' || !Number.isSafeInteger(number) || number < 0) {
    throw new UsageError(`--${name} takes a whole number, not '${text}'`)
  }
  return number
}

/** A number where the text is how one is written: of 2^53 + 1, say, a number would be another seed. */
function seedOf(text: string): number | string {
  return String(Number(text)) === text && Number.isFinite(Number(text)) ? Number(text) : text
}

function time(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const number = Number(text)
  if (text.trim() === '' || !(number > 0 && number < Infinity)) {
    throw new UsageError(`--${name} takes a time above 0 ms, not '${text}'`)
  }
  return number
}

function indexes(text: string): number[] {
  return text === '' ? [] : text.split(',').map((index) => whole('faults', index)!)
}

/** What belongs to many seeds is not for one, and the other way round. */
function refuse(values: Values, names: readonly (keyof Values)[], why: string): void {
  for (const name of names) if (values[name] !== undefined) throw new UsageError(`--${name} ${why}`)
}

function chosen(files: readonly ScenarioFile[], names: readonly string[] | undefined): readonly ScenarioFile[] {
  for (const name of names ?? []) {
    if (!files.some((file) => file.name === name)) {
      throw new UsageError(`no scenario is called '${name}'; there are: ${files.map((file) => file.name).join(', ')}`)
    }
  }
  return names === undefined ? files : files.filter((file) => names.includes(file.name))
}

async function runMany(files: readonly ScenarioFile[], values: Values): Promise<Line[]> {
  const total = whole('seeds', values.seeds) ?? 1_000
  const least = whole('least', values.least) ?? 0
  const from = whole('from', values.from) ?? 0
  if (!Number.isSafeInteger(from + Math.max(total, least))) throw new UsageError(`there are no ${total} seeds from ${from} on`)
  const workers = whole('workers', values.workers)
  const plan = [...seedsFor(files, total, least)]
  const run = ([file, count]: [ScenarioFile, number], options: SimulateOptions): Promise<Line> => {
    const seeds = Array.from({ length: count }, (_, index) => from + index)
    return measured(file, () => simulate(seeds, file.url, options), seeds)
  }
  // Several scenarios at a time, with a thread each, have fewer threads to warm up; but nobody could read their bars.
  const most = workers ?? availableParallelism()
  if (!process.stderr.isTTY && most > 1 && plan.length > 1) {
    return inTurn(plan, most, (one) => run(one, { workers: 1 }))
  }
  return inTurn(plan, 1, (one) => run(one, workers === undefined ? {} : { workers }))
}

/** Does all, so many at a time; what came of each, in the order of `all`. */
async function inTurn<T>(all: readonly T[], most: number, run: (one: T) => Promise<Line>): Promise<Line[]> {
  const lines: Line[] = []
  let next = 0
  const work = async (): Promise<void> => {
    while (next < all.length) {
      const index = next++
      lines[index] = await run(all[index]!)
    }
  }
  await Promise.all(Array.from({ length: most }, work))
  return lines
}

async function runOne(file: ScenarioFile, values: Values): Promise<Line> {
  const { seed, faults } = values
  const hosts = whole('hosts', values.hosts)
  const until = time('until', values.until)
  const recipe: Recipe = {
    seed: seedOf(seed!),
    ...(hosts === undefined ? {} : { hosts }),
    ...(until === undefined ? {} : { until }),
    ...(faults === undefined ? {} : { faults: indexes(faults) }),
  }
  return measured(file, async () => {
    const simulation = await repeat(file.url, recipe)
    process.stdout.write(`${file.name}: digest ${simulation.digest()}, trace in ${
      keep(file.name, recipe.seed, simulation.trace())}\n`)
    const { now } = simulation
    simulation.close()
    return { seeds: 1, virtualMs: now }
  }, [recipe.seed])
}

async function measured(
  file: ScenarioFile, run: () => Promise<SimulateReport>, seeds: readonly (number | string)[]): Promise<Line> {
  const start = performance.now()
  const line = { scenario: file.name, virtualMs: 0, failure: null }
  try {
    const report = await run()
    return say({ ...line, ...report, elapsedMs: performance.now() - start })
  } catch (error) {
    const elapsedMs = performance.now() - start
    if (!(error instanceof SimulationFailure)) {
      return say({ ...line, seeds: 0, elapsedMs, failure: String((error as Error).stack ?? error) })
    }
    const done = seeds.indexOf(error.seed) + 1
    return say({ ...line, seeds: done, elapsedMs, failure: textOf(file, error) })
  }
}

function textOf(file: ScenarioFile, failure: SimulationFailure): string {
  const { seed, hosts, until, faults } = failure.recipe
  const again = ['npm run sim --', '--scenario', file.name, `--seed=${quoted(String(seed))}`]
  if (hosts !== undefined) again.push(`--hosts ${hosts}`)
  if (until !== undefined) again.push(`--until ${until}`)
  if (faults !== undefined) again.push(`--faults '${faults.join(',')}'`)
  const lines = [failure.message, `or: ${again.join(' ')}`]
  if (failure.trace.length > 0) lines.push(`Its trace: ${keep(file.name, seed, failure.trace)}`)
  const { stack } = failure.cause as Error
  if (stack !== undefined) lines.push('', stack)
  return lines.join('\n')
}

/** As a word of a shell's line. */
function quoted(text: string): string {
  return /^[\w.-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}

/** @returns the path of the trace */
function keep(scenario: string, seed: number | string, trace: Uint8Array): string {
  // From build/js/test/sim/runner/
  const folder = fileURLToPath(new URL('../../../../artefacts/', import.meta.url))
  mkdirSync(folder, { recursive: true })
  const path = `${folder}sim-${scenario}-${String(seed).replace(/[^\w-]/g, '_')}.trace`
  writeFileSync(path, trace)
  return path
}

function say(line: Line): Line {
  const { scenario, seeds, virtualMs, elapsedMs, failure } = line
  const rate = seeds / Math.max(1, elapsedMs) * 1_000
  process.stdout.write(`${scenario.padEnd(24)} ${String(seeds).padStart(7)} seeds ${
    (rate < 10 ? rate.toFixed(1) : String(Math.round(rate))).padStart(7)}/s ${
    (virtualMs / 3_600_000).toFixed(2).padStart(9)} virtual hours${failure === null ? '' : '  FAILED'}\n`)
  if (failure !== null) process.stdout.write(`\n${failure}\n\n`)
  return line
}

async function main(): Promise<void> {
  const values = read()
  if (values.help === true) {
    process.stdout.write(USAGE)
    return
  }
  const start = performance.now()
  const files = chosen(await scenarioFiles(), values.scenario)
  let lines: Line[] = []
  if (values.seed === undefined) {
    refuse(values, ['hosts', 'until', 'faults'], 'is of a recipe, which needs --seed')
    lines = await runMany(files, values)
  } else {
    refuse(values, ['seeds', 'least', 'from', 'workers'], 'is for many seeds, and --seed is for one')
    for (const file of files) lines.push(await runOne(file, values))
  }
  const seeds = lines.reduce((sum, line) => sum + line.seeds, 0)
  const elapsedMs = performance.now() - start
  const failed = lines.filter((line) => line.failure !== null).length
  process.stdout.write(`${seeds} seeds in ${(elapsedMs / 1_000).toFixed(1)} s, ${
    Math.round(seeds / Math.max(1, elapsedMs) * 1_000)}/s; ${failed === 0 ? 'all well' : `${failed} failed`}\n`)
  if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(lines, null, 2))
  if (failed > 0) process.exitCode = 1
}

main().catch((error: unknown) => {
  const isUsage = error instanceof UsageError
  process.stderr.write(isUsage ? `${error.message}\n\n${USAGE}` : `${String((error as Error).stack)}\n`)
  process.exitCode = isUsage ? 2 : 1
})
