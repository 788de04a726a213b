/** Our sides of the timers subject: the core's wheel by itself, and callLater of a Node reactor on top of it. */
import { createReactor, nodeCore } from '../../bindings/node/index.js'
import type { IDelayedCall } from '../../src/interfaces/index.js'
import type { Side } from '../model.js'
import type { TimerCase } from '../timers.js'
import { planOf, virtualTimers } from '../timers.js'

export const WHEEL = 'core.timers'
export const CALL_LATER = 'reactor.callLater'

export const wheel = (which: TimerCase): Side => virtualTimers(WHEEL, 'ours', which, () => nodeCore().createTimers())

/** As a program has it: the reactor's own clock, one armed host timer, a call object for each. */
export function callLater(which: TimerCase): Side {
  return {
    name: CALL_LATER, role: 'ours', warmups: 1,
    start(n) {
      const { delays, moved, order } = planOf(which, n)
      const reactor = createReactor()
      let live: IDelayedCall[] = []
      let fired = 0
      const nothing = (): void => { fired++ }
      const scheduleAll = (): void => {
        live = new Array(n)
        for (let i = 0; i < n; i++) live[i] = reactor.callLater(delays[i], nothing)
      }
      const cancelAll = (): void => { for (let i = 0; i < n; i++) live[i].cancel() }
      const forget = (): void => { live = [] }
      if (which === 'churn') {
        return {
          setup: scheduleAll,
          run() {
            for (let i = 0; i < n; i++) {
              const at = order[i]
              live[at].cancel()
              live[at] = reactor.callLater(moved[at], nothing)
            }
            return String(n)
          },
          teardown() { cancelAll(); forget() },
        }
      }
      if (which === 'reset') {
        return {
          setup: scheduleAll,
          run() {
            for (let i = 0; i < n; i++) live[order[i]].reset(moved[order[i]])
            return String(n)
          },
          teardown() { cancelAll(); forget() },
        }
      }
      if (which === 'cancel') return { run() { scheduleAll(); cancelAll(); return String(n) }, teardown: forget }
      return {
        async run() {
          fired = 0
          await new Promise<void>((resolve) => {
            const fire = (): void => { if (++fired === n) resolve() }
            for (let i = 0; i < n; i++) reactor.callLater(delays[i], fire)
          })
          return String(fired)
        },
      }
    },
  }
}
