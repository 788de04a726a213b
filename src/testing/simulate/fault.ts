/**
 * Faults of a simulated network and its hosts: which there are, and a plan of them from a seed.
 *
 * Owns: when faults happen, of which kind, and how long they last. Must not know: which hosts they strike. That is
 * chosen when they happen (strike.ts), by numbers of each fault's own, so that leaving one out leaves the others as
 * they were. A plan heals everything some time before the end, so that a scenario can ask that its program recovers.
 */

import type { SeededRandom } from '../../core/random.js'

/**
 * What happens to whom:
 * - `partition`: the hosts fall apart into two groups that do not reach each other
 * - `one-way`: one host no longer reaches another, but hears it
 * - `crash`: a host loses all but what is durable, and starts again when the fault is over
 * - `reset`: connections between two hosts end with RST, once
 * - `slow`: what goes between two hosts takes much longer
 * - `lossy`: much of what goes between two hosts is lost, comes twice or out of order
 * - `narrow`: little goes through between two hosts at a time
 * - `hold`: nothing arrives between two hosts until it is over, then everything does
 * - `refuse`: a host refuses new connections
 * - `black-hole`: a host does not answer new connections
 * - `skew`: a host's clocks jump, and run fast or slow until it is over
 */
export type FaultKind = typeof FAULT_KINDS[number]

/** All kinds of faults, in the order in which a plan numbers them. */
export const FAULT_KINDS = [
  'partition', 'one-way', 'crash', 'reset', 'slow', 'lossy', 'narrow', 'hold', 'refuse', 'black-hole', 'skew',
] as const

/** One fault that is to happen. */
export interface Fault {
  /** Its number in the plan, by which recipes name it, and which its random numbers depend on. */
  readonly index: number
  /** When it happens: virtual time, ms. */
  readonly at: number
  readonly kind: FaultKind
  /** How long it lasts, ms. */
  readonly for: number
  /** Whom it may strike; anybody if missing. */
  readonly hosts?: readonly string[]
}

/** How faults are planned. */
export interface FaultOptions {
  /** Mean time from one fault to the next, ms; 5,000. */
  every?: number
  /** The kinds that may happen, each as likely as any other, or how likely each is relative to the others; all. */
  kinds?: readonly FaultKind[] | Partial<Record<FaultKind, number>>
  /** Shortest and longest duration, ms; [50, 10,000]. Short ones are more frequent. */
  duration?: readonly [shortest: number, longest: number]
  /** None happens before; ms, 0. */
  from?: number
  /** From so long before the end nothing is wrong any more; ms, a third of the run's time. */
  quiet?: number
  /** At most so many; 64. */
  most?: number
  /** Names of the hosts that may be struck; all. */
  hosts?: readonly string[]
}

/** What a plan takes of a generator. */
export type PlanRandom = Pick<SeededRandom, 'fork'>

const EVERY = 5_000
const DURATION = [50, 10_000] as const
const MOST = 64

/**
 * The faults of a run that ends at `until` ms. The first n faults do not depend on how many follow.
 *
 * @throws RangeError options that make no sense
 */
export function planFaults(random: PlanRandom, until: number, options: FaultOptions = {}): Fault[] {
  const { every = EVERY, duration = DURATION, from = 0, quiet = until / 3, most = MOST } = options
  if (!(until > 0 && until < Infinity)) throw new RangeError(`faults need an end of the run, not ${until} ms`)
  if (!(every > 0)) throw new RangeError(`every: a time above 0 ms, not ${every}`)
  if (!(duration[0] > 0 && duration[1] >= duration[0])) {
    throw new RangeError(`duration: shortest and longest above 0 ms, not ${duration.join(', ')}`)
  }
  if (!(quiet >= 0)) throw new RangeError(`quiet: a time from 0 ms, not ${quiet}`)
  const pick = kindPicker(options.kinds ?? FAULT_KINDS)
  const end = until - quiet
  const plan: Fault[] = []
  let at = from
  for (let index = 0; index < most; index++) {
    const own = random.fork(`fault ${index}`)
    // Only arithmetic that is the same to the last bit in every engine: no logarithms, no powers.
    at += own.float() * 2 * every
    const kind = pick(own.float())
    const short = own.float()
    const lasts = duration[0] + (duration[1] - duration[0]) * short * short * short
    own.free()
    if (at >= end) break
    plan.push({
      index, at: micro(at), kind, for: micro(Math.min(lasts, end - at)),
      ...(options.hosts === undefined ? {} : { hosts: options.hosts }),
    })
  }
  return plan
}

/** Those of a plan that a recipe keeps. @throws RangeError an index that the plan does not have */
export function keepFaults(plan: readonly Fault[], indexes: readonly number[] | undefined): readonly Fault[] {
  if (indexes === undefined) return plan
  for (const index of indexes) {
    if (!plan.some((fault) => fault.index === index)) throw new RangeError(`the plan has no fault ${index}`)
  }
  return plan.filter((fault) => indexes.includes(fault.index))
}

/** A fault in a few words, without whom it struck. */
export function faultText({ index, at, kind, for: lasts }: Fault): string {
  return `${index}: ${kind} at ${at} ms${kind === 'reset' ? '' : ` for ${lasts} ms`}`
}

// The world's clock has steps of a microsecond.
function micro(ms: number): number {
  return Math.round(ms * 1_000) / 1_000
}

function kindPicker(kinds: NonNullable<FaultOptions['kinds']>): (by: number) => FaultKind {
  const names = Array.isArray(kinds) ? kinds as readonly FaultKind[] : Object.keys(kinds) as FaultKind[]
  for (const name of names) {
    if (!FAULT_KINDS.includes(name)) throw new RangeError(`no fault is called '${name}': ${FAULT_KINDS.join(', ')}`)
  }
  const weight = (name: FaultKind): number =>
    Array.isArray(kinds) ? 1 : (kinds as Partial<Record<FaultKind, number>>)[name] ?? 0
  // In an order of our own: that of an object's keys is the caller's whim.
  const ordered = FAULT_KINDS.filter((name) => names.includes(name) && weight(name) > 0)
  const total = ordered.reduce((sum, name) => sum + weight(name), 0)
  if (!(total > 0 && total < Infinity)) throw new RangeError('kinds: no kind of fault may happen')
  return (by) => {
    let left = by * total
    return ordered.find((name) => (left -= weight(name)) < 0) ?? ordered.at(-1)!
  }
}
