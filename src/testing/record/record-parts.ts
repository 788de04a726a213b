/**
 * recordParts: the parts of a reactor, with a Recorder between it and the host.
 *
 * Owns: which parts are recorded, and the host's own calls. Must not know: a binding. Threads are not recorded: their
 * use is noted, which the recorder tells of at once, and a replay ends there.
 */
import type { HostPort, HostTimer, ReactorParts } from '../../interfaces/host.js'
import type { ThreadHost } from '../../interfaces/reactor-threads.js'
import { HOST } from './format.js'
import { recordResolver, recordUDP } from './record-datagrams.js'
import { recordCompression, recordFiles } from './record-files.js'
import { recordDescriptors, recordProcesses, recordTCP, recordTLS, recordUNIX } from './record-streams.js'
import { Recorder, ref } from './recorder.js'
import type { HostFeatures, RecordOptions } from './recorder.js'

/** What {@link recordParts} gives. */
export interface RecordedParts {
  /** For a new Reactor. */
  readonly parts: ReactorParts
  /** Ends the recording. */
  readonly recorder: Recorder
}

/**
 * The parts of a reactor that is recorded: a Reactor made of them does what one of `parts` does, and everything that it
 * is told, and when, goes to `options.sink` as a file that {@link Replay} reads.
 *
 * The file has everything that was received and read in it, in plain also where it came over TLS: passwords, too.
 *
 * @throws TypeError, RangeError for options that make no sense
 * @example
 * const { parts, recorder } = recordParts(hostParts, { sink: (block) => file.write(block) })
 * const reactor = new Reactor(parts)
 */
export function recordParts(parts: ReactorParts, options: RecordOptions): RecordedParts {
  const recorder = new Recorder(parts.host, options, featuresOf(parts))
  const { core, host, tcp, tls, unix, udp, processes, descriptors, threads, files, compression, resolver } = parts
  const recorded: ReactorParts = {
    core,
    host: recordHost(recorder, host),
    tcp: tcp && recordTCP(recorder, tcp),
    tls: tls && recordTLS(recorder, tls, (fn) => host.soon(fn)),
    unix: unix && recordUNIX(recorder, unix),
    udp: udp && recordUDP(recorder, udp),
    processes: processes && recordProcesses(recorder, processes),
    descriptors: descriptors && recordDescriptors(recorder, descriptors),
    threads: threads && noteThreads(recorder, threads),
    files: files && recordFiles(recorder, files),
    compression: compression && recordCompression(recorder, compression),
    resolver: resolver && recordResolver(recorder, resolver),
  }
  return { parts: recorded, recorder }
}

/** What `createReactor({ record })` takes: something that stands between a reactor and its host. */
export class ReactorRecording {
  readonly #options: RecordOptions
  #recorder: Recorder | null = null

  /** @throws TypeError without a sink */
  constructor(options: RecordOptions) {
    if (typeof options?.sink !== 'function') throw new TypeError('a recording needs a sink')
    this.#options = options
  }

  /** Bytes recorded so far. */
  get length(): number {
    return this.#recorder?.length ?? 0
  }

  /** Called once, by whoever makes the reactor. @throws TypeError the second time */
  wrap(parts: ReactorParts): ReactorParts {
    if (this.#recorder !== null) throw new TypeError('a recording is of one reactor')
    const made = recordParts(parts, this.#options)
    this.#recorder = made.recorder
    return made.parts
  }

  /** Hands on what has not been. */
  flush(): void {
    this.#recorder?.flush()
  }

  /** Ends the recording; the reactor goes on. */
  stop(): void {
    this.#recorder?.stop()
  }
}

/** For `createReactor({ record: recordTo((block) => …) })`. @param to see `RecordOptions.sink` */
export function recordTo(
  to: RecordOptions['sink'], options: Omit<RecordOptions, 'sink'> = {}): ReactorRecording {
  return new ReactorRecording({ ...options, sink: to })
}

function featuresOf(parts: ReactorParts): HostFeatures {
  const { host, compression, threads } = parts
  const has = [...Object.entries(parts), ...OPTIONAL.map((name) => [name, host[name]] as const)]
  const wall = host.wallClock?.()
  return {
    ...wall !== undefined && { wall },
    name: host.name,
    parts: has.filter(([, part]) => part !== undefined).map(([name]) => name),
    codings: compression === undefined ? [] : [...compression.codings],
    parallelism: threads?.parallelism ?? 1,
  }
}

/** What a HostPort may lack. */
const OPTIONAL = ['wallClock', 'entropy', 'onSignal', 'exit'] as const

interface RecordedTimer {
  readonly timer: HostTimer
}

function recordHost(recorder: Recorder, host: HostPort): HostPort {
  const recorded: HostPort = {
    name: host.name,
    now: () => recorder.now(),
    setTimer: (delay, fn) => {
      const number = recorder.askedTimer(delay)
      const timer = host.setTimer(delay, () => {
        recorder.timer(number)
        fn()
      })
      return { timer } satisfies RecordedTimer
    },
    clearTimer: (timer) => host.clearTimer((timer as RecordedTimer).timer),
    soon: (fn) => {
      recorder.askedSoon()
      host.soon(() => {
        recorder.soon()
        fn()
      })
    },
    afterJobs: (fn) => {
      recorder.askedJobs()
      host.afterJobs(() => {
        recorder.jobs()
        fn()
      })
    },
    keepAlive: (wanted) => host.keepAlive(wanted),
    installSignals: (fn) => {
      const id = recorder.newObject()
      return recorder.call(HOST, 'installSignals', [ref(id)], () => host.installSignals((signal) => {
        recorder.told(id, 'signal', signal)
        fn(signal)
      }))
    },
    encode: (text) => host.encode(text),
    allocate: (length) => host.allocate(length),
  }
  if (host.wallClock !== undefined) recorded.wallClock = () => recorder.wallClock()
  if (host.entropy !== undefined) {
    recorded.entropy = (bytes) => {
      host.entropy!(bytes)
      recorder.entropy(bytes)
    }
  }
  if (host.onSignal !== undefined) {
    recorded.onSignal = (signal, fn) => {
      const id = recorder.newObject()
      return recorder.call(HOST, 'onSignal', [ref(id), signal], () => host.onSignal!(signal, () => {
        recorder.told(id, 'signal', signal)
        fn()
      }))
    }
  }
  if (host.exit !== undefined) {
    recorded.exit = (status) => {
      recorder.asked(HOST, 'exit', status)
      recorder.flush()
      host.exit!(status)
    }
  }
  return recorded
}

function noteThreads(recorder: Recorder, threads: ThreadHost): ThreadHost {
  return {
    parallelism: threads.parallelism,
    open: (size, report) => {
      recorder.note('threads')
      return threads.open(size, report)
    },
  }
}
