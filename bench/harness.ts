/**
 * Measures the cases of a subject: all sides in one run, one after the other in every round, the order turned round
 * from round to round, so that what disturbs the machine disturbs every side. Knows no subject and prints nothing
 * but progress. A ratio is taken pair by pair, within a round, and its median reported.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type {
  Case, CaseResult, Check, Comparison, Measured, Metric, Runner, Side, SideResult, Spread, Subject, SubjectResult,
  Target, Totals,
} from './model.js'
import { NotInstalled } from './model.js'

export interface MeasureOptions {
  readonly quick: boolean
  /** Overrides the number of rounds. */
  readonly rounds?: number
  readonly progress?: (text: string) => void
}

const ROUNDS = 9
const QUICK_ROUNDS = 3
const LEAST_ROUNDS = 3
const WARMUPS = 2
const DEFAULT_BUDGET = 10_000
const QUICK_BUDGET = 1_500

interface Entry {
  readonly side: Side
  readonly runner: Runner | null
  readonly reason: string | null
  readonly samples: Totals[]
}

export async function measureSubject(subject: Subject, options: MeasureOptions): Promise<SubjectResult> {
  const began = process.hrtime.bigint()
  const cases: CaseResult[] = []
  for (const each of subject.cases) {
    options.progress?.(`${subject.name}: ${each.name}`)
    try {
      cases.push(await measureCase(each, options))
    } catch (error) {
      throw new Error(`${subject.name}, ${each.name}: ${error instanceof Error ? error.message : String(error)}`,
        { cause: error })
    }
  }
  const seconds = Number(process.hrtime.bigint() - began) / 1e9
  return { name: subject.name, title: subject.title, description: subject.description, cases, seconds }
}

async function measureCase(what: Case, options: MeasureOptions): Promise<CaseResult> {
  const n = options.quick ? what.quickN : what.n
  const rounds = options.rounds ?? (options.quick ? QUICK_ROUNDS : ROUNDS)
  const budget = options.quick ? QUICK_BUDGET : what.budget ?? DEFAULT_BUDGET
  const entries: Entry[] = []
  try {
    for (const side of what.sides) entries.push(await startSide(side, n))
    const live = entries.filter((entry) => entry.runner !== null)
    const checks = new Map<string, Check>()
    for (const entry of live) {
      const warmups = entry.side.warmups ?? (options.quick ? 1 : WARMUPS)
      for (let i = 0; i < warmups; i++) await runOnce(entry, n, checks)
    }
    const began = Date.now()
    for (let round = 0; round < rounds; round++) {
      if (options.rounds === undefined && round >= LEAST_ROUNDS && Date.now() - began > budget) break
      const order = round % 2 === 0 ? live : [...live].reverse()
      for (const entry of order) {
        if (round >= (entry.side.maxRounds ?? rounds)) continue
        entry.samples.push(perOperation(await runOnce(entry, n, checks), n))
      }
    }
    const check = agreed(checks)
    // Last, so that a handler that makes digests is not what the compilers learn from.
    await verifyAll(live, n)
    const sides = entries.map((entry) => sideResult(entry, what.metrics))
    return {
      name: what.name, operation: what.operation, n, metrics: what.metrics, check, sides,
      comparisons: compareAll(what, entries, sides),
    }
  } finally {
    for (const entry of entries) await entry.runner?.dispose?.()
  }
}

async function startSide(side: Side, n: number): Promise<Entry> {
  try {
    return { side, runner: await side.start(n), reason: null, samples: [] }
  } catch (error) {
    // Ours is always there: only a rival may be missing.
    if (!(error instanceof NotInstalled) || side.role === 'ours') throw error
    return { side, runner: null, reason: error.message, samples: [] }
  }
}

async function verifyAll(entries: readonly Entry[], n: number): Promise<void> {
  const digests = new Map<string, Check>()
  for (const { side, runner } of entries) {
    if (runner?.verify !== undefined) digests.set(side.name, await runner.verify(n))
  }
  if (digests.size > 0) agreed(digests)
}

async function runOnce(entry: Entry, n: number, checks: Map<string, Check>): Promise<Totals> {
  const runner = entry.runner as Runner
  const prepared = runner.setup?.(n)
  if (prepared instanceof Promise) await prepared
  collectGarbage()
  const cpuBefore = process.cpuUsage()
  const before = process.hrtime.bigint()
  const pending = runner.run(n)
  // A side that answers at once is not charged for a turn of the microtask queue.
  const answer = pending instanceof Promise ? await pending : pending
  const wall = Number(process.hrtime.bigint() - before)
  const used = process.cpuUsage(cpuBefore)
  const finished = runner.teardown?.(n)
  if (finished instanceof Promise) await finished
  const own = isMeasured(answer)
  const check = own ? answer.check : answer
  const known = checks.get(entry.side.name)
  if (known !== undefined && known !== check) {
    throw new Error(`${entry.side.name} answered ${known} in one run and ${check} in another`)
  }
  checks.set(entry.side.name, check)
  return own ? answer.totals : { wall, cpu: (used.user + used.system) * 1000 }
}

function isMeasured(answer: Check | Measured): answer is Measured {
  return typeof answer === 'object'
}

// Full collections would also throw away bytecode that has not run since the last few, and what was compiled from it.
setFlagsFromString('--no-flush-bytecode')
setFlagsFromString('--expose-gc')
/** Garbage of one side must not be charged to the next. */
const collectGarbage = runInNewContext('gc') as () => void

/** One value that all sides agree on; throws, naming every side's, when they differ. */
export function agreed(checks: ReadonlyMap<string, Check>): Check {
  const values = new Set(checks.values())
  if (values.size !== 1) {
    const list = [...checks].map(([name, value]) => `${name}: ${value}`).join('; ')
    throw new Error(`the sides did different work (${list || 'no side could run'})`)
  }
  return [...values][0] as Check
}

function perOperation(totals: Totals, n: number): Totals {
  const each: Totals = {}
  for (const key of Object.keys(totals) as Metric[]) each[key] = (totals[key] ?? NaN) / n
  return each
}

export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const median = sorted.length % 2 === 1
    ? sorted[middle]
    : (sorted[middle - 1] + sorted[middle]) / 2
  return { median, min: sorted[0], max: sorted[sorted.length - 1] }
}

function sideResult(entry: Entry, metrics: readonly Metric[]): SideResult {
  const { side, runner, reason, samples } = entry
  const all: Partial<Record<Metric, Spread>> = {}
  for (const metric of new Set<Metric>([...metrics, ...(Object.keys(samples[0] ?? {}) as Metric[])])) {
    const values = samples.map((sample) => sample[metric]).filter((value) => value !== undefined)
    if (values.length > 0) all[metric] = spread(values)
  }
  return {
    name: side.name, role: side.role, installed: runner !== null, ...(reason === null ? {} : { reason }),
    rounds: samples.length, perOperation: all, samples,
  }
}

function compareAll(what: Case, entries: readonly Entry[], sides: readonly SideResult[]): Comparison[] {
  const comparisons: Comparison[] = []
  for (const metric of what.metrics) {
    const best = bestRival(sides, metric)
    for (const ours of entries.filter((entry) => entry.side.role === 'ours')) {
      for (const rival of entries.filter((entry) => entry.side.role === 'rival')) {
        const target = what.targets.find((each) =>
          each.ours === ours.side.name && each.rival === rival.side.name && each.metric === metric)
        const kind = target?.kind ?? what.targets[0]?.kind ?? 'at-least'
        comparisons.push(comparePair(ours, rival, metric, kind, target, best === rival.side.name))
      }
    }
  }
  return comparisons
}

function bestRival(sides: readonly SideResult[], metric: Metric): string | null {
  let best: SideResult | null = null
  for (const side of sides) {
    const value = side.perOperation[metric]
    if (side.role !== 'rival' || value === undefined) continue
    if (best === null || value.median < (best.perOperation[metric] as Spread).median) best = side
  }
  return best?.name ?? null
}

function comparePair(
  ours: Entry, rival: Entry, metric: Metric, kind: Target['kind'], target: Target | undefined, best: boolean,
): Comparison {
  const pairs = Math.min(ours.samples.length, rival.samples.length)
  const values: number[] = []
  for (let i = 0; i < pairs; i++) {
    const a = ours.samples[i]?.[metric]
    const b = rival.samples[i]?.[metric]
    if (a === undefined || b === undefined) continue
    values.push(kind === 'at-least' ? b / a : kind === 'at-most' ? a / b : a - b)
  }
  const result = values.length > 0 ? spread(values) : null
  return {
    ours: ours.side.name, rival: rival.side.name, metric, kind, result, pairs: values.length,
    target: target?.value ?? null,
    reached: result === null || target === undefined ? null : reaches(kind, result.median, target.value),
    best,
  }
}

function reaches(kind: Target['kind'], value: number, target: number): boolean {
  return kind === 'at-least' ? value >= target : value <= target
}
