/**
 * ProcessHost: what Node and Bun have in common for a reactor: a process with signals, kept alive by a timer.
 *
 * Owns: that timer. Must not know: which of them it is. Nothing is made before it is asked for.
 */
import { constants } from 'node:os'
import process from 'node:process'
import { setInterval } from 'node:timers'
import { HostBase, LONGEST_TIMER } from '../../src/reactor/host-base.js'

const UNSTOPPABLE = ['SIGKILL', 'SIGSTOP']

/** A process, for one reactor. */
export abstract class ProcessHost extends HostBase {
  #keeper: NodeJS.Timeout | null = null

  override keepAlive(wanted: boolean): void {
    if (this.#keeper === null) {
      if (!wanted) return
      this.#keeper = setInterval(() => undefined, LONGEST_TIMER)
    }
    if (wanted) this.#keeper.ref()
    else this.#keeper.unref()
  }

  override onSignal(signal: string, fn: () => void): () => void {
    if (!Object.hasOwn(constants.signals, signal)) throw new TypeError(`there is no signal ${signal} here`)
    if (UNSTOPPABLE.includes(signal)) throw new TypeError(`nobody can handle ${signal}`)
    const handler = (): void => fn()
    process.on(signal, handler)
    return () => void process.off(signal, handler)
  }

  exit(status: number): void {
    process.exit(status)
  }
}
