/**
 * A protocol that gives up a connection on which nothing happens.
 *
 * Owns: one timer per connection. Must not know: what counts as something happening; the protocol says so with
 * `resetTimeout()`. Source: twisted.protocols.policies.TimeoutMixin.
 */
import type { Failure } from '../../defer/index.js'
import type { IDelayedCall, IProtocol, IReactorTime, ITransport } from '../../interfaces/index.js'

/** What {@link TimeoutMixin} adds to a protocol. */
export interface TimeoutPolicy {
  /** Whose time counts; the factory or the program sets it. */
  clock: IReactorTime | null
  /** Milliseconds without `resetTimeout()` after which the connection is given up; null when it never is. */
  readonly timeOut: number | null
  /**
   * Starts, changes (counting from now) or, with null, stops the timer.
   * @returns the period that held before
   * @throws TypeError when no `clock` is set; RangeError for a negative period
   */
  setTimeout(ms: number | null): number | null
  /** Something happened: counts from now again. */
  resetTimeout(): void
  /** Nothing happened for too long. Closes the connection unless overridden. */
  timeoutConnection(): void
  /** How a call is put off; overridable. @throws TypeError when no `clock` is set */
  callLater(ms: number, fn: () => void): IDelayedCall
}

// Mixins must take any arguments, or TypeScript does not let a class extend them.
type ProtocolClass = new (...args: any[]) => IProtocol & { transport?: ITransport | null }
type TimeoutPolicyClass = new (...args: any[]) => TimeoutPolicy

/**
 * The class `Base` with a timeout.
 *
 * @example class Chat extends TimeoutMixin(LineReceiver) { … this.setTimeout(60_000) … }
 */
export function TimeoutMixin<B extends ProtocolClass>(Base: B): B & TimeoutPolicyClass {
  return class extends Base implements TimeoutPolicy {
    clock: IReactorTime | null = null
    timeOut: number | null = null
    #call: IDelayedCall | null = null

    setTimeout(ms: number | null): number | null {
      if (ms !== null && !(ms >= 0)) throw new RangeError(`A timeout must be a number from 0 on, or null; not ${ms}`)
      const previous = this.timeOut
      if (ms === null) {
        this.#call?.cancel()
        this.#call = null
      } else if (this.#call === null) {
        this.#call = this.callLater(ms, () => {
          this.#call = null
          this.timeoutConnection()
        })
      } else this.#call.reset(ms)
      this.timeOut = ms
      return previous
    }

    resetTimeout(): void {
      if (this.timeOut !== null) this.#call?.reset(this.timeOut)
    }

    timeoutConnection(): void {
      this.transport?.loseConnection()
    }

    callLater(ms: number, fn: () => void): IDelayedCall {
      if (this.clock === null) throw new TypeError('A protocol with a timeout needs a clock: set its property "clock"')
      return this.clock.callLater(ms, fn)
    }

    // A connection that is gone has nothing left to time out, even if the protocol forgets to say so.
    override connectionLost(reason: Failure): void {
      this.setTimeout(null)
      super.connectionLost(reason)
    }
  }
}
