/**
 * Deno's clock, timers, signals and text for a reactor.
 *
 * Owns: the handles behind them. Must not know: what a reactor does with them. Nothing is made before it is asked for.
 */

import type { HostPort, HostTimer } from '../../src/interfaces/index.js'
import { Slab } from '../../src/transports/slab.js'
import { deno, globals } from './api.js'

/** The longest that Deno's timers can wait; a reactor looks again when one went off early. */
const LONGEST = 2 ** 31 - 1

/** The most that `crypto.getRandomValues` fills at once, bytes. */
const MOST_RANDOM = 65_536

const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/** Deno, for one reactor. */
export class DenoHost implements HostPort {
  readonly name = 'deno'
  readonly #encoder = new TextEncoder()
  readonly #slab = new Slab()
  #keeper: number | null = null

  now(): number {
    return globals().performance.now()
  }

  wallClock(): number {
    return Date.now()
  }

  setTimer(delayMs: number, fn: () => void): HostTimer {
    const timer = globals().setTimeout(fn, Math.min(Math.ceil(delayMs), LONGEST))
    deno().unrefTimer(timer)
    return timer
  }

  clearTimer(timer: HostTimer): void {
    globals().clearTimeout(timer as number)
  }

  soon(fn: () => void): void {
    globals().setImmediate(fn)
  }

  afterJobs(fn: () => void): void {
    globals().process.nextTick(fn)
  }

  keepAlive(wanted: boolean): void {
    if (this.#keeper === null) {
      if (!wanted) return
      this.#keeper = globals().setInterval(() => undefined, LONGEST)
    }
    if (wanted) deno().refTimer(this.#keeper)
    else deno().unrefTimer(this.#keeper)
  }

  installSignals(fn: (signal: string) => void): () => void {
    const removes = SIGNALS.map((signal) => this.onSignal(signal, () => fn(signal)))
    return () => {
      for (const remove of removes) remove()
    }
  }

  /** @throws TypeError from Deno, for a name that it does not know and for what nobody can handle */
  onSignal(signal: string, fn: () => void): () => void {
    const handler = (): void => fn()
    deno().addSignalListener(signal, handler)
    return () => deno().removeSignalListener(signal, handler)
  }

  exit(status: number): void {
    deno().exit(status)
  }

  encode(text: string): Uint8Array {
    return this.#slab.encode(text, this.#encoder)
  }

  allocate(length: number): Uint8Array {
    return new Uint8Array(length)
  }

  entropy(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += MOST_RANDOM) {
      globals().crypto.getRandomValues(bytes.subarray(at, at + MOST_RANDOM))
    }
  }
}
