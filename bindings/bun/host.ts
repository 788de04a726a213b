/**
 * Bun's clock, timers, signals and text for a reactor.
 *
 * Owns: the handles behind them. Must not know: what a reactor does with them. Nothing is made before it is asked for.
 */

import { constants } from 'node:os'
import process from 'node:process'
import type { HostPort, HostTimer } from '../../src/interfaces/index.js'
import { Slab } from '../../src/transports/slab.js'

/** The longest that Bun's timers can wait; a reactor looks again when one went off early. */
const LONGEST = 2 ** 31 - 1

/** The most that `crypto.getRandomValues` fills at once, bytes. */
const MOST_RANDOM = 65_536

const SIGNALS = ['SIGINT', 'SIGTERM'] as const

const UNSTOPPABLE = ['SIGKILL', 'SIGSTOP']

/** Bun, for one reactor. */
export class BunHost implements HostPort {
  readonly name = 'bun'
  readonly #encoder = new TextEncoder()
  readonly #slab = new Slab()
  #keeper: NodeJS.Timeout | null = null

  now(): number {
    return performance.now()
  }

  wallClock(): number {
    return Date.now()
  }

  setTimer(delayMs: number, fn: () => void): HostTimer {
    return setTimeout(fn, Math.min(Math.ceil(delayMs), LONGEST)).unref()
  }

  clearTimer(timer: HostTimer): void {
    clearTimeout(timer as NodeJS.Timeout)
  }

  soon(fn: () => void): void {
    setImmediate(fn)
  }

  afterJobs(fn: () => void): void {
    process.nextTick(fn)
  }

  keepAlive(wanted: boolean): void {
    if (this.#keeper === null) {
      if (!wanted) return
      this.#keeper = setInterval(() => undefined, LONGEST)
    }
    if (wanted) this.#keeper.ref()
    else this.#keeper.unref()
  }

  installSignals(fn: (signal: string) => void): () => void {
    const removes = SIGNALS.map((signal) => this.onSignal(signal, () => fn(signal)))
    return () => {
      for (const remove of removes) remove()
    }
  }

  onSignal(signal: string, fn: () => void): () => void {
    if (!Object.hasOwn(constants.signals, signal)) throw new TypeError(`there is no signal ${signal} here`)
    if (UNSTOPPABLE.includes(signal)) throw new TypeError(`nobody can handle ${signal}`)
    const handler = (): void => fn()
    process.on(signal, handler)
    return () => void process.off(signal, handler)
  }

  exit(status: number): void {
    process.exit(status)
  }

  encode(text: string): Uint8Array {
    return this.#slab.encode(text, this.#encoder)
  }

  allocate(length: number): Uint8Array {
    return new Uint8Array(length)
  }

  entropy(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += MOST_RANDOM) {
      crypto.getRandomValues(bytes.subarray(at, at + MOST_RANDOM) as Uint8Array<ArrayBuffer>)
    }
  }
}
