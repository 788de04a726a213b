/**
 * Where log events go: the observers, or the fallback when there are none.
 *
 * Owns: the list of observers, the clock that stamps events, the fallback sink. Must not know: what a sink writes to;
 * a binding fills the two ports (clock, sink) at its first use. Source: `twisted.logger.LogPublisher`, `LogBeginner`.
 *
 * With no observer, warnings and what is worse go to the fallback sink. While there is no sink either, the last
 * {@link MAX_HELD} of them are held, and given to the sink when one comes: what goes wrong before a host is chosen
 * is still told. Observers never get them: they see what happens from when they were added.
 */
import { isGrave } from './event.js'
import type { LogEvent, LogObserver } from './event.js'

/** Events held while there is neither observer nor sink; older ones are dropped, and counted. */
const MAX_HELD = 64

let clock: () => number = () => 0
let sink: LogObserver | undefined
let held: LogEvent[] = []
let dropped = 0

/** Sets what tells the time of events, in ms; without an argument, they have the time 0. @returns what did before */
export function setLogClock(fn: () => number = () => 0): () => number {
  const previous = clock
  clock = fn
  return previous
}

/** The time an event gets now. @internal */
export function logTime(): number {
  return clock()
}

/**
 * Sets where warnings and what is worse go while there is no observer, and gives it what was held for it; without
 * an argument, they are held again. An error it throws is dropped: there is nowhere left to report it.
 */
export function setFallbackSink(fn?: LogObserver): void {
  sink = fn
  if (fn === undefined || held.length === 0) return
  const [events, lost] = [held, dropped]
  held = []
  dropped = 0
  if (lost > 0) {
    const message = `${lost} earlier events were dropped: nothing was there to take them.`
    toFallback({ time: clock(), level: 'warn', namespace: 'whorl.logger', message })
  }
  for (const event of events) toFallback(event)
}

/** Hands each event to every observer. */
export class LogPublisher {
  #observers: readonly LogObserver[] = []

  /** Adds an observer; one that is there already is not added twice. */
  addObserver(observer: LogObserver): void {
    if (typeof observer !== 'function') throw new TypeError('A log observer is a function.')
    // A new list each time: publishing goes through the one it began with.
    if (!this.#observers.includes(observer)) this.#observers = [...this.#observers, observer]
  }

  /** Removes an observer; one that is not there is no error. */
  removeObserver(observer: LogObserver): void {
    this.#observers = this.#observers.filter((other) => other !== observer)
  }

  /** Gives an event to all observers. One that throws misses this event only; the fallback sink is told. */
  publish(event: LogEvent): void {
    const observers = this.#observers
    if (observers.length === 0) {
      if (isGrave(event.level)) toFallback(event)
      return
    }
    for (const observer of observers) {
      try {
        observer(event)
      } catch (error) {
        const message = `A log observer threw an error at: ${event.message}`
        toFallback({ time: event.time, level: 'error', namespace: 'whorl.logger', message, error })
      }
    }
  }
}

/** The publisher that every Logger speaks to. */
export const logPublisher = new LogPublisher()

function toFallback(event: LogEvent): void {
  if (sink === undefined) {
    held.push(event)
    if (held.length > MAX_HELD) {
      held.shift()
      dropped++
    }
    return
  }
  try {
    sink(event)
  } catch {
    // Nothing is left that could be told.
  }
}
