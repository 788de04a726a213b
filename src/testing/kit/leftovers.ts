/**
 * What a test has left behind: on reactors, and in Deferreds whose failure nobody took.
 *
 * Owns: the questions and the words. Must not know: test runners; hooks are handed in. Works with reactors of hosts,
 * those of simulated hosts, MemoryReactor and Clock alike. Source: twisted.trial's janitor (`util._Janitor`), which
 * asks the global reactor.
 */
import { getDebugging, setDebugging, setUnhandledPolicy } from '../../defer/index.js'
import type { Deferred, Failure, UnhandledPolicy } from '../../defer/index.js'
import { siteOf } from '../../defer/debug.js'
import { WATCHED } from '../../defer/state.js'
import { endTurn } from '../../defer/unhandled.js'
import { LeftBehind } from '../../errors/index.js'
import type { ErrorClass, Leftover } from '../../errors/index.js'
import type { IDelayedCall } from '../../interfaces/index.js'
import { Reactor } from '../../reactor/reactor.js'
import { ProcessTransport } from '../../transports/process.js'
import { connectionOf } from '../../transports/stream-transport.js'
import type { StreamTransport } from '../../transports/stream-transport.js'
import { UDPPort } from '../../transports/udp-port.js'
import { MemoryReactor } from '../memory-reactor.js'

/** What can be asked what is left on it. */
export interface AskedReactor {
  now(): number
  getDelayedCalls(): IDelayedCall[]
}

/** Promise jobs that a chain of callbacks may take to its end. */
const JOBS = 16
/** How often something that closes in its own time is looked at, between two pauses. */
const ROUNDS = 2_000

/**
 * What there is on a reactor: calls put off, connections, ports, attempts to connect, datagram ports, children. Where
 * each was made is known if debugging was on then: `setDebugging(true)`.
 */
export function leftOn(reactor: AskedReactor): Leftover[] {
  const found: Leftover[] = []
  const note = (kind: Leftover['kind'], thing: object, what: string): void =>
    void found.push({ kind, what, where: siteOf(thing) })
  if (reactor instanceof Reactor) {
    for (const transport of reactor.openTransports()) {
      const name = transport.protocol?.constructor.name ?? 'no protocol'
      const [from, to] = [transport.getHost(), transport.getPeer()].map(addressText)
      found.push({ kind: 'connection', what: `a connection (${name}) from ${from} to ${to}`, where: placeOf(transport) })
    }
    const { ports, connectors } = reactor.openThings()
    for (const port of ports) {
      if (port instanceof ProcessTransport) note('process', port, `a process, ${String(port.pid)}`)
      else if (port instanceof UDPPort) note('udp', port, `a UDP port, ${addressText(port.getHost())}`)
      else note('port', port, `a port that listens, ${addressText(ask(port, 'getHost'))}`)
    }
    for (const one of connectors) {
      note('connector', one, `an attempt to connect to ${addressText(one.getDestination())}`)
    }
  } else if (reactor instanceof MemoryReactor) {
    leftInMemory(reactor, note)
  }
  for (const call of reactor.getDelayedCalls()) {
    note('call', call, `a call that is due in ${Math.round((call.getTime() - reactor.now()) * 1000) / 1000} ms`)
  }
  return found
}

/** Connections are made when the host says so: their place in the program is that of who listened or connected. */
function placeOf(transport: StreamTransport): string | undefined {
  const { owner } = connectionOf(transport)
  return (owner === null ? undefined : siteOf(owner)) ?? siteOf(transport)
}

function leftInMemory(
  reactor: MemoryReactor, note: (kind: Leftover['kind'], thing: object, what: string) => void): void {
  const { tcpServers, sslServers, unixServers, adoptedPorts, connectors, udpPorts, processes } = reactor
  for (const { listening } of [...tcpServers, ...sslServers, ...unixServers, ...adoptedPorts]) {
    if (listening.listening) note('port', listening, `a port that listens, ${addressText(listening.getHost())}`)
  }
  for (const one of connectors) {
    const to = addressText(one.getDestination())
    if (one.state === 'connecting') note('connector', one, `an attempt to connect to ${to}`)
    if (one.state === 'connected') note('connection', one, `a connection to ${to}`)
  }
  for (const { listening } of udpPorts) {
    if (listening.listening) note('udp', listening, `a UDP port, ${addressText(listening.getHost())}`)
  }
  for (const one of processes) {
    if (one.process.pid !== null) note('process', one.process, `a process, ${one.executable}`)
  }
}

/** @throws LeftBehind when there is something on one of these reactors */
export function assertNothingLeft(...reactors: AskedReactor[]): void {
  const left = reactors.flatMap((reactor) => leftOn(reactor))
  if (left.length > 0) throw new LeftBehind(left)
}

/** How to look for what a test leaves. */
export interface LeftoverOptions {
  /** Keeps the places where things are made, while the test runs; true if not given. */
  debugging?: boolean
  /**
   * Lets a little time pass, for what closes in its own: `() => new Promise((done) => setTimeout(done, 5))`. Without it
   * only promise jobs are waited for, which is all that reactors without a host need.
   */
  pause?: () => PromiseLike<unknown>
}

/** Looks at a test from when it is made until `end`; one at a time, since Deferreds belong to no reactor. */
export class LeftoverWatch {
  readonly #options: LeftoverOptions
  readonly #reactors = new Set<AskedReactor>()
  readonly #failures = new Map<Deferred<any>, Failure>()
  readonly #formerPolicy: UnhandledPolicy
  readonly #formerDebugging = getDebugging()

  constructor(options: LeftoverOptions = {}) {
    this.#options = options
    this.#formerPolicy = setUnhandledPolicy((failure, deferred) => {
      if (deferred !== undefined) this.#failures.set(deferred, failure)
    })
    if (options.debugging !== false) setDebugging(true)
  }

  /** Asks this reactor, too, in the end. @returns the reactor */
  add<R extends AskedReactor>(reactor: R): R {
    this.#reactors.add(reactor)
    return reactor
  }

  /**
   * Failures that nobody has handled, of these kinds or of all, which the test expects: they are handled by this.
   * Source: twisted.trial's flushLoggedErrors.
   */
  takeFailures(...kinds: (ErrorClass | string)[]): Failure[] {
    endTurn()
    const taken: Failure[] = []
    for (const [deferred, failure] of this.#unhandled()) {
      if (kinds.length > 0 && failure.check(...kinds) === null) continue
      deferred.addErrback(() => undefined)
      this.#failures.delete(deferred)
      taken.push(failure)
    }
    return taken
  }

  /** What is left now. */
  left(): Leftover[] {
    endTurn()
    const found = [...this.#reactors].flatMap((reactor) => leftOn(reactor))
    for (const [deferred, failure] of this.#unhandled()) {
      found.push({
        kind: 'deferred', what: `a failure that nobody handled, ${failure.value.name}: ${failure.value.message}`,
        where: siteOf(deferred),
      })
    }
    return found
  }

  /**
   * Ends the watch. What closes in its own time is waited for, where there is a way to.
   * @throws LeftBehind
   */
  async end(): Promise<void> {
    const { pause } = this.#options
    try {
      for (let round = 0; round < (pause === undefined ? 1 : ROUNDS); round++) {
        for (let job = 0; job < JOBS; job++) await undefined
        if (this.left().length === 0) return
        await pause?.()
      }
      const left = this.left()
      if (left.length === 0) return
      // They have been told of.
      this.takeFailures()
      throw new LeftBehind(left)
    } finally {
      setUnhandledPolicy(this.#formerPolicy)
      setDebugging(this.#formerDebugging)
    }
  }

  #unhandled(): [Deferred<any>, Failure][] {
    return [...this.#failures].filter(([deferred, failure]) =>
      (deferred._state & WATCHED) !== 0 && deferred._result === failure)
  }
}

/** The hooks of a runner: vitest, Jest, Mocha and node:test all have them. */
export interface TestHooks {
  beforeEach(fn: () => void): unknown
  afterEach(fn: () => Promise<void>): unknown
}

/** What {@link checkNothingLeft} gives: for the reactors of the test that is running. */
export interface LeftoverCheck {
  /** Asks this reactor, too, after the test. @returns the reactor */
  watch<R extends AskedReactor>(reactor: R): R
  /** See LeftoverWatch. */
  takeFailures(...kinds: (ErrorClass | string)[]): Failure[]
}

/**
 * Has every test looked after: one that leaves something behind fails, and its message says what, and where that was
 * made.
 *
 * @example
 * const { watch } = checkNothingLeft({ beforeEach, afterEach })
 * it('answers', () => {
 *   const reactor = watch(new MemoryReactor())
 */
export function checkNothingLeft(hooks: TestHooks, options: LeftoverOptions = {}): LeftoverCheck {
  let present: LeftoverWatch | null = null
  const current = (): LeftoverWatch => {
    if (present === null) throw new TypeError('this is for use inside of a test')
    return present
  }
  hooks.beforeEach(() => {
    present = new LeftoverWatch(options)
  })
  hooks.afterEach(async () => {
    const watch = present
    present = null
    await watch?.end()
  })
  return {
    watch: (reactor) => current().add(reactor),
    takeFailures: (...kinds) => current().takeFailures(...kinds),
  }
}

function ask(thing: object, method: string): unknown {
  const fn = (thing as Record<string, unknown>)[method]
  return typeof fn === 'function' ? fn.call(thing) as unknown : undefined
}

function addressText(address: unknown): string {
  const { host, port, path, pid, name } = (address ?? {}) as Record<string, unknown>
  if (path !== undefined) return String(path)
  if (pid !== undefined) return `process ${String(pid)}`
  if (name !== undefined) return String(name)
  return host === undefined ? 'somewhere' : `${String(host)}:${String(port)}`
}
