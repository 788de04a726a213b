/**
 * The clock, timers and chance of a page or worker, for a reactor.
 *
 * Owns: how a later turn comes about. Must not know: what a reactor does with it. Nothing is made before it is asked
 * for.
 */
import type { HostPort, HostTimer } from '../../src/interfaces/index.js'
import { HostBase, LONGEST_TIMER } from '../../src/reactor/host-base.js'
import type { WebSocketLike } from '../../src/transports/index.js'

/** A page, a worker or a service worker, for one reactor: it lives as long as somebody looks at it, without signals. */
export class WebHost extends HostBase implements HostPort {
  readonly name = 'web'
  readonly #later = new Later()

  now(): number {
    return performance.now()
  }

  wallClock(): number {
    return Date.now()
  }

  setTimer(delayMs: number, fn: () => void): HostTimer {
    return setTimeout(fn, Math.min(Math.ceil(delayMs), LONGEST_TIMER))
  }

  clearTimer(timer: HostTimer): void {
    clearTimeout(timer as number)
  }

  soon(fn: () => void): void {
    this.#later.call(fn)
  }

  afterJobs(fn: () => void): void {
    queueMicrotask(fn)
  }

  protected fillRandom(bytes: Uint8Array): void {
    crypto.getRandomValues(bytes as Uint8Array<ArrayBuffer>)
  }

  webSocket(url: string, subprotocols: readonly string[]): WebSocketLike {
    return new WebSocket(url, [...subprotocols])
  }
}

/**
 * Calls in a later turn of the event loop, without the 4 ms that timers inside of timers take at least: a message that
 * a channel sends to itself comes as soon as those before it have been handled.
 */
export class Later {
  #port: MessagePort | null = null
  #calls: (() => void)[] = []

  call(fn: () => void): void {
    this.#calls.push(fn)
    if (this.#calls.length === 1) (this.#port ?? this.#open()).postMessage(null)
  }

  #open(): MessagePort {
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => {
      const calls = this.#calls
      this.#calls = []
      for (const fn of calls) fn()
    }
    return this.#port = port2
  }
}
