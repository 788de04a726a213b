/**
 * The event queue of the core: ids with a priority, in order, with a budget for each source.
 *
 * Owns: one queue's handle, its inbox and what was handed out and not yet run. Must not know: what an event means.
 * A push is three stores into linear memory; the core is called once for many.
 */
import {
  QUEUE_INBOX, QUEUE_INBOX_BYTES, QUEUE_INBOX_RECORDS, QUEUE_OUT,
} from '../../assembly/abi/layout.js'
import { CoreError } from '../errors/core.js'
import type { Core } from './core.js'
import { check } from './status.js'

/** 0 runs first. */
export type Priority = 0 | 1 | 2 | 3

const RECORD = QUEUE_INBOX_BYTES >> 2

/** A queue of events: first in, first out within a priority, and none starves. */
export class EventQueue {
  readonly #core: Core
  readonly #queue: number
  readonly #inbox: number
  readonly #out: number
  #posted = 0
  #outAt = 0
  #outEnd = 0
  #isDraining = false
  #isFreed = false

  /** Made by {@link Core.createQueue}. */
  constructor(core: Core) {
    this.#core = core
    this.#queue = check(core.exports.queueNew(), 'createQueue')
    const address = check(core.exports.queueAddress(this.#queue), 'createQueue')
    this.#inbox = (address + QUEUE_INBOX) >> 2
    this.#out = (address + QUEUE_OUT) >> 2
    core.adopt(this, this.#queue, core.exports.queueFree)
  }

  /**
   * Queues an event.
   *
   * @param id - an int32 of the caller's, handed back by `drain`
   * @param priority - 0 runs first; default 1
   * @param source - an int32 that names who makes the event, for its budget; 0, the default, has none
   */
  push(id: number, priority: Priority = 1, source = 0): void {
    if (this.#isFreed) throw new CoreError('This queue was freed.')
    if (this.#posted === QUEUE_INBOX_RECORDS) check(this.#accept(), 'push')
    const words = this.#core.words()
    const at = this.#inbox + this.#posted++ * RECORD
    words[at] = id
    words[at + 1] = priority
    words[at + 2] = source
  }

  /**
   * Runs events.
   *
   * What `onEvent` pushes waits for the next drain. When `onEvent` throws, the error leaves `drain` and the rest
   * stays queued, in order.
   *
   * @param budget - how many events at most (1 …)
   * @returns how many ran
   */
  drain(budget: number, onEvent: (id: number) => void): number {
    if (this.#isDraining) throw new CoreError('drain was called from inside onEvent.')
    if (!(budget >= 1)) throw new CoreError(`drain: a budget of ${budget} events is none.`)
    if (this.#isFreed) throw new CoreError('This queue was freed.')
    const most = Math.min(Math.floor(budget), 0x1000000)
    const { exports } = this.#core
    // What an earlier drain handed out before an error left it runs first; the snapshot is taken before that.
    const left = this.#outEnd - this.#outAt
    const accepted = this.#posted > 0 ? this.#accept() : 0
    const waiting = left < most ? check(exports.queueBegin(this.#queue, most - left), 'drain') : 0
    // Out of memory, what waits can still run and make room.
    if (left === 0 && waiting === 0) {
      check(accepted, 'drain')
      return 0
    }
    let ran = 0
    this.#isDraining = true
    try {
      while (this.#outAt < this.#outEnd && ran < most) {
        ran++
        onEvent(this.#core.words()[this.#out + this.#outAt++])
      }
      while (ran < most && waiting > 0) {
        this.#outAt = 0
        this.#outEnd = check(exports.queueNext(this.#queue), 'drain')
        if (this.#outEnd === 0) return ran
        while (this.#outAt < this.#outEnd) {
          ran++
          onEvent(this.#core.words()[this.#out + this.#outAt++])
        }
      }
      return ran
    } finally {
      this.#isDraining = false
    }
  }

  /** At most this many events of one source run in one drain; 64 unless set. */
  setSourceBudget(events: number): void {
    if (!(events >= 1)) throw new CoreError(`setSourceBudget: a budget of ${events} events is none.`)
    const budget = Math.min(Math.floor(events), 0x7fffffff)
    check(this.#core.exports.queueSetSourceBudget(this.#queue, budget), 'setSourceBudget')
  }

  /** How many events wait. */
  get size(): number {
    if (this.#isFreed) return 0
    return this.#core.exports.queueSize(this.#queue) + this.#posted + this.#outEnd - this.#outAt
  }

  /** Gives the queue back, with its events. Not from inside `onEvent`. */
  free(): void {
    if (this.#isDraining) throw new CoreError('free was called from inside onEvent.')
    if (this.#isFreed) return
    this.#isFreed = true
    this.#core.disown(this)
    this.#core.exports.queueFree(this.#queue)
  }

  /** Hands the inbox over; an error when not all of it could be taken: the rest stays, in order. */
  #accept(): number {
    const { exports } = this.#core
    const before = exports.queueSize(this.#queue)
    const result = exports.queueAccept(this.#queue, this.#posted)
    if (result >= 0) {
      this.#posted = 0
    } else {
      const taken = exports.queueSize(this.#queue) - before
      const from = this.#inbox + taken * RECORD
      this.#core.words().copyWithin(this.#inbox, from, this.#inbox + this.#posted * RECORD)
      this.#posted -= taken
    }
    return result
  }
}
