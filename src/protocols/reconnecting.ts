/**
 * A client factory that connects again, each time after a longer wait.
 *
 * Owns: the wait before the next attempt. Must not know: what the protocols speak; one whose connection turns out well
 * calls `resetDelay()` on its factory. Source: twisted.internet.protocol.ReconnectingClientFactory, in milliseconds.
 * With endpoints, `ClientService` does this better.
 */
import type { Failure } from '../defer/index.js'
import type { IConnector, IDelayedCall, IReactorTime } from '../interfaces/index.js'
import { ClientFactory } from './factory.js'
import { spreadOf } from './spread.js'

/**
 * Connects again whenever an attempt failed or a connection was lost, until `stopTrying()`.
 *
 * @example
 * class Clients extends ReconnectingClientFactory {
 *   clock = reactor
 *   buildProtocol(address) {
 *     this.resetDelay()
 *     return super.buildProtocol(address)
 *   }
 * }
 */
export class ReconnectingClientFactory extends ClientFactory {
  /** Whose time; must be set before the first wait. */
  clock: IReactorTime | null = null
  /** The wait after the first loss, ms. */
  initialDelay = 1_000
  /** No wait is longer, ms: an hour. */
  maxDelay = 3_600_000
  /** Each wait is so many times the one before. e, as Twisted's. */
  factor = Math.E
  /** The standard deviation of a wait, as a part of it, so that clients do not come back in step; null for none. */
  jitter: number | null = 0.11962656472
  /** Attempts after the first; null for no limit. */
  maxRetries: number | null = null
  /** The wait that came last, ms; 0 before. */
  delay = 0
  /** Attempts since the beginning or the last `resetDelay()`. */
  retries = 0
  /** False after `stopTrying()`. */
  continueTrying = true
  /** What connects again; the one of the last callback. */
  connector: IConnector | null = null
  #call: IDelayedCall | null = null
  #random: (() => number) | null = null

  override clientConnectionFailed(connector: IConnector, _reason: Failure): void {
    if (this.continueTrying) this.retry(connector)
  }

  override clientConnectionLost(connector: IConnector, _reason: Failure): void {
    if (this.continueTrying) this.retry(connector)
  }

  /**
   * Has `connector` connect again after the next wait; at once with those under way forgotten.
   * @param connector that of the last callback if not given
   * @throws TypeError when no `clock` is set, or there has been no connector
   */
  retry(connector: IConnector | null = this.connector): void {
    if (connector === null) throw new TypeError('there is no connector to connect with again')
    if (!this.continueTrying) return
    if (this.maxRetries !== null && this.retries >= this.maxRetries) return
    if (this.clock === null) throw new TypeError('a ReconnectingClientFactory needs its `clock` set to a reactor')
    this.connector = connector
    this.retries += 1
    const base = this.delay === 0 ? this.initialDelay : Math.min(this.delay * this.factor, this.maxDelay)
    // The spread is not carried on into the next wait's base beyond the limit.
    this.delay = Math.min(this.#spread(base, this.clock), this.maxDelay)
    if (this.#call?.active() === true) this.#call.cancel()
    this.#call = this.clock.callLater(this.delay, () => {
      this.#call = null
      connector.connect()
    })
  }

  /** No more attempts: neither the one that is waited for, nor the one under way. */
  stopTrying(): void {
    this.continueTrying = false
    this.#forget()
    try {
      this.connector?.stopConnecting()
    } catch {
      // There was no attempt under way, which is as well.
    }
  }

  /** A connection turned out well: the next wait is the first again, and attempts are counted anew. */
  resetDelay(): void {
    this.delay = 0
    this.#forget()
    this.retries = 0
    this.continueTrying = true
  }

  #forget(): void {
    if (this.#call?.active() === true) this.#call.cancel()
    this.#call = null
  }

  #spread(base: number, clock: IReactorTime): number {
    if (this.jitter === null || this.jitter === 0) return base
    const random = this.#random ??= spreadOf(clock)
    // Normal, by the method of Box and Muller; 1 - x is never 0.
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
    return Math.max(base + normal * this.jitter * base, 0)
  }
}
