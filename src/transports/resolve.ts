/**
 * Connecting by name: resolve, then race the addresses.
 *
 * Owns: the way from a host name to one connected channel, and the error of several failed attempts. Must not know:
 * what kind of channel, or which host; `open` makes one attempt at one address. Source: RFC 8305; SEMANTICS E16.
 */

import { Failure, maybeDeferred } from '../defer/index.js'
import type { Deferred } from '../defer/index.js'
import { DNSLookupError, FailureGroup, ThrownValueError, WhorlError } from '../errors/index.js'
import type { IHostnameResolver } from '../interfaces/resolver.js'
import type { StreamChannel } from '../interfaces/stream-channel.js'
import type { ConnectHandle, ConnectSink } from '../interfaces/stream-host.js'
import type { IReactorTime } from '../interfaces/time.js'
import { connectError } from './host-errors.js'
import { addressFamily } from './resolve-literal.js'
import { lookupError, noAddress } from './resolve-shared.js'
import { interleaveFamilies, StaggeredRace } from './staggered.js'

/** An attempt gets so long before the next begins beside it, ms: the recommendation of RFC 8305 §5. */
export const ATTEMPT_DELAY = 250

/** What connecting by name asks of a reactor; `resolver` is null where only the host itself knows names. @internal */
export interface NamingReactor extends IReactorTime {
  readonly resolver: IHostnameResolver | null
  readonly queue: { post(fn: () => void): void }
}

/**
 * Opens a channel to a host, whose name is resolved and whose addresses are raced; a literal address, or any name where
 * nothing resolves names, is opened as it is. Timeouts are the caller's, who cancels.
 *
 * @param open makes one attempt at an address
 */
export function openByName(
  reactor: NamingReactor, host: string, open: (address: string, sink: ConnectSink) => ConnectHandle, sink: ConnectSink,
): ConnectHandle {
  if (reactor.resolver === null || addressFamily(host) !== 0) return open(host, sink)
  return new NamedAttempt(reactor, host, open, sink)
}

class NamedAttempt implements ConnectHandle {
  readonly #reactor: NamingReactor
  readonly #sink: ConnectSink
  #opening = true
  #over = false
  #resolving: Deferred<unknown> | null = null
  #race: StaggeredRace<string, StreamChannel> | null = null

  constructor(reactor: NamingReactor, host: string, open: (address: string, sink: ConnectSink) => ConnectHandle,
    sink: ConnectSink) {
    this.#reactor = reactor
    this.#sink = sink
    this.#resolving = hostAddresses(reactor.resolver as IHostnameResolver, host).addCallbacks((addresses) => {
      if (this.#over) return
      this.#race = new StaggeredRace(reactor, addresses, ATTEMPT_DELAY, {
        start: (address, runner) => {
          const handle = open(address, {
            connected: (channel) => {
              if (!runner.won(channel)) channel.close(false)
            },
            failed: (error) => runner.failed(error),
          })
          return () => handle.cancel()
        },
        won: (channel) => sink.connected(channel),
        lost: (errors) => this.#failed(allFailed(errors.map(connectError))),
      })
      this.#race.start()
    }, (reason: Failure) => this.#failed(reason.value))
    this.#opening = false
  }

  cancel(): void {
    this.#over = true
    this.#race?.cancel()
    this.#resolving?.cancel()
  }

  /** Never from inside the constructor: nobody has the handle yet. */
  #failed(error: unknown): void {
    if (this.#opening) this.#reactor.queue.post(() => this.#failed(error))
    else if (!this.#over) this.#sink.failed(error)
  }
}

/**
 * The addresses of a host in the order in which they are to be tried, each once. A resolver may be anybody's: what it
 * gives and is no literal address is left out, for the host would look it up behind the resolver's back.
 *
 * @param family only those; both if not given
 * @returns fails with DNSLookupError, also when there are none
 */
export function hostAddresses(resolver: IHostnameResolver, host: string, family?: 4 | 6): Deferred<string[]> {
  const asked = maybeDeferred(() => family === undefined ? resolver.resolve(host) : resolver.resolve(host, { family }))
  return asked.addCallbacks((found: unknown) => {
    if (!Array.isArray(found)) throw new DNSLookupError(`The resolver gave no list of addresses for ${host}.`)
    const hosts = new Set<string>()
    for (const address of found as ({ host?: unknown } | null | undefined)[]) {
      const literal = address?.host
      const its = typeof literal === 'string' ? addressFamily(literal) : 0
      if (its !== 0 && (family ?? its) === its) hosts.add(literal as string)
    }
    if (hosts.size === 0) throw noAddress(host, family)
    return interleaveFamilies([...hosts])
  }, (reason: Failure) => {
    const error = reason.value
    throw error instanceof WhorlError && !(error instanceof ThrownValueError) ? error : lookupError(host, error)
  }) as Deferred<string[]>
}

/**
 * One error for several: the first, whose `cause` becomes a FailureGroup of the others with the first one's own cause
 * as its cause.
 */
export function allFailed(errors: Error[]): Error {
  const [first, ...rest] = errors as [Error, ...Error[]]
  if (rest.length === 0 || !Object.isExtensible(first)) return first
  const group = new FailureGroup(rest.map((error) => new Failure(error)), undefined,
    first.cause === undefined ? undefined : { cause: first.cause })
  Object.defineProperty(first, 'cause', { value: group, configurable: true, writable: true })
  return first
}
