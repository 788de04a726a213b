/**
 * Subject: the event queue. Batches of events are posted and then run, 1,000 and 10 at a time.
 */
import type { Case, Runner, Side, Subject } from '../model.js'
import { EVENT_QUEUE, eventQueue } from '../ours/queue.js'
import { RingQueue } from '../rivals/ring.js'

const SET_IMMEDIATE = 'setImmediate'

const hostQueue = (batch: number): Side => ({
  name: SET_IMMEDIATE, role: 'rival',
  start: (): Runner => ({
    run: (n) => new Promise<string>((resolve) => {
      let count = 0
      let left = 0
      const event = (): void => {
        count++
        if (--left > 0) return
        if (count === n) resolve(String(count))
        else post()
      }
      const post = (): void => {
        left = batch
        for (let i = 0; i < batch; i++) setImmediate(event)
      }
      post()
    }),
  }),
})

const ring = (batch: number): Side => ({
  name: 'JavaScript ring buffer', role: 'rival',
  start() {
    const queue = new RingQueue()
    let count = 0
    const onEvent = (): void => { count++ }
    return {
      run(n) {
        count = 0
        for (let done = 0; done < n; done += batch) {
          for (let i = 0; i < batch; i++) queue.push(i)
          queue.drain(batch, onEvent)
        }
        return String(count)
      },
    }
  },
})

function caseOf(batch: number): Case {
  return {
    name: `${batch.toLocaleString('en')} at a time`, operation: 'post + run',
    n: 1_000_000, quickN: 100_000, metrics: ['wall'], budget: 6000,
    sides: [eventQueue(batch), hostQueue(batch), ring(batch)],
    targets: [{ ours: EVENT_QUEUE, rival: SET_IMMEDIATE, kind: 'at-least', value: 5, metric: 'wall' }],
  }
}

export const queue: Subject = {
  name: 'queue',
  title: 'Event queue: post and run',
  description: 'Time per event that is posted and then run, in batches.',
  cases: [caseOf(1000), caseOf(10)],
}
