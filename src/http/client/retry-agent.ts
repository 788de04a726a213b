/**
 * RetryAgent: tries requests again that failed, or were answered "not now".
 *
 * Owns: when, and how often. Must not know: connections. Only what can be done twice is tried again, and only what can
 * be sent twice. Source: RFC 9110, 9.2.2, 10.2.3 (Retry-After); the waits are those of services/backoff.ts.
 */
import { cancelOnAbort, Deferred } from '../../defer/index.js'
import type { Failure } from '../../defer/index.js'
import {
  ConnectError, ConnectingCancelledError, HTTPConnectError, NotSupportedError, RequestTimeoutError,
  RequestTransmissionFailed, ResponseFailed, SOCKSAuthenticationError, SOCKSNotAllowed, TLSError,
} from '../../errors/index.js'
import type { IReactorTime } from '../../interfaces/time.js'
import { backoffPolicy } from '../../services/index.js'
import type { RetryPolicy } from '../../services/index.js'
import { parseHTTPDate } from '../dates.js'
import type { IAgent, RequestOptions } from './interfaces.js'
import { isIdempotent, isReplayable, repeatable } from './prepared.js'
import type { ClientResponse } from './response.js'

/** Options of a RetryAgent. */
export interface RetryAgentOptions {
  /** How often one request is tried again; 3 if not given. */
  retries?: number
  /**
   * How long to wait before the n-th try, from 0; `backoffPolicy({ initialDelay: 500, maxDelay: 30_000 })` if not
   * given.
   */
  backoff?: RetryPolicy
  /** Statuses that mean "not now"; 429, 502, 503 and 504 if not given. */
  statuses?: Iterable<number>
  /** Methods that may be tried again; the idempotent ones if not given. */
  methods?: Iterable<string>
  /** The longest wait that a Retry-After may ask for, ms: a response that asks for more is the result. 60,000. */
  maxRetryAfter?: number
}

type RetryClock = IReactorTime & { wallClock?(): number }

/** Tries again. */
export class RetryAgent implements IAgent {
  readonly #agent: IAgent
  readonly #clock: RetryClock
  readonly #retries: number
  readonly #backoff: RetryPolicy
  readonly #statuses: ReadonlySet<number>
  readonly #methods: ReadonlySet<string> | null
  readonly #maxRetryAfter: number

  /** @param clock whose time; a reactor */
  constructor(clock: RetryClock, agent: IAgent, options: RetryAgentOptions = {}) {
    if (typeof clock?.callLater !== 'function') throw new TypeError('a RetryAgent needs a reactor')
    const { retries = 3, maxRetryAfter = 60_000 } = options
    if (!(retries === Infinity || (Number.isInteger(retries) && retries >= 0))) {
      throw new RangeError(`retries is a whole number, not ${String(retries)}`)
    }
    this.#agent = agent
    this.#clock = clock
    this.#retries = retries
    this.#backoff = options.backoff ?? backoffPolicy({ initialDelay: 500, maxDelay: 30_000 })
    this.#statuses = new Set(options.statuses ?? [429, 502, 503, 504])
    this.#methods = options.methods === undefined ? null : new Set(options.methods)
    this.#maxRetryAfter = maxRetryAfter
  }

  /** See {@link IAgent.request}. After the last try its result is the result, whatever it is. */
  request(method: string, url: string | URL, options: RequestOptions = {}): Deferred<ClientResponse> {
    const isAllowed = this.#methods === null ? isIdempotent(method) : this.#methods.has(method)
    if (!isAllowed || !isReplayable(options.body)) return this.#agent.request(method, url, options)
    return this.#try(method, url, repeatable(options), 0)
  }

  #try(method: string, url: string | URL, options: RequestOptions, attempt: number): Deferred<ClientResponse> {
    const again = (ms: number): Deferred<ClientResponse> => {
      const wait = new Deferred<void>(() => timer.cancel())
      const timer = this.#clock.callLater(ms, () => wait.callback(undefined))
      return cancelOnAbort(options.signal, wait)
        .addCallback(() => this.#try(method, url, options, attempt + 1)) as Deferred<ClientResponse>
    }
    return this.#agent.request(method, url, options).addCallbacks(
      (response) => {
        if (attempt >= this.#retries || !this.#statuses.has(response.status)) return response
        const asked = this.#retryAfter(response)
        if (asked !== null && asked > this.#maxRetryAfter) return response
        response.discard()
        return again(Math.max(asked ?? 0, this.#backoff(attempt)))
      },
      (reason: Failure) => {
        if (attempt >= this.#retries || !isPassing(reason.value)) return reason
        return again(this.#backoff(attempt))
      }) as Deferred<ClientResponse>
  }

  /** ms from now; null where nothing sensible is said. */
  #retryAfter(response: ClientResponse): number | null {
    const text = response.headers.get('retry-after')
    if (text === null) return null
    if (/^\d{1,10}$/.test(text)) return Number(text) * 1000
    const now = this.#wallClock()
    const date = now === null ? null : parseHTTPDate(text, now)
    return date === null ? null : Math.max(0, date - now!)
  }

  /** null where nobody knows what day it is. */
  #wallClock(): number | null {
    try {
      return this.#clock.wallClock?.() ?? null
    } catch (error) {
      if (error instanceof NotSupportedError) return null
      throw error
    }
  }
}

/** Whether another try may go better: not after a certificate or credentials that are refused, nor when we gave up. */
function isPassing(error: unknown): boolean {
  if (error instanceof TLSError || error instanceof ConnectingCancelledError) return false
  // A proxy that refuses us does so again, and may count how often we come.
  if (error instanceof SOCKSAuthenticationError || error instanceof SOCKSNotAllowed) return false
  if (error instanceof HTTPConnectError && error.status < 500 && error.status !== 429) return false
  // The time for all of it is over.
  if (error instanceof RequestTimeoutError && error.phase === 'total') return false
  return error instanceof ConnectError || error instanceof ResponseFailed || error instanceof RequestTransmissionFailed
}
