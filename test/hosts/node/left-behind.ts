/**
 * The test kit's last question: what did a test leave behind?
 *
 *   import { checkNothingLeft } from './left-behind.js'
 *   checkNothingLeft()                  // before other hooks: the first afterEach that is registered runs last
 *   const newReactor = reactors(afterEach)
 *
 * Owns: what the reactors that a test used still hold (connections, ports, attempts, delayed calls), and which of Node's
 * resources are there that were not there before it (sockets, servers, timers, children, workers). What closes in its
 * own time is waited for. Reactors are noticed when they are used, whoever made them; timers are those that started
 * while the test ran (./timers-started.ts), and once more at the end of the file all that are there.
 */
import process from 'node:process'
import { afterAll, afterEach, beforeEach } from 'vitest'
import { Reactor, ReactorBase } from '../../../src/reactor/index.js'
import { rest, TimersStarted } from './timers-started.js'

/** Resources that come and go by themselves, or that are the test runner's. */
const PASSING = /^(?:Immediate|FSReq\w*|FSEvent\w*|FILEHANDLE\w*|TTYWrap|Signal\w*|CloseReq|MessagePort|GetAddrInfoReq\w*)$/i

/** How long what closes in its own time may take, ms: longer than any lingering close, on a busy machine. */
const PATIENCE = 10_000

/** What a reactor holds besides its connections and calls. */
interface Held {
  ports: Set<object>
  connectors: Set<object>
}

/** Options of {@link checkNothingLeft}. */
export interface LeftBehindOptions {
  /** How long to wait for what closes in its own time, ms. */
  patience?: number
  /** Delayed calls of a reactor that was stopped sleep, and keep nothing alive; false to let them be. True if not given. */
  delayedCalls?: boolean
  /** Kinds of Node's resources not to look at. */
  ignore?: RegExp
}

const held = new WeakMap<Reactor, Held>()
let watched: Set<Reactor> | null = null

/** Has every test of the file looked after; one that left something fails, and its message says what. */
export function checkNothingLeft(options: LeftBehindOptions = {}): void {
  let watch: Watch | null = null
  beforeEach(() => {
    watch = new Watch(options)
  })
  afterEach(async () => {
    const left = await watch!.end()
    if (left.length > 0) throw new Error(`The test left behind: ${left.join('; ')}`)
  }, (options.patience ?? PATIENCE) + 10_000)
  if (options.ignore?.test('Timeout')) return
  // What Node starts inside itself nobody sees start.
  afterAll(async () => {
    const count = await timersInTheEnd(options)
    if (count > 0) throw new Error(`The tests left behind: ${count} more Timeout of Node`)
  }, (options.patience ?? PATIENCE) + 10_000)
}

/** How many timers there are in the end, whoever started them. The runner's pass by themselves, and are waited for. */
export async function timersInTheEnd(options: LeftBehindOptions = {}): Promise<number> {
  const end = performance.now() + (options.patience ?? PATIENCE)
  for (let pause = 0; ; pause = Math.min(pause + 5, 100)) {
    // The last look comes after whatever was due until then, however long this process did not run.
    const isLast = performance.now() >= end
    await rest(pause)
    const count = resources().get('Timeout') ?? 0
    if (count === 0 || isLast) return count
  }
}

/** Looks from when it is made until `end`. Only one at a time. */
export class Watch {
  readonly #before = resources()
  readonly #reactors = new Set<Reactor>()
  readonly #timers = new TimersStarted().start()
  readonly #options: LeftBehindOptions

  constructor(options: LeftBehindOptions = {}) {
    this.#options = options
    hook()
    watched = this.#reactors
  }

  /** What there is now and was not before, a line each. */
  left(): string[] {
    const found: string[] = []
    for (const reactor of this.#reactors) found.push(...leftIn(reactor, this.#options.delayedCalls !== false))
    for (const [kind, count] of resources()) {
      // The runner's timers come and go.
      const more = kind === 'Timeout' ? this.#timers.active : count - (this.#before.get(kind) ?? 0)
      if (more > 0 && !PASSING.test(kind) && !this.#options.ignore?.test(kind)) found.push(`${more} more ${kind} of Node`)
    }
    return found
  }

  /** Waits until nothing is left, or patience is. @returns what is left then */
  async end(): Promise<string[]> {
    const end = performance.now() + (this.#options.patience ?? PATIENCE)
    // Looked at from an immediate: a timer that has just run still counts as one.
    for (let pause = 0; ; pause = Math.min(pause + 5, 100)) {
      const isLast = performance.now() >= end
      await rest(pause)
      const left = this.left()
      if (left.length === 0 || isLast) {
        watched = null
        this.#timers.stop()
        return left
      }
    }
  }
}

function leftIn(reactor: Reactor, calls: boolean): string[] {
  const found: string[] = []
  for (const transport of reactor.openTransports()) {
    const name = transport.protocol?.constructor.name ?? 'no protocol'
    found.push(`connection ${transport.id} (${name}) from ${text(transport.getHost())} to ${text(transport.getPeer())}`)
  }
  const things = held.get(reactor)
  for (const port of things?.ports ?? []) found.push(`${port.constructor.name} ${text(call(port, 'getHost'))}`)
  for (const connector of things?.connectors ?? []) {
    found.push(`${connector.constructor.name} to ${text(call(connector, 'getDestination'))}`)
  }
  if (calls) {
    for (const one of reactor.getDelayedCalls()) {
      found.push(`delayed call due in ${Math.round(one.getTime() - reactor.now())} ms`)
    }
  }
  return found
}

/** Notices reactors that are used, and what they hold that they show nobody. */
function hook(): void {
  if (watched !== null || hooked) return
  hooked = true
  const on = (prototype: object, name: string, note: (reactor: Reactor, what: object) => void): void => {
    const methods = prototype as Record<string, (...args: never[]) => unknown>
    const method = methods[name]!
    methods[name] = function (this: Reactor, ...args: unknown[]): unknown {
      // Not a prototype that somebody tries a method on.
      if (Object.prototype.hasOwnProperty.call(this, 'host')) watched?.add(this)
      note(this, args[0] as object)
      return method.apply(this, args as never[])
    }
  }
  on(ReactorBase.prototype, 'callLater', () => undefined)
  on(Reactor.prototype, 'addTransport', () => undefined)
  on(Reactor.prototype, 'addPort', (reactor, port) => thingsOf(reactor).ports.add(port))
  on(Reactor.prototype, 'removePort', (reactor, port) => thingsOf(reactor).ports.delete(port))
  on(Reactor.prototype, 'addConnector', (reactor, connector) => thingsOf(reactor).connectors.add(connector))
  on(Reactor.prototype, 'removeConnector', (reactor, connector) => thingsOf(reactor).connectors.delete(connector))
}

let hooked = false

function thingsOf(reactor: Reactor): Held {
  let things = held.get(reactor)
  if (things === undefined) held.set(reactor, (things = { ports: new Set(), connectors: new Set() }))
  return things
}

function resources(): Map<string, number> {
  const counts = new Map<string, number>()
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  return counts
}

function call(object: object, name: string): unknown {
  const method = (object as Record<string, unknown>)[name]
  return typeof method === 'function' ? method.call(object) as unknown : undefined
}

function text(address: unknown): string {
  const { host, port, path, pid } = (address ?? {}) as Record<string, unknown>
  if (path !== undefined) return String(path)
  if (pid !== undefined) return `process ${String(pid)}`
  return host === undefined ? 'somewhere' : `${String(host)}:${String(port)}`
}
