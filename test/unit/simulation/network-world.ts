/**
 * A world for tests of the network alone: a heap of events, a small generator, reactors without a core of their own
 * making, and a trace that checks what it is told: bytes of a stream are delivered in order, each once.
 */
import { createCore } from '../../../src/core/index.js'
import type { Core, SeededRandom } from '../../../src/core/index.js'
import type { HostPort } from '../../../src/interfaces/index.js'
import { Reactor } from '../../../src/reactor/index.js'
import { Network } from '../../../src/testing/simulation/network/network.js'
import type { LinkOptions } from '../../../src/testing/simulation/network/options.js'
import type { SimEvent, SimHost, World } from '../../../src/testing/simulation/world.js'
import type { TraceWriter } from '../../../src/testing/trace/writer.js'

/** Numbers from a seed. */
export class Numbers {
  readonly #seed: number
  #state: number

  constructor(seed: number) {
    this.#seed = seed >>> 0
    this.#state = this.#seed
  }

  next(): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0
    let word = this.#state
    word = Math.imul(word ^ word >>> 16, 0x21f0aaad)
    word = Math.imul(word ^ word >>> 15, 0x735a2d97)
    return (word ^ word >>> 15) >>> 0
  }

  float(): number {
    return this.next() / 2 ** 32
  }

  below(n: number): number {
    return this.next() % n
  }

  between(low: number, high: number): number {
    return low + this.float() * (high - low)
  }

  chance(p: number): boolean {
    return this.float() < p
  }

  fill(bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length; i++) bytes[i] = this.next()
  }

  fork(label: string): Numbers {
    let hash = this.#seed
    for (const char of label) hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193)
    return new Numbers(hash)
  }

  free(): void {}
}

interface Entry {
  time: number
  order: number
  event: SimEvent
}

/** Says what was told of each stream, and throws where TCP's promise is broken. */
export class CheckingTrace {
  readonly lines: string[] = []
  readonly #sent = new Map<string, number>()
  readonly #delivered = new Map<string, number>()

  begin(): void {}
  host(): void {}
  up(): void {}
  crash(): void {}
  connect(conn: number, from: number, to: number): void {
    this.lines.push(`connect ${conn} ${from} ${to}`)
  }
  connected(): void {}
  resent(conn: number, direction: number, offset: number, length: number): void {
    this.lines.push(`resent ${conn}/${direction} ${offset}+${length}`)
  }
  accepted(conn: number): void {
    this.lines.push(`accepted ${conn}`)
  }
  refused(conn: number): void {
    this.lines.push(`refused ${conn}`)
  }
  sent(conn: number, direction: number, offset: number, data: Uint8Array): void {
    const key = `${conn}/${direction}`
    if ((this.#sent.get(key) ?? 0) !== offset) throw new Error(`${key} sent at ${offset}`)
    this.#sent.set(key, offset + data.length)
  }
  delivered(conn: number, direction: number, offset: number, length: number): void {
    const key = `${conn}/${direction}`
    if ((this.#delivered.get(key) ?? 0) !== offset) throw new Error(`${key} delivered at ${offset}`)
    if (offset + length > (this.#sent.get(key) ?? 0)) throw new Error(`${key} delivered what was not sent`)
    this.#delivered.set(key, offset + length)
  }
  lost(conn: number, direction: number, offset: number, length: number, why: number): void {
    this.lines.push(`lost ${conn}/${direction} ${offset}+${length} ${why}`)
  }
  fin(conn: number, direction: number, delivered: boolean): void {
    this.lines.push(`fin ${conn}/${direction}${delivered ? ' delivered' : ''}`)
  }
  rst(conn: number, direction: number, delivered: boolean): void {
    this.lines.push(`rst ${conn}/${direction}${delivered ? ' delivered' : ''}`)
  }
  ended(conn: number, side: number, why: number): void {
    this.lines.push(`ended ${conn}/${side} ${why}`)
  }
  datagramSent(): void {}
  datagramDelivered(): void {}
  datagramLost(id: number, why: number): void {
    this.lines.push(`datagram lost ${id} ${why}`)
  }
  fault(text: string): void {
    this.lines.push(`fault ${text}`)
  }
}

export interface TestHost extends SimHost {
  incarnation: number
  isUp: boolean
  reactor: Reactor
}

/** Everything that happens, in order. */
export class TestWorld implements World {
  now = 0
  readonly random: SeededRandom
  readonly checks = new CheckingTrace()
  readonly trace = this.checks as unknown as TraceWriter
  readonly network: Network
  readonly #hosts = new Map<string, TestHost>()
  readonly #pending = new Map<number, Entry>()
  readonly #heap: Entry[] = []
  #order = 0
  #core: Core | undefined
  /** Events that were run. */
  count = 0

  constructor(seed = 1, options: LinkOptions = {}) {
    this.random = new Numbers(seed) as unknown as SeededRandom
    this.network = new Network(this, options, {
      crash: (name) => this.crash(name), restart: (name) => this.restart(name),
    })
  }

  at(time: number, event: SimEvent): number {
    if (!(time >= this.now)) throw new RangeError(`${time} is before ${this.now}`)
    const entry = { time: Math.ceil(time * 1_000 - 1e-6) / 1_000, order: this.#order += 1, event }
    this.#pending.set(entry.order, entry)
    const heap = this.#heap
    let at = heap.push(entry) - 1
    while (at > 0) {
      const up = (at - 1) >> 1
      if (!before(entry, heap[up]!)) break
      heap[at] = heap[up]!
      at = up
    }
    heap[at] = entry
    return entry.order
  }

  cancel(handle: number): boolean {
    return this.#pending.delete(handle)
  }

  call(delay: number, fn: () => void): number {
    return this.at(this.now + delay, { fire: fn })
  }

  hostNamed(name: string): TestHost {
    const host = this.#hosts.get(name)
    if (host === undefined) throw new Error(`there is no host ${name}`)
    return host
  }

  host(name: string): TestHost {
    const known = this.#hosts.get(name)
    if (known !== undefined) return known
    const id = this.#hosts.size + 1
    const host: TestHost = {
      id, name, ipv4: `10.0.0.${id}`, ipv6: `fd00::${id.toString(16)}`, incarnation: 1, isUp: true,
      reactor: undefined as unknown as Reactor,
    }
    this.#hosts.set(name, host)
    this.network.addHost(host)
    this.#boot(host)
    return host
  }

  reactor(name: string): Reactor {
    return this.host(name).reactor
  }

  crash(name: string): void {
    const host = this.hostNamed(name)
    host.isUp = false
    this.network.forget(host)
  }

  restart(name: string): void {
    const host = this.hostNamed(name)
    host.isUp = true
    host.incarnation += 1
    this.#boot(host)
  }

  /** Runs what happens until a time, or until nothing is left to happen. */
  run(until = Infinity): this {
    for (;;) {
      const next = this.#heap[0]
      if (next === undefined || next.time > until) break
      this.#pop()
      if (!this.#pending.delete(next.order)) continue
      this.now = next.time
      this.count += 1
      next.event.fire()
    }
    if (until !== Infinity) this.now = Math.max(this.now, until)
    return this
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()!
    if (heap.length === 0) return
    let at = 0
    for (;;) {
      let down = at * 2 + 1
      if (down >= heap.length) break
      if (down + 1 < heap.length && before(heap[down + 1]!, heap[down]!)) down += 1
      if (!before(heap[down]!, last)) break
      heap[at] = heap[down]!
      at = down
    }
    heap[at] = last
  }

  #boot(host: TestHost): void {
    const { network } = this
    const life = host.incarnation
    const alive = (fn: () => void) => ({ fire: () => void (host.isUp && host.incarnation === life && fn()) })
    const port: HostPort = {
      name: 'simulated',
      now: () => this.now,
      setTimer: (delay, fn) => this.at(this.now + Math.max(0, delay), alive(fn)),
      clearTimer: (timer) => void this.cancel(timer as number),
      soon: (fn) => void this.at(this.now, alive(fn)),
      afterJobs: (fn) => void this.at(this.now, alive(fn)),
      keepAlive: () => undefined,
      installSignals: () => () => undefined,
      encode: (text) => new TextEncoder().encode(text),
      allocate: (length) => new Uint8Array(length),
    }
    host.reactor = new Reactor({
      core: () => this.#core ??= createCore(), host: port, tcp: network.tcp(host), unix: network.unix(host),
      udp: network.udp(host), tls: network.tls(host),
    })
  }
}

function before(a: Entry, b: Entry): boolean {
  return a.time < b.time || (a.time === b.time && a.order < b.order)
}
