/**
 * Capture: what simulated hosts log, and Deferreds that they leave with a failure.
 *
 * Owns: standing between the log, the policy for unhandled failures and the world while a simulation runs, and putting
 * all back. Must not know: the order of events. Nothing hangs on the garbage collector: a failure that nobody has taken
 * in GRACE ms, or when the run is over, is one that nobody will take.
 */

import type { Deferred, Failure } from '../../defer/index.js'
import { markSeen } from '../../defer/run.js'
import { endTurn, isLeftWith, setTurnEnd, setUnhandledPolicy } from '../../defer/unhandled.js'
import type { UnhandledPolicy } from '../../defer/unhandled.js'
import { logPublisher, setLogClock } from '../../logger/index.js'
import type { LogEvent, LogLevel } from '../../logger/index.js'
import type { Engine } from './engine.js'
import type { Life } from './life.js'

/** How long a failure may wait for somebody to take it, virtual ms. */
const GRACE = 60_000
/** The newest entries of the log that are kept. */
const MOST_LOGGED = 65_536

/** Something that was logged while a simulation ran. */
export interface SimulatedLogEntry {
  /** Virtual ms. */
  readonly time: number
  /** Whose turn it was; '' if it was none's. */
  readonly host: string
  readonly level: LogLevel
  readonly namespace: string
  readonly message: string
  readonly failure?: Failure
  /** All of it. */
  readonly event: LogEvent
}

interface Left {
  readonly failure: Failure
  readonly deferred: Deferred<any>
  readonly life: Life | null
  readonly time: number
}

/** @internal */
export class Capture {
  readonly log: SimulatedLogEntry[] = []
  readonly #engine: Engine
  readonly #unhandled: Failure[] = []
  #left: Left[] = []
  #depth = 0
  #restore: (() => void) | null = null
  readonly #observe = (event: LogEvent): void => this.#logged(event)
  readonly #judge = (failure: Failure, deferred: Deferred<any> | undefined): void => {
    if (deferred === undefined) return
    const { current: life, now: time } = this.#engine
    this.#left.push({ failure, deferred, life, time })
  }

  constructor(engine: Engine) {
    this.#engine = engine
  }

  /** From now on, until the matching `end`, all is noted. */
  begin(): void {
    if (this.#depth++ > 0) return
    logPublisher.addObserver(this.#observe)
    const clock = setLogClock(() => this.#engine.epoch + this.#engine.now)
    const policy: UnhandledPolicy = setUnhandledPolicy(this.#judge)
    const turnEnd = setTurnEnd(nothing, true)
    this.#restore = () => {
      logPublisher.removeObserver(this.#observe)
      setLogClock(clock)
      setUnhandledPolicy(policy)
      setTurnEnd(turnEnd)
    }
  }

  end(): void {
    if (--this.#depth > 0) return
    endTurn()
    this.#restore?.()
    this.#restore = null
  }

  /** An event is over, and its promise jobs. */
  endEvent(): void {
    endTurn()
  }

  /** Time has moved. */
  moved(now: number): void {
    if (this.#left.length > 0 && now - (this.#left[0] as Left).time > GRACE) this.#sweep(now - GRACE)
  }

  /** Nothing more will happen. */
  over(): void {
    this.#sweep(Infinity)
  }

  /** Failures that nobody took, or has taken so far. */
  get unhandled(): readonly Failure[] {
    const waiting = this.#left.filter(isLeft).map(({ failure }) => failure)
    return waiting.length === 0 ? this.#unhandled : [...this.#unhandled, ...waiting]
  }

  /** Nobody else need report them. */
  close(): void {
    for (const left of this.#left) {
      if (!isLeft(left)) continue
      this.#unhandled.push(left.failure)
      markSeen(left.deferred)
    }
    this.#left = []
  }

  #sweep(before: number): void {
    const rest: Left[] = []
    for (const left of this.#left) {
      const { failure, deferred, life, time } = left
      if (time >= before) {
        rest.push(left)
      } else if (isLeftWith(deferred, failure)) {
        if (isLeft(left)) {
          this.#unhandled.push(failure)
          this.#engine.trace.unhandled(life?.host.id ?? 0, `${textOf(failure)} (left at ${time} ms)`)
        }
        markSeen(deferred)
      }
    }
    this.#left = rest
  }

  #logged(event: LogEvent): void {
    const { level, namespace, message, failure } = event
    const { current: life, now: time } = this.#engine
    const host = life?.host ?? null
    if (this.log.length === MOST_LOGGED) this.log.splice(0, MOST_LOGGED / 2)
    this.log.push({
      time, host: host?.name ?? '', level, namespace, message, event, ...(failure === undefined ? {} : { failure }),
    })
    const about = failure === undefined ? '' : ` (${textOf(failure)})`
    this.#engine.trace.log(host?.id ?? 0, level, `${namespace}: ${message}${about}`)
  }
}

/** What a host that has crashed since has left is nobody's trouble. */
function isLeft({ failure, deferred, life }: Left): boolean {
  return isLeftWith(deferred, failure) && life?.isOver !== true
}

/** Without its stack, which has paths of one machine. */
function textOf(failure: Failure): string {
  const { value } = failure
  try {
    return value instanceof Error ? `${value.name}: ${value.message}` : String(value)
  } catch {
    return 'something that cannot be told'
  }
}

function nothing(): void {}
