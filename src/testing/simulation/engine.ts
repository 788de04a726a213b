/**
 * Engine: the clock of a simulated world, and the loop that lets one thing happen after the other.
 *
 * Owns: virtual time, whose turn it is, and when an event is over. Must not know: what events do, or tests.
 *
 * An event is over when the promise jobs that it left have run. Nothing tells when that is, but an `await` takes the
 * same number of jobs in every engine, by specification. So: after an event in which a host had its turn, three of
 * them; if promises were touched (src/defer/jobs.ts), or the world was from outside of an event, then more, until QUIET
 * in a row saw nothing of the kind. Then come the reactors' `afterJobs`, and the same again. No macrotask is waited
 * for. Jobs that take longer, of promises that no Deferred has to do with, run between later events: always the same.
 */

import type { Core, SeededRandom } from '../../core/index.js'
import { promiseJobs } from '../../defer/jobs.js'
import { SimulationError } from '../../errors/index.js'
import type { GuardPort } from '../simulate/guard-port.js'
import type { TraceWriter } from '../trace/writer.js'
import { Agenda } from './agenda.js'
import { Capture } from './capture.js'
import type { Life } from './life.js'
import { LAST_MICROS, microsOf } from './micros.js'
import type { LifeCore } from './sim-core.js'
import type { Host } from './sim-host.js'
import type { SimEvent, World } from './world.js'

/** Awaits after an event that seems to have left no jobs: what a program does with other promises is not seen. */
const AWAITS = 3
/** Awaits in a row that see nothing. */
const QUIET = 16
/** Awaits that belong to one event: more have no end. */
const MOST_JOBS = 1_000_000
/** Events of one instant: more have no end. */
const MOST_AT_ONCE = 1_000_000

/** Why the loop has ended. */
export type Halt = 'done' | 'time' | 'empty'

/** What an engine is made of. @internal */
export interface EngineParts {
  core: Core
  random: SeededRandom
  trace: TraceWriter
  epoch: number
  guard: GuardPort | null
  allow: readonly string[]
}

/** Awaited again and again: it is settled, and costs less than a new one. */
const SETTLED = Promise.resolve()

/** One simulation in a thread at a time: the log and the policy of Deferreds are there once. */
let turn: Promise<unknown> = SETTLED

/** @internal */
export class Engine implements World {
  readonly core: Core
  readonly random: SeededRandom
  readonly trace: TraceWriter
  readonly epoch: number
  readonly capture: Capture
  /** Called after every event. */
  readonly checks: (() => void)[] = []
  /** Whose turn it is; the life of a host that may have crashed meanwhile. */
  current: Life | null = null
  /** ms; the same as `nowMicros`. */
  now = 0
  nowMicros = 0
  /** How many were fired. */
  events = 0
  readonly #agenda: Agenda
  readonly #guard: GuardPort | null
  readonly #allow: readonly string[]
  readonly #hosts: Host[] = []
  readonly #byName = new Map<string, Host>()
  #isRunning = false
  #isFiring = false
  #isClosed = false
  /** Moves when the world is touched from outside of an event. */
  #touches = 0
  #atOnce = 0
  #afterJobs: { life: Life, fn: () => void }[] = []
  #dead: LifeCore[] = []
  #failure: { readonly error: unknown } | null = null
  readonly #who = (): string => this.current?.host.name ?? ''

  constructor({ core, random, trace, epoch, guard, allow }: EngineParts) {
    this.core = core
    this.random = random
    this.trace = trace
    this.epoch = epoch
    this.#guard = guard
    this.#allow = allow
    this.#agenda = new Agenda(core.createTimers({ tick: 1 }))
    this.capture = new Capture(this)
  }

  get hosts(): readonly Host[] {
    return this.#hosts
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** How many events wait. */
  get waiting(): number {
    return this.#agenda.size
  }

  addHost(host: Host): void {
    this.#hosts.push(host)
    this.#byName.set(host.name.toLowerCase(), host)
  }

  /** Names have no upper and lower case. */
  findHost(name: string): Host | null {
    return this.#byName.get(name.toLowerCase()) ?? null
  }

  hostNamed(name: string): Host {
    const host = this.findHost(name)
    if (host !== null) return host
    const known = this.#hosts.map((one) => one.name).join(', ')
    throw new SimulationError(`There is no host '${name}'; ${known === '' ? 'there are none' : `there are ${known}`}.`)
  }

  at(time: number, event: SimEvent): number {
    return this.atMicros(microsOf(time), event)
  }

  atMicros(time: number, event: SimEvent): number {
    if (!this.#isFiring) this.#touches += 1
    return this.#agenda.at(time, event)
  }

  cancel(handle: number): boolean {
    return this.#agenda.cancel(handle)
  }

  /** Calls when the event is over, but for this. */
  afterJobs(life: Life, fn: () => void): void {
    this.#touches += 1
    this.#afterJobs.push({ life, fn })
  }

  /** Gives a reactor's part of the core back, when nothing uses it any more. */
  bury(core: LifeCore): void {
    this.#dead.push(core)
  }

  /** The run ends with this, at the end of the event. Only the first counts. */
  fail(error: unknown): void {
    this.#failure ??= { error }
  }

  /**
   * Calls something of a test's, or a host's program. What it throws, or what fails that it returns, ends the run as it
   * is; unless the host has crashed since.
   *
   * @throws what it throws, if nothing runs that could be ended
   */
  doing(host: Host | null, fn: () => unknown): void {
    const life = host?.life ?? null
    this.current = life
    this.#touches += 1
    let result: unknown
    try {
      result = fn()
    } catch (error) {
      if (!this.#isFiring) throw error
      this.fail(error)
    }
    if (typeof (result as PromiseLike<unknown> | null | undefined)?.then !== 'function') return
    void (result as PromiseLike<unknown>).then(undefined, (error: unknown) => {
      this.#touches += 1
      if (life?.isOver !== true) this.fail(error)
    })
  }

  /** Watches over what `fn` does, as over an event: for what a test does to hosts outside of a run. */
  within<T>(host: Host | null, fn: () => T): T {
    const { current } = this
    this.#begin()
    this.current = host?.life ?? null
    try {
      return fn()
    } finally {
      this.current = current
      this.#end()
    }
  }

  /**
   * Lets things happen.
   *
   * @param end µs; what is later does not happen
   * @param isDone asked after every event
   */
  async run(end: number, isDone: (() => boolean) | null): Promise<Halt> {
    if (this.#isFiring) {
      throw new SimulationError('What happens in a run cannot run the simulation: it would wait for its own end.',
        { host: this.current?.host.name ?? '', time: this.now })
    }
    const before = turn
    let over!: () => void
    turn = new Promise<void>((resolve) => (over = resolve))
    await before
    if (this.#isClosed) {
      over()
      throw new SimulationError('The simulation is closed.')
    }
    this.#begin()
    this.#isRunning = true
    try {
      return await this.#loop(end, isDone)
    } finally {
      this.#isRunning = false
      this.current = null
      this.#end()
      over()
    }
  }

  async #loop(end: number, isDone: (() => boolean) | null): Promise<Halt> {
    const agenda = this.#agenda
    // What was done before the run may have left jobs, and something to hand over.
    await this.#quiet()
    this.#endEvent()
    for (;;) {
      if (isDone !== null && isDone()) return 'done'
      const event = agenda.next()
      if (event === null) {
        const next = agenda.nextTime()
        if (next > end || next > LAST_MICROS) {
          // Nothing is to come; unless jobs that have taken longer have something happen after all.
          await this.#quiet()
          this.#endEvent()
          if (agenda.isReady || agenda.nextTime() !== next || isDone?.() === true) continue
        }
        // What waits for a time beyond the last never happens.
        const isEmpty = next > LAST_MICROS
        if (isEmpty || next > end) {
          if (end !== Infinity) this.#move(end)
          return isEmpty ? 'empty' : 'time'
        }
        this.#move(next)
        continue
      }
      const jobs = promiseJobs
      const touches = this.#touches
      this.#fire(event)
      if (this.current !== null || jobs !== promiseJobs || touches !== this.#touches) {
        for (let i = 0; i < AWAITS; i++) await SETTLED
        if (jobs !== promiseJobs || touches !== this.#touches) await this.#quiet()
        this.#endEvent()
      } else if (this.checks.length > 0 || this.#failure !== null) {
        this.#endEvent()
      }
    }
  }

  #fire(event: SimEvent): void {
    if (++this.#atOnce > MOST_AT_ONCE) throw this.#endless('events at one time')
    this.current = null
    this.events += 1
    this.#isFiring = true
    try {
      event.fire()
    } catch (error) {
      this.fail(this.#described(error))
      this.#touches += 1
    }
    this.#isFiring = false
  }

  /** Waits for promise jobs. */
  async #quiet(): Promise<void> {
    for (let rounds = 0; ;) {
      for (let quiet = 0; quiet < QUIET; quiet++) {
        const jobs = promiseJobs
        const touches = this.#touches
        for (let i = 0; i < AWAITS; i++) await SETTLED
        if (jobs !== promiseJobs || touches !== this.#touches) quiet = -1
        if (++rounds > MOST_JOBS) throw this.#endless('promise jobs of one event')
      }
      if (this.#afterJobs.length === 0) return
      const calls = this.#afterJobs
      this.#afterJobs = []
      for (const { life, fn } of calls) {
        if (life.isOver) continue
        this.current = life
        this.#isFiring = true
        try {
          fn()
        } catch (error) {
          this.fail(this.#described(error))
        }
        this.#isFiring = false
      }
    }
  }

  #endEvent(): void {
    this.capture.endEvent()
    if (this.#dead.length > 0) {
      for (const core of this.#dead) core.free()
      this.#dead = []
    }
    if (this.#failure === null) {
      const { checks } = this
      for (let i = 0; i < checks.length; i++) (checks[i] as () => void)()
      return
    }
    const { error } = this.#failure
    this.#failure = null
    throw error
  }

  /** @param time µs */
  #move(time: number): void {
    this.#agenda.advance(time)
    this.nowMicros = time
    this.now = time / 1_000
    this.#atOnce = 0
    this.trace.begin(this.now)
    this.capture.moved(this.now)
  }

  #described(error: unknown): unknown {
    if (error instanceof SimulationError) return error
    const host = this.current?.host.name ?? ''
    const where = host === '' ? 'An event' : `Host '${host}'`
    const what = error instanceof Error ? error.message : String(error)
    return new SimulationError(`${where} failed at ${this.now} ms: ${what}`, { cause: error, host, time: this.now })
  }

  #endless(what: string): SimulationError {
    const host = this.current?.host.name ?? ''
    return new SimulationError(
      `More than a million ${what} at ${this.now} ms, ${host === '' ? 'of no host' : `the last of host '${host}'`}: ` +
      'there seems to be no end.', { host, time: this.now })
  }

  #begin(): void {
    this.capture.begin()
    this.#guard?.begin(this.#who, this.#allow, (error) => this.fail(error))
  }

  #end(): void {
    this.#guard?.end(this.#who)
    this.capture.end()
  }

  /** Nothing happens any more. @throws SimulationError while it runs */
  close(): void {
    if (this.#isClosed) return
    if (this.#isRunning) throw new SimulationError('The simulation runs: it cannot be closed.', { time: this.now })
    this.#isClosed = true
    for (const host of this.#hosts) host.leave()
    for (const core of this.#dead) core.free()
    this.#dead = []
    this.capture.close()
    this.#agenda.free()
    this.random.free()
  }
}
