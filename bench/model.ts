/**
 * The nouns of the benchmarks: a subject has cases, a case has sides (ours and rivals), a side makes a runner, a
 * runner runs n operations and answers with a check value. Types and one error class only; knows no subject, prints
 * nothing.
 */

/** What one run of n operations can be measured in. Times are nanoseconds, memory is bytes. */
export type Metric = 'wall' | 'cpu' | 'heap' | 'rss'

/** What a side found: the same for every side of a case, or the run fails. */
export type Check = number | string

/** Totals over one run of n operations. */
export type Totals = Partial<Record<Metric, number>>

/** Answer of a side that measures itself, because its work happens in another process. */
export interface Measured {
  readonly check: Check
  readonly totals: Totals
}

/** One side of a case, ready to run. Only `run` is measured. */
export interface Runner {
  /** Untimed, before each run. */
  setup?(n: number): void | Promise<void>
  /** Does n operations; a bare check value lets the harness take the time. */
  run(n: number): Check | Measured | Promise<Check | Measured>
  /** Untimed, after each run. */
  teardown?(n: number): void | Promise<void>
  /** Once, untimed: a digest of everything delivered, byte by byte. Compared between the sides that have one. */
  verify?(n: number): Check | Promise<Check>
  /** Once, at the end of the case. */
  dispose?(): void | Promise<void>
}

export interface Side {
  readonly name: string
  readonly role: 'ours' | 'rival'
  /** Rounds this side takes part in, when a round of it takes many seconds. Default: all. */
  readonly maxRounds?: number
  /** Unmeasured runs before the first round. Default: the harness's. */
  readonly warmups?: number
  /** @throws NotInstalled when what it needs is not on this machine. */
  start(n: number): Runner | Promise<Runner>
}

/**
 * What to reach. `at-least`: the rival's cost divided by ours; `at-most`: our cost divided by the rival's;
 * `within`: our cost minus the rival's.
 */
export interface Target {
  readonly ours: string
  readonly rival: string
  readonly kind: 'at-least' | 'at-most' | 'within'
  readonly value: number
  readonly metric: Metric
}

export interface Case {
  readonly name: string
  /** What one operation is, for people: "line", "schedule + cancel". */
  readonly operation: string
  /** Operations in a run, by default and with --quick. */
  readonly n: number
  readonly quickN: number
  /** What is compared; the first one is charted. */
  readonly metrics: readonly [Metric, ...Metric[]]
  /** After this many milliseconds no further round starts, once three are done. */
  readonly budget?: number
  readonly sides: readonly Side[]
  readonly targets: readonly Target[]
}

export interface Subject {
  readonly name: string
  readonly title: string
  readonly description: string
  readonly cases: readonly Case[]
}

/** A rival that this machine does not have: shown as such, never left out. */
export class NotInstalled extends Error {
  override readonly name = 'NotInstalled'
}

export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

export interface SideResult {
  readonly name: string
  readonly role: 'ours' | 'rival'
  readonly installed: boolean
  /** Why not, when it is not installed. */
  readonly reason?: string
  readonly rounds: number
  /** Per operation. */
  readonly perOperation: Partial<Record<Metric, Spread>>
  /** Per operation, round by round. */
  readonly samples: readonly Totals[]
}

export interface Comparison {
  readonly ours: string
  readonly rival: string
  readonly metric: Metric
  readonly kind: Target['kind']
  /** null when the rival is not installed. */
  readonly result: Spread | null
  readonly pairs: number
  readonly target: number | null
  readonly reached: boolean | null
  /** The rival with the lowest median in this metric. */
  readonly best: boolean
}

export interface CaseResult {
  readonly name: string
  readonly operation: string
  readonly n: number
  readonly metrics: readonly Metric[]
  readonly check: Check
  readonly sides: readonly SideResult[]
  readonly comparisons: readonly Comparison[]
}

export interface SubjectResult {
  readonly name: string
  readonly title: string
  readonly description: string
  readonly cases: readonly CaseResult[]
  readonly seconds: number
}

export interface Machine {
  readonly node: string
  readonly v8: string
  readonly platform: string
  readonly arch: string
  readonly cpu: string
  readonly cores: number
  readonly memoryGiB: number
}

export interface Results {
  readonly date: string
  readonly quick: boolean
  readonly machine: Machine
  readonly subjects: readonly SubjectResult[]
}
