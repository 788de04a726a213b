/**
 * Replay: a reactor whose host is a recording.
 *
 * Owns: the run: what the host told is told again, in the same order, at the same virtual times, with the same promise
 * jobs done before. Must not know: the file's format, and what a program does.
 */
import { defaultCore } from '../../core/index.js'
import { encodeText } from '../../core/text.js'
import type { ReplayDivergence } from '../../errors/index.js'
import type { CorePart, HostPort, ReactorParts } from '../../interfaces/host.js'
import { Reactor } from '../../reactor/reactor.js'
import type { ReactorOptions } from '../../reactor/reactor-base.js'
import {
  BORROW, DONE, EVENT, FILLED, HOST, INSIDE, JOBS, PAUSE, RECEIVED, RETURN, SAME_JOB, SENT, SOON, THROW, TIMER,
} from './format.js'
import { Recording } from './recording.js'
import type { RecordedItem } from './recording.js'
import { microseconds } from './recorder.js'
import { ReplayObjects } from './replay-objects.js'
import { replayCompression, replayFiles, replayResolver, replayUDP } from './replay-others.js'
import {
  replayDescriptors, replayProcesses, replayTCP, replayTLS, replayUNIX,
} from './replay-streams.js'
import type { ReplayedConnection } from './replay-streams.js'
import { ReplayTape } from './replay-tape.js'

/** Options of {@link Replay}. */
export interface ReplayOptions extends ReactorOptions {
  /** Goes on when the program does something else than it did; false if not given. */
  goOn?: boolean
  /** Keeps what each connection sends, for {@link Replay.connections}; false if not given. */
  output?: boolean
  /**
   * Settles when all promise jobs of what has happened are done, in a host's own way: `() => new Promise(setImmediate)`
   * on Node. Without it 64 jobs in a row are waited for.
   */
  settle?: () => PromiseLike<unknown>
  /** The process's core if not given. */
  core?: () => CorePart
}

/** What a replay came to. */
export interface ReplayReport {
  /** Things that the host told. */
  readonly events: number
  /** When it ended, ms of the recorded reactor's clock. */
  readonly time: number
  /** Where the program did something else; empty if it went as it was recorded. */
  readonly divergences: readonly ReplayDivergence[]
  /** What the program wanted to end with; null if it did not ask. */
  readonly exitStatus: number | null
  /** Whether the recording was ended; if not, its last records may be missing, since its program was killed. */
  readonly isWhole: boolean
}

/** Promise jobs that are waited for in a row, where no host tells that none are left. */
const JOBS_IN_A_ROW = 64
/** How often the same for something that the program did in the recording, until it counts as not done. */
const PATIENCE = 100
/** Turns in a row that a program which differs may ask for, without that anything comes from the recording. */
const MOST_OWN_TURNS = 1_000

interface OwnTimer {
  readonly at: number
  readonly fn: () => void
}

/**
 * A recording, and a reactor that lives through it again.
 *
 * @example
 * const replay = new Replay(readFileSync('server.wrec'), { settle: () => new Promise(setImmediate) })
 * startServer(replay.reactor)
 * await replay.run()
 */
export class Replay {
  /** For the program; its time is the recording's. */
  readonly reactor: Reactor
  readonly recording: Recording
  readonly #tape: ReplayTape
  readonly #objects: ReplayObjects
  readonly #options: ReplayOptions
  #soon: (() => void)[] = []
  #jobs: (() => void)[] = []
  readonly #timers = new Map<number, () => void>()
  // What the program wants that it did not want in the recording.
  #ownSoon: (() => void)[] = []
  #ownJobs: (() => void)[] = []
  readonly #ownTimers = new Set<OwnTimer>()
  #exitStatus: number | null = null
  #isOver = false
  #events = 0

  /** @throws RecordingError for what is none */
  constructor(recording: Recording | Uint8Array | readonly Uint8Array[], options: ReplayOptions = {}) {
    this.recording = recording instanceof Recording ? recording : new Recording(recording)
    this.#options = options
    this.#tape = new ReplayTape(this.recording, options.goOn === true)
    this.#tape.deliver = (item) => this.#deliver(item)
    this.#objects = new ReplayObjects(this.#tape, options.output === true)
    this.reactor = new Reactor(this.#parts(), options)
  }

  /** Connections so far, by the numbers of the recording. */
  get connections(): readonly ReplayedConnection[] {
    return [...this.#objects.channels.values()]
  }

  /** Virtual time, ms. */
  get now(): number {
    return this.#tape.time / 1000
  }

  /** Where the program did something else so far. */
  get divergences(): readonly ReplayDivergence[] {
    return this.#tape.divergences
  }

  /**
   * Lives through the recording to its end.
   * @throws ReplayDivergence where the program does something else than it did, unless the replay goes on;
   *   NotReplayable where the recorded program did what is not recorded; RecordingError for a recording that is damaged
   */
  async run(): Promise<ReplayReport> {
    const tape = this.#tape
    while (!this.#isOver) {
      if (tape.isStopped) throw tape.obstacle ?? this.divergences[0]
      const item = this.#next()
      if (item?.isEvent === true && item.mark !== INSIDE && item.mark !== SAME_JOB) {
        await this.#settle()
        // Meanwhile the program may have done something that it should not have.
        if (tape.isStopped || this.#next() !== item) continue
      }
      if (item === null) {
        if (!tape.isStopped) await this.#settle()
        if (tape.isStopped) continue
        this.#isOver = this.#options.goOn !== true || !this.#ownTurn(null)
      } else if (item.isEvent) {
        if (this.#ownTurn(item)) continue
        tape.skipReads()
        tape.shift()
        this.#deliver(item)
      } else if (!await this.#hasDone(item)) {
        if (tape.isStopped) continue
        tape.skipReads()
        if (isAsked(item)) tape.missing(item, 'nothing')
        if (!tape.isStopped) tape.shift()
      }
    }
    // What the program does from now on is nobody's business.
    tape.isStopped = true
    if (tape.ended !== null) tape.time = Math.max(tape.time, tape.ended)
    return {
      events: this.#events, time: this.now, divergences: this.divergences, exitStatus: this.#exitStatus,
      isWhole: tape.ended !== null,
    }
  }

  /** The next record that is no look at the clock. */
  #next(): RecordedItem | null {
    for (let at = 0; ; at++) {
      const item = this.#tape.peek(at)
      if (item === null || !item.isRead) return item
    }
  }

  /** Waits for what the program did in the recording. */
  async #hasDone(item: RecordedItem): Promise<boolean> {
    for (let round = 0; round < PATIENCE; round++) {
      await this.#settle()
      if (this.#tape.isStopped || this.#next() !== item) return true
    }
    return false
  }

  async #settle(): Promise<void> {
    const { settle } = this.#options
    if (settle !== undefined) {
      await settle()
      return
    }
    for (let job = 0; job < JOBS_IN_A_ROW; job++) await undefined
  }

  #deliver(item: RecordedItem): void {
    const { kind, object } = item
    if (kind === PAUSE) return
    this.#events += 1
    switch (kind) {
      case EVENT:
        return this.#objects.told(object, item.method, item.values)
      case RECEIVED:
        return this.#objects.channels.get(object)?.received(item.bytes!)
      case FILLED:
        return this.#objects.channels.get(object)?.filled(item.bytes!)
      case BORROW:
        return this.#objects.channels.get(object)?.borrowed(item.amount)
      case SENT:
        return this.#objects.channels.get(object)?.sent()
      case SOON:
        return this.#soon.shift()?.()
      case JOBS:
        return this.#jobs.shift()?.()
      case TIMER: {
        const fn = this.#timers.get(object)
        this.#timers.delete(object)
        return fn?.()
      }
    }
  }

  // --- a program that differs

  #ownTurns = 0

  /** Does one thing that is due before `next` and in no recording. @returns whether there was one */
  #ownTurn(next: RecordedItem | null): boolean {
    const fn = this.#ownJobs.shift() ?? this.#ownSoon.shift() ?? this.#dueTimer(next)
    if (fn === undefined || this.#ownTurns++ > MOST_OWN_TURNS) {
      this.#ownTurns = 0
      return false
    }
    fn()
    return true
  }

  #dueTimer(next: RecordedItem | null): (() => void) | undefined {
    if (next === null) return undefined
    let first: OwnTimer | undefined
    for (const timer of this.#ownTimers) if (first === undefined || timer.at < first.at) first = timer
    if (first === undefined || first.at > next.time) return undefined
    this.#ownTimers.delete(first)
    this.#tape.time = Math.max(this.#tape.time, first.at)
    return first.fn
  }

  // --- what the reactor is made of

  #parts(): ReactorParts {
    const { parts, codings, parallelism } = this.recording.features
    const has = <T>(name: string, part: T): T | undefined => parts.includes(name) ? part : undefined
    const objects = this.#objects
    return {
      core: this.#options.core ?? defaultCore,
      host: this.#host(),
      tcp: has('tcp', replayTCP(objects)),
      tls: has('tls', replayTLS(objects)),
      unix: has('unix', replayUNIX(objects)),
      udp: has('udp', replayUDP(objects)),
      processes: has('processes', replayProcesses(objects)),
      descriptors: has('descriptors', replayDescriptors(objects)),
      files: has('files', replayFiles(objects)),
      compression: has('compression', replayCompression(objects, codings)),
      resolver: has('resolver', replayResolver(objects)),
      threads: has('threads', {
        parallelism,
        open: () => {
          this.#tape.unrecorded('threads')
          return {
            prepare: () => ({ start: () => undefined, drop: () => undefined }),
            resize: () => undefined,
            close: () => Promise.resolve(),
          }
        },
      }),
    }
  }

  #host(): HostPort {
    const tape = this.#tape
    const { name, parts } = this.recording.features
    const host: HostPort = {
      name,
      now: () => tape.now(),
      setTimer: (delay, fn) => {
        const number = tape.timer(microseconds(delay))
        if (number >= 0) {
          this.#timers.set(number, fn)
          return number
        }
        const timer: OwnTimer = { at: tape.time + microseconds(delay), fn }
        this.#ownTimers.add(timer)
        return timer
      },
      clearTimer: (timer) => {
        if (typeof timer === 'number') this.#timers.delete(timer)
        else this.#ownTimers.delete(timer as OwnTimer)
      },
      soon: (fn) => void (tape.soon() ? this.#soon : this.#ownSoon).push(fn),
      afterJobs: (fn) => void (tape.jobs() ? this.#jobs : this.#ownJobs).push(fn),
      keepAlive: () => undefined,
      installSignals: (fn) => this.#signal('installSignals', [], fn),
      encode: (text) => encodeText(text),
      allocate: (length) => new Uint8Array(length),
    }
    if (parts.includes('wallClock')) host.wallClock = () => tape.wallClock()
    if (parts.includes('entropy')) host.entropy = (bytes) => tape.entropy(bytes)
    if (parts.includes('onSignal')) host.onSignal = (signal, fn) => this.#signal('onSignal', [signal], () => fn())
    if (parts.includes('exit')) {
      host.exit = (status) => {
        tape.asked(HOST, 'exit', status)
        this.#exitStatus = status
      }
    }
    return host
  }

  #signal(method: 'installSignals' | 'onSignal', args: unknown[], fn: (signal: string) => void): () => void {
    let isInstalled = true
    this.#tape.call(HOST, method, args, (id) => this.#objects.add(id, (_method, values) => {
      if (isInstalled) fn(values[0] as string)
    }))
    return () => {
      isInstalled = false
    }
  }
}

/** Something that a program does, and no answer to it. */
function isAsked(item: RecordedItem): boolean {
  return item.kind !== DONE && item.kind !== RETURN && item.kind !== THROW
}
