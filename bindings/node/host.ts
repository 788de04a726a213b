/**
 * Node's clock, timers, text and chance for a reactor.
 *
 * Owns: the handles behind them. Must not know: what a reactor does with them. Nothing is made before it is
 * asked for.
 */

import { Buffer } from 'node:buffer'
import { performance } from 'node:perf_hooks'
import process from 'node:process'
import { clearTimeout, setImmediate, setTimeout } from 'node:timers'
import type { HostPort, HostTimer } from '../../src/interfaces/index.js'
import { LONGEST_TIMER } from '../../src/reactor/host-base.js'
import { crypto } from '../node-api/builtins.js'
import { ProcessHost } from '../node-api/process-host.js'
import { callOutside } from './context.js'

/** Node, for one reactor. */
export class NodeHost extends ProcessHost implements HostPort {
  readonly name = 'node'

  now(): number {
    return performance.now()
  }

  wallClock(): number {
    return Date.now()
  }

  setTimer(delayMs: number, fn: () => void): HostTimer {
    return callOutside(setTimeout, fn, Math.min(Math.ceil(delayMs), LONGEST_TIMER)).unref()
  }

  clearTimer(timer: HostTimer): void {
    clearTimeout(timer as NodeJS.Timeout)
  }

  soon(fn: () => void): void {
    callOutside(setImmediate, fn)
  }

  afterJobs(fn: () => void): void {
    callOutside(process.nextTick, fn)
  }

  override encode(text: string): Uint8Array {
    return Buffer.from(text, 'utf8')
  }

  override allocate(length: number): Uint8Array {
    return Buffer.allocUnsafe(length)
  }

  override entropy(bytes: Uint8Array): void {
    this.fillRandom(bytes)
  }

  protected fillRandom(bytes: Uint8Array): void {
    crypto().randomFillSync(bytes)
  }
}
