/**
 * Simulation: any number of hosts with a network and clocks of their own, in one thread, from one seed.
 *
 * Owns: what tests ask for: hosts, time, the network, what is noted. Must not know: how events are ordered (engine.ts),
 * how bytes travel (network/), how many seeds are tried (../simulate/). The model: tokio-rs/turmoil, FoundationDB.
 *
 * The same seed and program give the same run, everywhere: the same trace, the same digest.
 */

import { defaultCore } from '../../core/index.js'
import type { Core, SeededRandom } from '../../core/index.js'
import type { Deferred, Failure } from '../../defer/index.js'
import { SimulationError } from '../../errors/index.js'
import type { Reactor } from '../../reactor/reactor.js'
import type { Fault } from '../simulate/fault.js'
import type { GuardPort } from '../simulate/guard-port.js'
import { scheduleFaults } from '../simulate/strike.js'
import { TraceWriter } from '../trace/writer.js'
import type { SimulatedLogEntry } from './capture.js'
import { Engine } from './engine.js'
import { LAST_MS, microsOf } from './micros.js'
import { Network } from './network/network.js'
import type { LinkOptions } from './network/options.js'
import { Host } from './sim-host.js'
import type { Boot, SimulatedHost } from './sim-host.js'
import { LastingDigest, ownForks } from './sim-owned.js'
import { unfinished } from './unfinished.js'

/** What a simulation is made with; those of links are for all links that are not changed later. */
export interface SimulationOptions extends LinkOptions {
  /** What everything that is left to chance hangs on; 1 and '1' are the same. */
  seed: number | string
  /** What is to go wrong, and when; see `planFaults`. */
  faults?: readonly Fault[] | null
  /** How many hosts a scenario is to use, where it asks; shrinking lowers it. 3 if not given. */
  hosts?: number
  /** Where `run` and `settle` end if nothing else was said; virtual ms. */
  until?: number
  /** Whether records are kept, or only their digest is made; 'full' if not given. */
  trace?: 'full' | 'digest'
  /** Of the newest records, so many bytes are kept; 64 MiB. */
  traceBytes?: number
  /** The process's own if not given. */
  core?: Core
  /** Keeps simulated code from the real machine. */
  guard?: GuardPort | null
  /** What the guard lets pass; an entry that it does not know is a RangeError that says what there is. */
  allow?: readonly string[]
  /** What wall clocks say at time 0, ms since 1970; 2000-01-01 if not given. */
  epoch?: number
}

const EPOCH = 946_684_800_000
const TRACE_BYTES = 67_108_864
const HOSTS = 3
/** How long `settle` waits where no end was given, virtual ms. */
const PATIENCE = 3_600_000

/** A simulated network of hosts. */
export class Simulation {
  readonly seed: number | string
  /** How many hosts the scenario is to use, if it can use any number. */
  readonly hosts: number
  /** Where the run ends, virtual ms; Infinity if that was not said. */
  readonly until: number
  /** What happens between hosts, and what a test does to it. */
  readonly network: Network
  readonly #engine: Engine
  readonly #digest: LastingDigest
  readonly #freeForks: () => void

  constructor(options: SimulationOptions) {
    const { seed, hosts = HOSTS, until = Infinity, epoch = EPOCH, guard = null, allow = [], faults } = options
    const { core = defaultCore(), trace = 'full', traceBytes = TRACE_BYTES } = options
    if (typeof seed !== 'string' && !Number.isFinite(seed)) {
      throw new TypeError(`a seed is a number or text, not ${String(seed)}`)
    }
    needTime('until', until)
    guard?.check?.(allow)
    this.seed = seed
    this.hosts = hosts
    this.until = until
    const random = core.random(seed)
    this.#freeForks = ownForks(random)
    this.#digest = new LastingDigest(core.digest())
    const writer = new TraceWriter(this.#digest, { keepBytes: trace === 'full' ? traceBytes : 0, seed, epoch })
    this.#engine = new Engine({ core, random, trace: writer, epoch, guard, allow })
    this.network = new Network(this.#engine, linkOptions(options), {
      crash: (name) => this.#engine.hostNamed(name).crash(),
      restart: (name) => this.#restart(name),
    })
    if (faults !== undefined && faults !== null) this.#schedule(faults)
  }

  /** Virtual ms since the simulation was made. */
  get now(): number {
    return this.#engine.now
  }

  /** For what a scenario itself leaves to chance. Fork it: numbers of one thing then do not hang on others. */
  get random(): SeededRandom {
    return this.#engine.random
  }

  /** How many things have happened. */
  get events(): number {
    return this.#engine.events
  }

  /**
   * Adds a host, or gives the one that there is by this name.
   *
   * @param boot its program: called now, and again whenever the host starts anew. What it throws, or what fails that it
   *   returns, ends the run
   * @throws SimulationError if the name is taken and a `boot` is given; what `boot` throws
   */
  host(name: string, boot?: Boot): SimulatedHost {
    const engine = this.#engine
    this.#mustBeOpen()
    const known = engine.findHost(name)
    if (known !== null) {
      if (boot === undefined) return known
      throw new SimulationError(`There is a host '${known.name}' already.`, { host: known.name, time: engine.now })
    }
    if (typeof name !== 'string' || !/^[^\s:/%]+$/.test(name) || /^(?:[\d.]+|localhost)$/i.test(name)) {
      throw new TypeError(`a host's name is a word that is no address, not ${String(name)}`)
    }
    if (boot !== undefined && typeof boot !== 'function') throw new TypeError('what a host boots is a function')
    const host = new Host(engine, this.network, engine.hosts.length + 1, name, boot ?? null)
    engine.addHost(host)
    engine.trace.host(host.id, host.name, host.ipv4, host.ipv6)
    this.network.addHost(host)
    host.start()
    return host
  }

  /** The reactor of a host, which is made if there is none. @throws SimulationError while it is down */
  reactor(name: string): Reactor {
    return this.host(name).reactor
  }

  /**
   * Calls at a virtual time, ms. What it throws, or what fails that it returns, ends the run.
   * @throws RangeError for the past
   */
  at(ms: number, fn: () => unknown): void {
    const engine = this.#engine
    this.#mustBeOpen()
    if (typeof fn !== 'function') throw new TypeError('what is to happen is a function')
    if (!(ms >= engine.now && ms <= LAST_MS)) {
      throw new RangeError(`${ms} ms is not to come: it is ${engine.now} ms, and no simulation lasts ${LAST_MS} ms`)
    }
    engine.at(ms, { fire: () => engine.doing(null, fn) })
  }

  /**
   * Lets things happen until nothing is left that could, or until a time. Without one, and with a timer that always sets
   * the next, it goes on for almost nine virtual years, and nothing else of the process runs meanwhile.
   *
   * @param untilMs virtual ms since the simulation was made; `until` of the options if not given
   * @throws what a boot, what `at` was given or a check threw; SimulationError, AmbientAccessError
   */
  async run(untilMs: number = this.until): Promise<void> {
    const halt = await this.#engine.run(microsOf(needTime('until', untilMs)), null)
    if (halt === 'empty') this.#engine.capture.over()
  }

  /**
   * Lets things happen until a Deferred or a promise has its result, which this gives back, or throws.
   *
   * @param withinMs from now, virtual ms; till the end of the run if not given
   * @throws SimulationError if it has none by then, or nothing is left that could happen; it says what hosts wait for
   */
  async settle<T>(deferred: Deferred<T> | PromiseLike<T>, withinMs?: number): Promise<T> {
    const engine = this.#engine
    let result: { readonly value: T } | { readonly error: unknown } | null = null
    deferred.then((value) => void (result = { value }), (error: unknown) => void (result = { error }))
    const end = withinMs !== undefined ? engine.now + withinMs
      : this.until === Infinity ? engine.now + PATIENCE : Math.max(this.until, engine.now)
    if (!(end >= engine.now)) throw new RangeError(`within is a number of virtual ms, not ${String(withinMs)}`)
    needTime('the end of within', end)
    const halt = await engine.run(microsOf(end), () => result !== null)
    const settled = result as { readonly value: T } | { readonly error: unknown } | null
    if (settled === null) {
      const why = halt === 'empty' ? 'Nothing is left that could happen' : `Time is over at ${engine.now} ms`
      throw new SimulationError(`${why}, and what was waited for has no result.\n${this.unfinished()}`,
        { time: engine.now })
    }
    if ('error' in settled) throw settled.error
    return settled.value
  }

  /** What every host waits for now, as text. */
  unfinished(): string {
    return unfinished(this.#engine, this.network)
  }

  /** Asks after every event whether all is as it must be: what `fn` throws ends the run. */
  check(fn: () => void): void {
    if (typeof fn !== 'function') throw new TypeError('a check is a function')
    this.#engine.checks.push(fn)
  }

  /** Writes a remark into the trace. */
  note(text: string): void {
    if (!this.#engine.isClosed) this.#engine.trace.note(String(text))
  }

  /** The trace so far: for `TraceReader`, `whorl trace`. */
  trace(): Uint8Array {
    return this.#engine.trace.bytes()
  }

  /** Of all that has happened, kept or not: 32 hexadecimal digits. */
  digest(): string {
    return this.#engine.trace.digest()
  }

  /** What hosts have logged while the simulation ran. */
  get log(): readonly SimulatedLogEntry[] {
    return this.#engine.capture.log
  }

  /** Failures of Deferreds that nobody has taken, in the order in which they were left. */
  get unhandled(): readonly Failure[] {
    return this.#engine.capture.unhandled
  }

  /** Gives everything back. What was noted can still be read. @throws SimulationError while it runs */
  close(): void {
    if (this.#engine.isClosed) return
    this.#engine.close()
    this.#engine.trace.digest()
    this.#freeForks()
    this.#digest.free()
  }

  #restart(name: string): void {
    this.#mustBeOpen()
    const host = this.#engine.hostNamed(name)
    if (host.isUp) host.crash()
    host.start()
  }

  #schedule(faults: readonly Fault[]): void {
    const engine = this.#engine
    scheduleFaults(faults, {
      random: engine.random,
      get names() {
        return engine.hosts.map(({ name }) => name)
      },
      network: this.network,
      at: (ms, fn) => void engine.at(ms, { fire: () => engine.doing(null, fn) }),
      note: (text) => engine.trace.fault(text),
      isUp: (name) => engine.hostNamed(name).isUp,
      skew: (name, offset, drift) => {
        const host = engine.hostNamed(name)
        host.clockOffset += offset
        host.clockDrift += drift
      },
    })
  }

  #mustBeOpen(): void {
    if (this.#engine.isClosed) throw new SimulationError('The simulation is closed.')
  }
}

/** @throws RangeError for what is neither a time that a simulation may come to nor its end */
function needTime(name: string, ms: number): number {
  if (ms >= 0 && (ms <= LAST_MS || ms === Infinity)) return ms
  throw new RangeError(`${name} is a virtual time in ms up to ${LAST_MS}, or Infinity, not ${String(ms)}`)
}

const LINK_OPTIONS = [
  'latency', 'loss', 'reorder', 'duplicate', 'bandwidth', 'segment', 'bufferBytes', 'giveUpMs',
] as const

function linkOptions(options: SimulationOptions): LinkOptions {
  return Object.fromEntries(LINK_OPTIONS.map((key) => [key, options[key]]))
}

export type { Boot, SimulatedHost } from './sim-host.js'
export type { SimulatedLogEntry } from './capture.js'
