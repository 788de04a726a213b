/**
 * Addresses and reactors as sockets take them.
 *
 * Owns: the checks, and what a family calls "any address". Must not know: sockets.
 */
import { fail, succeed } from '../defer/index.js'
import type { Deferred } from '../defer/index.js'
import { DNSLookupError, NotSupportedError } from '../errors/index.js'
import type {
  IHostnameResolver, IReactorMulticast, IReactorTCP, IReactorUDP, IReactorUNIX,
} from '../interfaces/index.js'
import { addressFamily, checkPort, hostAddresses } from '../transports/index.js'

/** `AF_INET`, `AF_INET6`, `AF_UNIX`. */
export type SocketFamily = 'inet' | 'inet6' | 'unix'

/** `SOCK_STREAM`, `SOCK_DGRAM`. */
export type SocketType = 'stream' | 'dgram'

/**
 * Where a socket is bound or connected to: a host and a port, or the path of a UNIX socket. Addresses of transports
 * (`getsockname()`, `getpeername()`) are such too.
 */
export type SocketAddress = { readonly host?: string, readonly port: number } | { readonly path: string | null }

/** What a socket uses of a reactor; what it lacks is a NotSupportedError when it is needed. */
export type SocketReactor = Partial<IReactorTCP & IReactorUNIX & IReactorUDP & IReactorMulticast> & {
  readonly nameResolver?: IHostnameResolver
}

/** A host and a port. */
export interface InternetAddress {
  readonly host: string
  readonly port: number
}

const ANY = { inet: '0.0.0.0', inet6: '::' }
const LOOPBACK = { inet: '127.0.0.1', inet6: '::1' }

/**
 * @param missing what a host that is not given means: every address when binding, this machine when connecting
 * @throws TypeError, RangeError
 */
export function internetAddress(
  family: 'inet' | 'inet6', address: SocketAddress, missing: 'any' | 'loopback'): InternetAddress {
  const { host, port } = (address ?? {}) as { host?: unknown, port?: unknown }
  if (typeof port !== 'number') throw new TypeError('the address of an internet socket is { host, port }')
  checkPort(port)
  if (host === undefined || host === '') return { host: (missing === 'any' ? ANY : LOOPBACK)[family], port }
  if (typeof host !== 'string') throw new TypeError(`a host is text, not ${String(host)}`)
  return { host, port }
}

/** @throws TypeError */
export function unixPath(address: SocketAddress): string {
  const { path } = (address ?? {}) as { path?: unknown }
  if (typeof path !== 'string' || path === '') throw new TypeError('the address of a UNIX socket is { path }')
  return path
}

/** A method of the reactor, to be called on it. @throws NotSupportedError */
export function methodOf<K extends keyof SocketReactor>(
  reactor: SocketReactor, name: K): NonNullable<SocketReactor[K]> {
  const method = reactor[name] as unknown
  if (typeof method !== 'function') {
    const { name: host = 'this reactor' } = (reactor as { host?: { name?: string } }).host ?? {}
    throw new NotSupportedError(host, name)
  }
  return method.bind(reactor) as NonNullable<SocketReactor[K]>
}

/** A literal address for a host: itself, or the first of its family that the reactor's resolver finds. */
export function literalOf(reactor: SocketReactor, family: 'inet' | 'inet6', host: string): Deferred<string> {
  if (addressFamily(host) !== 0) return succeed(host) as Deferred<string>
  let resolver: IHostnameResolver | undefined
  try {
    resolver = reactor.nameResolver
  } catch (error) {
    return fail(error)
  }
  if (resolver === undefined) return fail(new DNSLookupError(`${host} is a name, and this reactor has no resolver.`))
  return hostAddresses(resolver, host, family === 'inet' ? 4 : 6).addCallback((found: string[]) => found[0])
}
