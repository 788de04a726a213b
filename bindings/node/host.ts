/**
 * Node's clock, timers, signals and text for a reactor.
 *
 * Owns: the handles behind them. Must not know: what a reactor does with them. Nothing is made before it is
 * asked for.
 */

import { Buffer } from 'node:buffer'
import { constants } from 'node:os'
import { performance } from 'node:perf_hooks'
import process from 'node:process'
import { clearTimeout, setImmediate, setInterval, setTimeout } from 'node:timers'
import type { HostPort, HostTimer } from '../../src/interfaces/index.js'
import { crypto } from '../node-api/builtins.js'
import { callOutside } from './context.js'

/** The longest that Node's timers can wait; a reactor looks again when one went off early. */
const LONGEST = 2 ** 31 - 1

const SIGNALS = ['SIGINT', 'SIGTERM'] as const

const UNSTOPPABLE = ['SIGKILL', 'SIGSTOP']

/** Node, for one reactor. */
export class NodeHost implements HostPort {
  readonly name = 'node'
  #keeper: NodeJS.Timeout | null = null

  now(): number {
    return performance.now()
  }

  wallClock(): number {
    return Date.now()
  }

  setTimer(delayMs: number, fn: () => void): HostTimer {
    return callOutside(setTimeout, fn, Math.min(Math.ceil(delayMs), LONGEST)).unref()
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

  keepAlive(wanted: boolean): void {
    if (this.#keeper === null) {
      if (!wanted) return
      this.#keeper = setInterval(() => undefined, LONGEST)
    }
    if (wanted) this.#keeper.ref()
    else this.#keeper.unref()
  }

  installSignals(fn: (signal: string) => void): () => void {
    const handler = (signal: string): void => fn(signal)
    for (const signal of SIGNALS) process.on(signal, handler)
    return () => {
      for (const signal of SIGNALS) process.off(signal, handler)
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
    return Buffer.from(text, 'utf8')
  }

  allocate(length: number): Uint8Array {
    return Buffer.allocUnsafe(length)
  }

  entropy(bytes: Uint8Array): void {
    crypto().randomFillSync(bytes)
  }
}
