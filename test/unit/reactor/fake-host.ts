/** A host whose time, timers and turns are moved by hand. */
import { createCore } from '../../../src/core/index.js'
import type { Core } from '../../../src/core/index.js'
import type { HostPort, TCPHost } from '../../../src/interfaces/index.js'
import { Reactor } from '../../../src/reactor/index.js'
import type { ReactorOptions } from '../../../src/reactor/index.js'

let core: Core | undefined

export class FakeHost implements HostPort {
  readonly name = 'fake'
  time = 1000
  timer: { at: number, fn: () => void } | null = null
  timersSet = 0
  kept = false
  signal: ((name: string) => void) | null = null
  #soon: (() => void)[] = []
  #jobs: (() => void)[] = []

  now(): number {
    return this.time
  }

  setTimer(delayMs: number, fn: () => void): unknown {
    if (this.timer !== null) throw new Error('more than one host timer')
    this.timersSet += 1
    this.timer = { at: this.time + delayMs, fn }
    return this.timer
  }

  clearTimer(timer: unknown): void {
    if (timer !== this.timer) throw new Error('not the armed timer')
    this.timer = null
  }

  soon(fn: () => void): void {
    this.#soon.push(fn)
  }

  afterJobs(fn: () => void): void {
    this.#jobs.push(fn)
  }

  keepAlive(wanted: boolean): void {
    this.kept = wanted
  }

  installSignals(fn: (name: string) => void): () => void {
    this.signal = fn
    return () => {
      this.signal = null
    }
  }

  encode(text: string): Uint8Array {
    return new TextEncoder().encode(text)
  }

  allocate(length: number): Uint8Array {
    return new Uint8Array(length)
  }

  /** What is outstanding in `soon`. */
  get turns(): number {
    return this.#soon.length
  }

  /** The code that ran is done: what waits for that. */
  endJobs(): void {
    for (const fn of this.#jobs.splice(0)) fn()
  }

  /** One round of the host's loop, without moving time. */
  turn(): void {
    this.endJobs()
    for (const fn of this.#soon.splice(0)) fn()
    this.endJobs()
  }

  /** Rounds until nothing is outstanding. */
  settle(): void {
    this.endJobs()
    for (let round = 0; this.#soon.length > 0; round++) {
      if (round > 1000) throw new Error('never settles')
      this.turn()
    }
  }

  /** Moves time on; the timer goes off at its own time, as often as it is armed anew. */
  pass(ms: number): void {
    const end = this.time + ms
    this.settle()
    while (this.timer !== null && this.timer.at <= end) {
      const { at, fn } = this.timer
      this.time = Math.max(this.time, at)
      this.timer = null
      fn()
      this.settle()
    }
    this.time = end
  }
}

export function fakeReactor(options?: ReactorOptions, tcp?: TCPHost): { host: FakeHost, reactor: Reactor } {
  const host = new FakeHost()
  return { host, reactor: new Reactor({ core: () => core ??= createCore(), host, tcp }, options) }
}
