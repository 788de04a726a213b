/**
 * ReactorBase: time, turns, and the life of a reactor, on a core and a host port.
 *
 * Owns: the one host timer, the queue of what is put off, the bracket around every turn, run and stop. Must
 * not know: sockets; `Reactor` adds those. Source: twisted.internet.base.ReactorBase.
 *
 * A turn is what happens between two times that the host gets control: the handling of one host event, or of
 * everything that was put off. Each is bracketed by `enter` and `exit`, and at the last `exit` every
 * transport that was written to is flushed, with one call into the host for each. Writes made outside any
 * turn, from a promise job or from the program's own callbacks, are flushed as soon as that code is done.
 *
 * `now()` asks the host every time: a cached time would make calls due early after a handler that took long,
 * and costs 40 ns to avoid.
 */

import type { Deferred, Failure as FailureType, Settled } from '../defer/index.js'
import { bindContext, Failure } from '../defer/index.js'
import { NotSupportedError, ReactorAlreadyRunning, ReactorNotRunning } from '../errors/index.js'
import type { HostPort, HostTimer, ReactorParts } from '../interfaces/host.js'
import type { IReactorCore, Trigger, TriggerPhase } from '../interfaces/reactor-core.js'
import type { IReactorEntropy } from '../interfaces/reactor-entropy.js'
import type { IDelayedCall, IReactorTime, IReactorWallClock } from '../interfaces/time.js'
import { Logger } from '../logger/index.js'
import type { CooperativeTask } from './cooperative-task.js'
import { cooperatorOf } from './cooperator.js'
import { deferLater } from './defer-later.js'
import type { AnyFunction } from './delayed-call.js'
import { checkFunction } from './delayed-call.js'
import { LoopingCall } from './looping-call.js'
import { SystemEvents } from './system-events.js'
import { TimerTable } from './timer-table.js'
import { TurnQueue } from './turn-queue.js'

/** Something with output to hand to the host at the end of a turn. @internal */
export interface Flushable {
  /** Must not throw. */
  flush(): void
}

type State = 'idle' | 'starting' | 'running' | 'stopping'

/** Options that every reactor takes. */
export interface ReactorOptions {
  /** Whether `run` handles SIGINT and SIGTERM; true if not given. */
  installSignalHandlers?: boolean
}

/** A reactor without I/O. */
export class ReactorBase implements IReactorCore, IReactorTime, IReactorWallClock, IReactorEntropy {
  /** @internal */
  readonly host: HostPort
  /** Where what went wrong in callbacks is reported. @internal */
  readonly log = new Logger('reactor')

  #core: ReactorParts['core']
  #queue: TurnQueue | null = null
  #timers: TimerTable | null = null
  #events: SystemEvents
  #options: ReactorOptions
  readonly #lacks: ReactorParts['lacks']
  #state: State = 'idle'
  // Which run it is: triggers of one that was cut short may fire their Deferreds during the next.
  #life = 0
  #running = false
  #settleRun: (() => void) | null = null
  #removeSignals: (() => void) | null = null
  #keptAlive = false
  // After stop() what is still scheduled sleeps, until the reactor is used again.
  #asleep = false

  #depth = 0
  #dirty: (Flushable | null)[] = []
  #dirtyCount = 0
  #flushWanted = false
  #turnWanted = false
  #alarm: HostTimer = null
  #alarmAt = Infinity

  #onAlarm = (): void => {
    this.#alarm = null
    this.#alarmAt = Infinity
    this.#turn()
  }
  #onTurn = (): void => {
    this.#turnWanted = false
    this.#turn()
  }
  #onFlush = (): void => {
    this.#flushWanted = false
    this.enter()
    this.exit()
  }

  constructor(parts: ReactorParts, options: ReactorOptions = {}) {
    this.host = parts.host
    this.#options = options
    this.#core = parts.core
    this.#lacks = parts.lacks
    this.#events = new SystemEvents((failure) => this.logFailure('A system event trigger failed', failure))
  }

  /** What is put off to a later turn. */
  get queue(): TurnQueue {
    return this.#queue ??= new TurnQueue(this.#core().createQueue(), {
      turnWanted: () => this.#wantTurn(),
      callFailed: (error) => this.logFailure('A call failed', error),
    })
  }

  // --- time

  now(): number {
    return this.host.now()
  }

  wallClock(): number {
    if (this.host.wallClock === undefined) throw this.#lack('wallClock')
    return this.host.wallClock()
  }

  callLater<A extends unknown[]>(ms: number, fn: (...args: A) => unknown, ...args: A): IDelayedCall {
    return (this.#timers ?? this.#makeTimers()).callLater(ms, fn as AnyFunction, args)
  }

  getDelayedCalls(): IDelayedCall[] {
    return this.#timers === null ? [] : this.#timers.all()
  }

  /** See `deferLater`. */
  deferLater<A extends unknown[], R>(ms: number, fn?: (...args: A) => R, ...args: A): Deferred<Settled<R>> {
    return deferLater(this, ms, fn, ...args)
  }

  /** A LoopingCall on this reactor's time, not yet started. */
  loopingCall<A extends unknown[]>(fn: (...args: A) => unknown, ...args: A): LoopingCall {
    const loop = new LoopingCall(fn as AnyFunction, ...args)
    loop.clock = this
    return loop
  }

  /** Runs an iterator beside others, on the cooperator of this reactor. See `Cooperator`. */
  cooperate(iterator: Iterator<unknown> | Iterable<unknown>): CooperativeTask {
    return cooperatorOf(this).cooperate(iterator)
  }

  /**
   * Bytes that nobody can foretell, for keys and masks.
   * @throws NotSupportedError where the host has none; RangeError for what is no length
   */
  entropy(length: number): Uint8Array {
    if (this.host.entropy === undefined) throw this.#lack('entropy')
    if (!Number.isSafeInteger(length) || length < 0) throw new RangeError(`a length is a whole number, not ${length}`)
    const bytes = new Uint8Array(length)
    this.host.entropy(bytes)
    return bytes
  }

  #lack(feature: string): NotSupportedError {
    return new NotSupportedError(this.host.name, feature, { reason: this.#lacks?.[feature] })
  }

  // --- turns

  /** Begins a turn, or a part of one. @internal */
  enter(): void {
    this.#depth += 1
  }

  /** A restricted reactor of this one begins a turn, or a part of one. @internal */
  enteredBelow(): void {
    // For who wants to know whose turn it is: simulations do.
  }

  /** Ends what `enter` began. @internal */
  exit(): void {
    if (this.#depth !== 1) {
      this.#depth -= 1
      return
    }
    if (this.#dirtyCount > 0) this.#flushAll()
    this.#depth = 0
  }

  /** Has `target.flush()` called once, when the turn ends. @internal */
  flushLater(target: Flushable): void {
    this.#dirty[this.#dirtyCount++] = target
    if (this.#depth === 0 && !this.#flushWanted) {
      this.#flushWanted = true
      this.host.afterJobs(this.#onFlush)
    }
  }

  /** Whether a call is due, or put off to the next turn. @internal */
  protected hasDue(): boolean {
    if (this.#queue !== null && this.#queue.size > 0) return true
    return this.#timers !== null && this.#timers.nextDeadline() <= this.host.now()
  }

  /** Reports what went wrong in someone else's code. @internal */
  logFailure(message: string, reason: unknown): void {
    // A Failure of the same error if it is one; asking a hostile proxy whether it is could throw here.
    this.log.failure(message, new Failure(reason))
  }

  #flushAll(): void {
    const dirty = this.#dirty
    // What is written while others are flushed is flushed in the same round. The list keeps its room: it is
    // filled again in every turn.
    for (let i = 0; i < this.#dirtyCount; i++) {
      const target = dirty[i] as Flushable
      dirty[i] = null
      try {
        target.flush()
      } catch (error) {
        // Or this turn would never end, and nothing of any connection go out any more.
        this.logFailure('Output could not be handed over', error)
      }
    }
    this.#dirtyCount = 0
  }

  #turn(): void {
    this.enter()
    const queue = this.#queue
    if (queue !== null) queue.drain()
    const timers = this.#timers
    if (timers !== null && timers.size > 0 && !this.#asleep) {
      timers.advance(this.host.now())
      this.#arm(timers.nextDeadline())
      this.#updateKeepAlive()
    }
    if (queue !== null && queue.size > 0) this.#wantTurn()
    this.exit()
  }

  #makeTimers(): TimerTable {
    // A wheel of whole milliseconds, so that what is due at once is due in the tick that has begun.
    const wheel = this.#core().createTimers({ tick: 1, now: Math.floor(this.host.now()) })
    this.#timers = new TimerTable(wheel, {
      now: () => this.host.now(),
      timerSet: (time) => this.#timerSet(time),
      timersGone: () => this.#updateKeepAlive(),
      callFailed: (error) => this.logFailure('A delayed call failed', error),
    })
    return this.#timers
  }

  #wantTurn(): void {
    if (this.#turnWanted) return
    this.#turnWanted = true
    this.host.soon(this.#onTurn)
  }

  #timerSet(time: number): void {
    if (this.#asleep) {
      this.#asleep = false
      this.#arm(this.#nextDeadline())
    }
    if (time < this.#alarmAt) this.#arm(time)
    if (!this.#keptAlive) this.#updateKeepAlive()
  }

  /** The host's timer goes off at `deadline`, or before. */
  #arm(deadline: number): void {
    if (deadline >= this.#alarmAt) return
    const delay = deadline - this.host.now()
    if (delay <= 0) {
      this.#wantTurn()
      return
    }
    this.#disarm()
    this.#alarmAt = deadline
    this.#alarm = this.host.setTimer(delay, this.#onAlarm)
  }

  #nextDeadline(): number {
    return this.#timers === null ? Infinity : this.#timers.nextDeadline()
  }

  #disarm(): void {
    if (this.#alarm !== null) this.host.clearTimer(this.#alarm)
    this.#alarm = null
    this.#alarmAt = Infinity
  }

  #updateKeepAlive(): void {
    const wanted = this.#state !== 'idle' || (!this.#asleep && this.#timers !== null && this.#timers.size > 0)
    if (wanted === this.#keptAlive) return
    this.#keptAlive = wanted
    this.host.keepAlive(wanted)
  }

  /**
   * Calls `fn` in a turn of its own at each signal of this name, `SIGHUP` or `HUP`, until what is returned is called;
   * running or not. The system's default for the signal does not happen meanwhile. Beside what `run` does at SIGINT and
   * SIGTERM. Does not keep the program alive.
   * @returns takes the handler away again
   * @throws NotSupportedError where the host has no signals, TypeError for one that is unknown or nobody can handle
   */
  onSignal(signal: string, fn: (signal: string) => unknown): () => void {
    checkFunction(fn)
    if (this.host.onSignal === undefined) throw this.#lack('onSignal')
    if (typeof signal !== 'string') throw new TypeError(`a signal is given by its name, not as ${String(signal)}`)
    const name = signal.startsWith('SIG') ? signal : `SIG${signal}`
    const call = bindContext(fn)
    return this.host.onSignal(name, () => {
      this.enter()
      try {
        call(name)
      } catch (error) {
        this.logFailure(`What was to happen at ${name} failed`, error)
      }
      this.exit()
    })
  }

  // --- life

  get running(): boolean {
    return this.#running
  }

  run(): Promise<void> {
    if (this.#state !== 'idle') return Promise.reject(new ReactorAlreadyRunning())
    return new Promise((resolve) => {
      const life = ++this.#life
      this.#settleRun = resolve
      this.#state = 'starting'
      this.#asleep = false
      this.#arm(this.#nextDeadline())
      this.#updateKeepAlive()
      if (this.#options.installSignalHandlers !== false) {
        this.#removeSignals = this.host.installSignals(() => this.#signalled())
      }
      this.enter()
      this.#events.firePhase('startup', 'before')
        .addCallback(() => {
          if (!this.#isLife(life)) return undefined
          this.#running = true
          if (this.#state === 'starting') this.#state = 'running'
          return this.#events.firePhase('startup', 'during')
        })
        .addCallback(() => this.#isLife(life) ? this.#events.firePhase('startup', 'after') : undefined)
        .addErrback((failure: FailureType) => this.logFailure('Startup failed', failure))
      this.exit()
    })
  }

  stop(): void {
    if (this.#state === 'idle' || this.#state === 'stopping') {
      throw new ReactorNotRunning('A reactor that is not running cannot be stopped.')
    }
    this.#state = 'stopping'
    const life = this.#life
    this.queue.post(() => this.#shutDown(life))
  }

  crash(): void {
    if (this.#state === 'idle') throw new ReactorNotRunning('A reactor that is not running cannot crash.')
    this.#finish()
  }

  callWhenRunning<A extends unknown[]>(fn: (...args: A) => unknown, ...args: A): Trigger | null {
    checkFunction(fn)
    if (!this.#running) return this.addSystemEventTrigger('after', 'startup', fn, ...args)
    const call = bindContext(fn)
    this.queue.post(() => call(...args))
    return null
  }

  callFromThread<A extends unknown[]>(fn: (...args: A) => unknown, ...args: A): void {
    checkFunction(fn)
    const call = bindContext(fn)
    this.queue.post(() => call(...args), 0)
  }

  addSystemEventTrigger<A extends unknown[]>(
    phase: TriggerPhase, event: string, fn: (...args: A) => unknown, ...args: A): Trigger {
    checkFunction(fn)
    return this.#events.add(phase, event, () => fn(...args))
  }

  removeSystemEventTrigger(trigger: Trigger): void {
    this.#events.remove(trigger)
  }

  fireSystemEvent(event: string): void {
    this.enter()
    this.#events.fire(event)
    this.exit()
  }

  /**
   * Gives the reactor's part of the core back. Only for a reactor that is not running and has nothing open;
   * it is of no use afterwards.
   */
  free(): void {
    if (this.#state !== 'idle') throw new ReactorAlreadyRunning('A running reactor cannot be freed.')
    this.#disarm()
    this.#asleep = true
    this.#updateKeepAlive()
    this.#timers?.free()
    this.#queue?.free()
  }

  /** Closes everything that is open. @returns fires when it is, or soon after a bounded time @internal */
  protected closeAll(): Deferred<unknown> | null {
    return null
  }

  /** Closes everything that is open, now, whatever is lost. @internal */
  protected abortAll(): void {}

  /** The reactor has stopped, perhaps in the middle of `closeAll`. @internal */
  protected ended(): void {}

  #shutDown(life: number): void {
    if (!this.#isLife(life)) return
    this.#events.firePhase('shutdown', 'before')
      .addCallback(() => this.#isLife(life) ? this.#events.firePhase('shutdown', 'during') : undefined)
      .addCallback(() => this.#isLife(life) ? this.closeAll() : undefined)
      .addCallback(() => {
        if (!this.#isLife(life)) return undefined
        this.#running = false
        return this.#events.firePhase('shutdown', 'after')
      })
      .addErrback((failure: FailureType) => this.logFailure('Shutdown failed', failure))
      .addBoth(() => {
        if (this.#isLife(life)) this.#finish()
      })
  }

  #isLife(life: number): boolean {
    return life === this.#life && this.#state !== 'idle'
  }

  #signalled(): void {
    this.enter()
    if (this.#state === 'stopping') {
      this.abortAll()
      this.#finish()
    } else if (this.#state !== 'idle') {
      this.stop()
    }
    this.exit()
  }

  #finish(): void {
    if (this.#state === 'idle') return
    this.#state = 'idle'
    this.#running = false
    this.ended()
    this.#asleep = true
    this.#disarm()
    this.#removeSignals?.()
    this.#removeSignals = null
    this.#updateKeepAlive()
    const settle = this.#settleRun
    this.#settleRun = null
    settle?.()
  }
}
