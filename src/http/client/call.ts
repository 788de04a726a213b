/**
 * RequestCall: one call of `Agent.request`, from waiting for a connection to the end of the response's body.
 *
 *      waiting ──▶ connected ──▶ responded ──▶ over          every step can end it: cancelled, timed out, failed
 *         ▲            │
 *         └──again─────┘   once, when a kept connection ended before it said anything
 *
 * Owns: that the caller is told once, and that giving up reaches whatever is under way. Must not know: how connections
 * are kept, or what is sent. Source: twisted.web.client, _RetryingHTTP11ClientProtocol; RFC 9110, 9.2.2.
 */
import { cancelOnAbort, Deferred } from '../../defer/index.js'
import { CancelledError, RequestTimeoutError, TimeoutError, TLSHandshakeError } from '../../errors/index.js'
import type { IDelayedCall } from '../../interfaces/time.js'
import type { ClientLimits, Exchange, HTTPClientConnection } from './connection.js'
import type { ClientTimeouts } from './interfaces.js'
import type { Destination, HTTPConnectionPool, Waiting } from './pool.js'
import type { PreparedRequest } from './prepared.js'
import type { ClientResponse } from './response.js'

/** One request under way. */
export class RequestCall implements Exchange, Waiting {
  readonly request: PreparedRequest
  readonly destination: Destination
  readonly timeouts: Required<ClientTimeouts>
  readonly limits: ClientLimits
  /** Fires with the response. */
  readonly response: Deferred<ClientResponse>
  readonly #pool: HTTPConnectionPool
  #connection: HTTPClientConnection | null = null
  #isReused = false
  #isAgain = false
  #isOver = false
  #total: IDelayedCall | null = null
  /** Fires at the end; what a signal cancels. */
  #whole: Deferred<void> | null = null

  constructor(pool: HTTPConnectionPool, request: PreparedRequest, destination: Destination,
    timeouts: Required<ClientTimeouts>) {
    this.#pool = pool
    this.request = request
    this.destination = destination
    this.timeouts = timeouts
    this.limits = destination.limits
    // Cancelling says CancelledError of itself.
    this.response = new Deferred<ClientResponse>(() => this.#giveUp(new CancelledError()))
  }

  /** @param total for all of it, ms */
  begin(total: number, signal: AbortSignal | undefined): void {
    if (total !== Infinity) {
      this.#total = this.#pool.reactor.callLater(total, () => {
        this.#total = null
        this.#end(new RequestTimeoutError('total', `The request was not over after ${total} ms.`))
      })
    }
    if (signal !== undefined) {
      const whole = this.#whole = new Deferred<void>(() =>
        this.#end(new CancelledError('The request was given up.', { cause: signal.reason })))
      whole.addErrback(() => undefined)
      cancelOnAbort(signal, whole)
    }
    if (!this.#isOver) this.#pool.acquire(this, false)
  }

  // --- from the pool

  connected(connection: HTTPClientConnection, isReused: boolean): void {
    this.#connection = connection
    this.#isReused = isReused
    connection.begin(this)
  }

  /** From the pool: there is no connection. From the connection: there will be no response. */
  failed(error: unknown, isUnheard = false): void {
    if (this.#isOver) return
    this.#connection = null
    if (isUnheard && this.#isReused && !this.#isAgain && this.request.mayRepeat && this.#pool.retryAutomatically) {
      // The server closed it while this was on its way; RFC 9112, 9.3.1.
      this.#isAgain = true
      this.#pool.acquire(this, true)
      return
    }
    this.finished()
    this.response.errback(meaningOf(error))
  }

  // --- from the connection

  responded(response: ClientResponse): void {
    // Given up in the meantime: the connection is being closed.
    if (!this.#isOver) this.response.callback(response)
  }

  finished(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#connection = null
    const total = this.#total
    if (total !== null && total.active()) total.cancel()
    const whole = this.#whole
    if (whole !== null && !whole.called) whole.callback(undefined)
  }

  // --- from the caller

  /** Gives it up, at whatever stage it is. */
  #end(error: Error): void {
    if (this.#isOver) return
    const wasCalled = this.response.called
    this.#giveUp(error)
    if (!wasCalled) this.response.errback(error)
  }

  /** What is under way ends; whoever waits for the response is not told, but who reads its body is. */
  #giveUp(error: Error): void {
    const connection = this.#connection
    const isWaiting = connection === null
    if (!this.response.called) this.finished()
    if (isWaiting) this.#pool.abandon(this)
    else connection.abandon(error)
    this.finished()
  }
}

/** Which part of connecting it was that took too long. */
function meaningOf(error: unknown): unknown {
  if (error instanceof RequestTimeoutError) return error
  if (error instanceof TLSHandshakeError && error.reason === 'timeout') {
    return new RequestTimeoutError('tls', 'The TLS handshake took too long.', { cause: error })
  }
  if (error instanceof TimeoutError) {
    return new RequestTimeoutError('connect', 'No connection could be made in time.', { cause: error })
  }
  return error
}
