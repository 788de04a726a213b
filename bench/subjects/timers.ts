/**
 * Subject: one million timers alive at once, with random delays: schedule all and cancel all; cancel one
 * and schedule another while all are alive; schedule all and let all fire; move all (half earlier, half later).
 */
import { twistedRunner } from '../framing.js'
import type { Case, Side, Subject, Target } from '../model.js'
import { CALL_LATER, callLater, WHEEL, wheel } from '../ours/timers.js'
import { HeapTimers } from '../rivals/heap.js'
import { Remote } from '../remote.js'
import type { TimerCase } from '../timers.js'
import { planOf, virtualTimers } from '../timers.js'

const LIVE = 1_000_000
const QUICK_LIVE = 50_000
const SET_TIMEOUT = 'setTimeout'
const HEAP = '4-ary heap'

const heap = (which: TimerCase): Side =>
  virtualTimers(HEAP, 'rival', which, (n) => Object.assign(new HeapTimers(n), { free: () => undefined }))

function hostTimers(which: TimerCase): Side {
  return {
    name: SET_TIMEOUT, role: 'rival', warmups: 1,
    start(n) {
      const { delays, moved, order } = planOf(which, n)
      let live: NodeJS.Timeout[] = []
      let fired = 0
      const nothing = (): void => { fired++ }
      const scheduleAll = (): void => {
        live = new Array(n)
        for (let i = 0; i < n; i++) live[i] = setTimeout(nothing, delays[i])
      }
      const clearAll = (): void => { for (let i = 0; i < n; i++) clearTimeout(live[i]) }
      const forget = (): void => { live = [] }
      if (which === 'cancel') return { run() { scheduleAll(); clearAll(); return String(n) }, teardown: forget }
      if (which === 'reset' || which === 'churn') {
        return {
          setup: scheduleAll,
          run() {
            // refresh() cannot change the delay: another deadline takes another timer.
            for (let i = 0; i < n; i++) {
              const at = order[i]
              clearTimeout(live[at])
              live[at] = setTimeout(nothing, moved[at])
            }
            return String(n)
          },
          teardown() { clearAll(); forget() },
        }
      }
      return {
        async run() {
          fired = 0
          await new Promise<void>((resolve) => {
            const fire = (): void => { if (++fired === n) resolve() }
            for (let i = 0; i < n; i++) setTimeout(fire, delays[i])
          })
          return String(fired)
        },
      }
    },
  }
}

function twisted(which: TimerCase): Side {
  return {
    name: 'Twisted callLater', role: 'rival', maxRounds: 1, warmups: 0,
    async start(n) {
      const remote = Remote.python('Twisted', 'rivals/python/worker.py', ['twisted'])
      const plan = planOf(which, n)
      const coded = (array: Int32Array): string => Buffer.from(array.buffer).toString('base64')
      await remote.ask({
        do: 'make', kind: 'timers', case: which,
        delays: coded(plan.delays), moved: coded(plan.moved), order: coded(plan.order),
      })
      return {
        ...twistedRunner(remote),
        async setup() { await remote.ask({ do: 'setup' }) },
        async teardown() { await remote.ask({ do: 'teardown' }) },
      }
    },
  }
}

function caseOf(which: TimerCase, name: string, operation: string): Case {
  const target = (rival: string, value: number): Target =>
    ({ ours: WHEEL, rival, kind: 'at-least', value, metric: 'cpu' })
  return {
    name, operation, n: LIVE, quickN: QUICK_LIVE, metrics: ['cpu'], budget: 8000,
    sides: [wheel(which), callLater(which), hostTimers(which), heap(which), twisted(which)],
    targets: [target(SET_TIMEOUT, 10), target(HEAP, 5)],
  }
}

export const timers: Subject = {
  name: 'timers',
  title: 'One million timers, random delays',
  description: 'CPU time per timer with 1,000,000 alive at once (50,000 with --quick).',
  cases: [
    caseOf('cancel', 'schedule all, then cancel all', 'schedule + cancel'),
    caseOf('churn', 'all alive: cancel one, schedule one', 'cancel + schedule'),
    caseOf('fire', 'schedule all, then let all fire', 'schedule + fire'),
    caseOf('reset', 'reset, half earlier, half later', 'reset'),
  ],
}
