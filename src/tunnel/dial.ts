/**
 * The relay's own connection: from a host that is asked for to one that answers.
 *
 * Owns: names, the list's say about each address, the race of those that are left. Must not know: messages, tunnels.
 */
import { Deferred, Failure, maybeDeferred } from '../defer/index.js'
import { connecting } from '../endpoints/connecting.js'
import { NotSupportedError, TunnelRefusedError } from '../errors/index.js'
import type { IHostnameResolver, IProtocol, IProtocolFactory, IReactorTCP, IReactorTime } from '../interfaces/index.js'
import { addressBytes } from '../reactor/restrict-patterns.js'
import { allFailed, ATTEMPT_DELAY, connectError, hostAddresses, StaggeredRace } from '../transports/index.js'
import type { AllowList } from './allow.js'

/** What a relay connects with. */
export type DialReactor = IReactorTCP & IReactorTime & {
  readonly nameResolver?: IHostnameResolver
}

/**
 * Connects to a host that is on the list.
 *
 * @param factory asked for a protocol for each address that is tried
 * @returns fires with the protocol; cancelling gives everything up
 */
export function dial(
  reactor: DialReactor, allow: AllowList, host: string, port: number, factory: IProtocolFactory): Deferred<IProtocol> {
  return maybeDeferred(() => {
    if (!allow.allowsHost(host, port)) throw notAllowed(`${host}:${port} is not on the list`)
    if (addressBytes(host) !== null) return attempt(reactor, host, port, factory)
    return hostAddresses(resolverOf(reactor), host).addCallback((addresses: string[]) => {
      const left = addresses.filter((address) => allow.allowsAddress(address, port, true))
      // Which address it is stays here: it may be one of the relay's own network.
      if (left.length === 0) throw notAllowed(`${host} has no address that is on the list`)
      return race(reactor, left, port, factory)
    }) as Deferred<IProtocol>
  }) as Deferred<IProtocol>
}

function resolverOf(reactor: DialReactor): IHostnameResolver {
  const { nameResolver } = reactor
  if (nameResolver === undefined) {
    // What a connection by name would lead to could not be looked at.
    throw new NotSupportedError('this', 'names', { reason: 'the reactor has no resolver' })
  }
  return nameResolver
}

function attempt(reactor: DialReactor, address: string, port: number, factory: IProtocolFactory): Deferred<IProtocol> {
  // The time for all of it is the caller's.
  return connecting(factory, (client) => reactor.connectTCP(address, port, client, { timeout: Infinity }))
}

function race(
  reactor: DialReactor, addresses: readonly string[], port: number, factory: IProtocolFactory): Deferred<IProtocol> {
  const done = new Deferred<IProtocol>(() => course.cancel())
  const course = new StaggeredRace<string, IProtocol>(reactor, addresses, ATTEMPT_DELAY, {
    start(address, runner) {
      const trying = attempt(reactor, address, port, factory)
      trying.addCallbacks((protocol) => {
        if (!runner.won(protocol)) abort(protocol)
      }, (reason: Failure) => runner.failed(reason.value))
      return () => trying.cancel()
    },
    won: (protocol) => done.callback(protocol),
    lost: (errors) => done.errback(allFailed(errors.map(connectError))),
  })
  course.start()
  return done
}

/** Ends a connection that nobody wants any more. */
export function abort(protocol: IProtocol): void {
  (protocol as { transport?: { abortConnection?(): void } }).transport?.abortConnection?.()
}

function notAllowed(message: string): TunnelRefusedError {
  return new TunnelRefusedError(message, { refusal: 'not-allowed' })
}
