/**
 * Bun's clock, timers and chance for a reactor.
 *
 * Owns: the handles behind them. Must not know: what a reactor does with them. Nothing is made before it is asked for.
 */

import process from 'node:process'
import type { HostPort, HostTimer } from '../../src/interfaces/index.js'
import { LONGEST_TIMER } from '../../src/reactor/host-base.js'
import { ProcessHost } from '../node-api/process-host.js'

/** Bun, for one reactor. */
export class BunHost extends ProcessHost implements HostPort {
  readonly name = 'bun'

  now(): number {
    return performance.now()
  }

  wallClock(): number {
    return Date.now()
  }

  setTimer(delayMs: number, fn: () => void): HostTimer {
    return setTimeout(fn, Math.min(Math.ceil(delayMs), LONGEST_TIMER)).unref()
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

  protected fillRandom(bytes: Uint8Array): void {
    crypto.getRandomValues(bytes as Uint8Array<ArrayBuffer>)
  }
}
