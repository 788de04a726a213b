/**
 * Deno's clock, timers, signals and chance for a reactor.
 *
 * Owns: the handles behind them. Must not know: what a reactor does with them. Nothing is made before it is asked for.
 */

import type { HostPort, HostTimer } from '../../src/interfaces/index.js'
import { HostBase, LONGEST_TIMER } from '../../src/reactor/host-base.js'
import { deno, globals } from './api.js'

/** Deno, for one reactor. */
export class DenoHost extends HostBase implements HostPort {
  readonly name = 'deno'
  #keeper: number | null = null

  now(): number {
    return globals().performance.now()
  }

  wallClock(): number {
    return Date.now()
  }

  setTimer(delayMs: number, fn: () => void): HostTimer {
    const timer = globals().setTimeout(fn, Math.min(Math.ceil(delayMs), LONGEST_TIMER))
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

  override keepAlive(wanted: boolean): void {
    if (this.#keeper === null) {
      if (!wanted) return
      this.#keeper = globals().setInterval(() => undefined, LONGEST_TIMER)
    }
    if (wanted) deno().refTimer(this.#keeper)
    else deno().unrefTimer(this.#keeper)
  }

  /** @throws TypeError from Deno, for a name that it does not know and for what nobody can handle */
  override onSignal(signal: string, fn: () => void): () => void {
    const handler = (): void => fn()
    deno().addSignalListener(signal, handler)
    return () => deno().removeSignalListener(signal, handler)
  }

  exit(status: number): void {
    deno().exit(status)
  }

  protected fillRandom(bytes: Uint8Array): void {
    globals().crypto.getRandomValues(bytes)
  }
}
