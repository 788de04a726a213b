/**
 * What the sides of the timers subject share: the plan of delays, and a side over any object that is told what time it
 * is (the wheel and the heap), so that both do exactly the same work.
 */
import { crc32 } from 'node:zlib'
import { timerPlan } from './data.js'
import type { Side } from './model.js'

export type TimerCase = 'cancel' | 'churn' | 'fire' | 'reset'

/** Delays in milliseconds. None may fire before it is taken back; where all have to, nobody wants to wait. */
const LEAST = 30_000
const LONGEST = 90_000
const FIRE_LONGEST = 1000
/** So many are enough to see that all fire when they should. */
const VERIFIED = 50_000

export interface VirtualTimers {
  readonly size: number
  schedule(deadline: number, id: number): number
  cancel(handle: number): boolean
  reschedule(handle: number, deadline: number): boolean
  advance(now: number, onDue: (id: number) => void): number
  free(): void
}

export function planOf(which: TimerCase, n: number): ReturnType<typeof timerPlan> {
  return which === 'fire' ? timerPlan(n, 1, FIRE_LONGEST) : timerPlan(n, LEAST, LONGEST)
}

/** A digest of which timers fire at which millisecond, in any order within it. */
function whatFires(which: TimerCase, n: number, create: (n: number) => VirtualTimers): string {
  const { delays, moved, order } = planOf(which, n)
  const timers = create(n)
  const handles = new Int32Array(n)
  for (let i = 0; i < n; i++) handles[i] = timers.schedule(delays[i], i)
  if (which === 'cancel') for (let i = 0; i < n; i += 2) timers.cancel(handles[i])
  if (which === 'reset') for (const at of order) timers.reschedule(handles[at], moved[at])
  if (which === 'churn') {
    for (const at of order) {
      timers.cancel(handles[at])
      handles[at] = timers.schedule(moved[at], at)
    }
  }
  const due: number[] = []
  const collect = (id: number): void => { due.push(id) }
  let digest = 0
  for (let now = 1; now <= 2 * LONGEST; now++) {
    due.length = 0
    timers.advance(now, collect)
    if (due.length > 0) digest = crc32(Buffer.from(Int32Array.from([now, ...due.sort((a, b) => a - b)]).buffer), digest)
  }
  const left = timers.size
  timers.free()
  return `${digest.toString(16)}:${left}`
}

/** Timers that are told the time: firing goes through the range millisecond by millisecond, as a busy loop would. */
export function virtualTimers(
  name: string, role: Side['role'], which: TimerCase, create: (n: number) => VirtualTimers,
): Side {
  return {
    name, role, warmups: 1,
    start(n) {
      const { delays, moved, order } = planOf(which, n)
      const timers = create(n)
      const handles = new Int32Array(n)
      let now = 0
      let fired = 0
      const onDue = (): void => { fired++ }
      const schedule = (): void => {
        for (let i = 0; i < n; i++) handles[i] = timers.schedule(now + delays[i], i)
      }
      const cancel = (): number => {
        let cancelled = 0
        for (let i = 0; i < n; i++) if (timers.cancel(handles[i])) cancelled++
        return cancelled
      }
      const reset = (): number => {
        let done = 0
        for (let i = 0; i < n; i++) if (timers.reschedule(handles[order[i]], now + moved[order[i]])) done++
        return done
      }
      /** One taken back, another scheduled in its place: n live at any time. */
      const churn = (): number => {
        let cancelled = 0
        for (let i = 0; i < n; i++) {
          const at = order[i]
          if (timers.cancel(handles[at])) cancelled++
          handles[at] = timers.schedule(now + moved[at], at)
        }
        return cancelled
      }
      const fire = (longest: number, handler: (id: number) => void): void => {
        const end = now + longest
        while (now < end) timers.advance(++now, handler)
      }
      const verify = (): string => whatFires(which, Math.min(n, VERIFIED), create)
      const dispose = (): void => timers.free()
      if (which === 'cancel') return { run() { schedule(); return String(cancel()) }, verify, dispose }
      if (which === 'churn' || which === 'reset') {
        const run = which === 'churn' ? churn : reset
        return { setup: schedule, run: () => String(run()), teardown: () => { cancel() }, verify, dispose }
      }
      return {
        run() {
          fired = 0
          schedule()
          fire(FIRE_LONGEST, onDue)
          return String(fired)
        },
        verify, dispose,
      }
    },
  }
}
