/**
 * The endpoint strings `tls:` and `ssl:`, which mean the same, for both sides.
 *
 *   server   tls:<port>:privateKey=<file>[:certificate=<file>][:trustRoots=<file>:clientCertificate=require|request]
 *            [:alpn=<name>,…][:interface=<address>][:backlog=<n>][:reusePort=yes]
 *   client   tls:<host>:<port>[:endpoint=<client endpoint>][:trustRoots=<file>][:certificate=<file>:privateKey=<file>]
 *            [:alpn=<name>,…][:timeout=<duration>][:bindAddress=<address>][:insecureSkipVerify=yes]
 *
 * Owns: their fields, and reading the files when it is listened or connected, through the reactor. Must not know: what
 * is in a certificate. Source: the page of exact behaviour, E15; twisted.internet.endpoints.
 */
import { Failure, gatherResults, maybeDeferred } from '../defer/index.js'
import type { Deferred } from '../defer/index.js'
import { FirstError, NotSupportedError, TimeoutError } from '../errors/index.js'
import type {
  IListeningPort, IProtocol, IProtocolFactory, IReactorFiles, IReactorSSL, IReactorTime, IStreamClientEndpoint,
  IStreamServerEndpoint, ListenTCPOptions, TLSClientOptions, TLSServerOptions,
} from '../interfaces/index.js'
import { LONGEST_TIMEOUT } from '../transports/tls-limits.js'
import { keepClock } from './clock.js'
import { EndpointFields, given } from './fields.js'
import { HostnameEndpoint } from './hostname.js'
import type { HostnameReactor } from './hostname.js'
import { innerEndpoint } from './nested.js'
import type { ClientFromString } from './nested.js'
import { CONNECT_TIMEOUT } from './tcp-client.js'
import { wrapClientTLS } from './tls-client.js'
import { TLSServerEndpoint } from './tls-server.js'

const SERVER_GRAMMAR = ':<port>:privateKey=<file>[:certificate=<file>]' +
  '[:trustRoots=<file>:clientCertificate=require|request][:alpn=<name>,…][:interface=<address>][:backlog=<n>]' +
  '[:reusePort=yes]'
const CLIENT_GRAMMAR = ':<host>:<port>[:endpoint=<client endpoint>][:trustRoots=<file>]' +
  '[:certificate=<file>:privateKey=<file>][:alpn=<name>,…][:timeout=<duration>][:bindAddress=<address>]' +
  '[:insecureSkipVerify=yes]'

/** The two prefixes, as parsers; `fromString` reads the endpoint inside. */
export function tlsStrings(prefix: string, fromString: ClientFromString) {
  return {
    server(reactor: IReactorSSL, args: string[], options: Record<string, string>): IStreamServerEndpoint {
      return tlsServer(prefix, reactor, args, options)
    },
    client(reactor: HostnameReactor, args: string[], options: Record<string, string>): IStreamClientEndpoint {
      return tlsClient(prefix, reactor, args, options, fromString)
    },
  }
}

function tlsServer(
  prefix: string, reactor: IReactorSSL, args: string[], options: Record<string, string>): IStreamServerEndpoint {
  const fields = new EndpointFields(prefix + SERVER_GRAMMAR, ['port', 'interface', 'backlog'],
    ['privateKey', 'certificate', 'certKey', 'trustRoots', 'clientCertificate', 'alpn', 'reusePort'], args, options)
  const port = fields.port('port')
  const key = fields.required('privateKey')
  // Twisted's name for it; both in one file is what it takes for granted, too.
  const certificate = fields.optional('certificate') ?? fields.optional('certKey') ?? key
  const trustRoots = fields.optional('trustRoots')
  const clientCertificate = fields.word('clientCertificate', ['none', 'request', 'require'])
  if ((clientCertificate ?? 'none') !== 'none' && trustRoots === undefined) {
    throw fields.error('trustRoots', 'is missing, and says whose certificates are accepted from clients')
  }
  const common = { ...given('alpn', fields.list('alpn')), ...given('clientCertificate', clientCertificate) }
  const tcp: ListenTCPOptions = {
    ...given('interface', fields.text('interface') || undefined),
    ...given('backlog', fields.integer('backlog')),
    ...given('reusePort', fields.flag('reusePort')),
  }
  return new TLSServerFromFiles(reactor, (files) =>
    files(certificate, key, trustRoots).addCallback(
      ([cert, secret, ca]) => {
        const tls: TLSServerOptions = { ...common, identity: { cert: cert!, key: secret! }, ...given('ca', ca) }
        return new TLSServerEndpoint(reactor, port, tls, tcp)
      }) as Deferred<TLSServerEndpoint>)
}

/** Reads files; nothing comes of a path that is undefined. */
type Files = (...paths: (string | undefined)[]) => Deferred<(Uint8Array | undefined)[]>

function filesOf(reactor: Partial<IReactorFiles>): Files {
  const read = (path: string | undefined): unknown => {
    if (path === undefined) return undefined
    if (typeof reactor.readFile !== 'function') throw new NotSupportedError('this reactor', 'readFile')
    return reactor.readFile(path)
  }
  return (...paths) => gatherResults(paths.map((path) => maybeDeferred(read, path)), { consumeErrors: true })
    // Which of the files it was, its own error says.
    .addErrback((reason: Failure) => reason.value instanceof FirstError ? reason.value.subFailure : reason,
    ) as Deferred<(Uint8Array | undefined)[]>
}

/** A TLS server endpoint whose files are read when it listens. */
export class TLSServerFromFiles implements IStreamServerEndpoint {
  readonly #reactor: IReactorSSL
  readonly #load: (files: Files) => Deferred<TLSServerEndpoint>
  readonly #wrap: ((plain: IStreamServerEndpoint) => IStreamServerEndpoint) | null

  constructor(reactor: IReactorSSL, load: (files: Files) => Deferred<TLSServerEndpoint>,
    wrap: ((plain: IStreamServerEndpoint) => IStreamServerEndpoint) | null = null) {
    keepClock(this, reactor)
    this.#reactor = reactor
    this.#load = load
    this.#wrap = wrap
  }

  /** See {@link TLSServerEndpoint.over}. */
  over(wrap: (plain: IStreamServerEndpoint) => IStreamServerEndpoint): IStreamServerEndpoint {
    return new TLSServerFromFiles(this.#reactor, this.#load, wrap)
  }

  /** Fires with the port once the files were read and it is bound; fails with FileReadError, TLSOptionsError, … */
  listen(factory: IProtocolFactory): Deferred<IListeningPort> {
    return this.#load(filesOf(this.#reactor as Partial<IReactorFiles>)).addCallback((endpoint) =>
      (this.#wrap === null ? endpoint : endpoint.over(this.#wrap)).listen(factory)) as Deferred<IListeningPort>
  }
}

function tlsClient(prefix: string, reactor: HostnameReactor, args: string[], options: Record<string, string>,
  fromString: ClientFromString): IStreamClientEndpoint {
  const fields = new EndpointFields(prefix + CLIENT_GRAMMAR, ['host', 'port'], ['endpoint', 'trustRoots', 'certificate',
    'privateKey', 'alpn', 'timeout', 'bindAddress', 'insecureSkipVerify'], args, options)
  const host = fields.required('host')
  const port = fields.port('port')
  const timeout = fields.duration('timeout') ?? CONNECT_TIMEOUT
  const local = fields.optional('bindAddress')
  const trustRoots = fields.optional('trustRoots')
  const key = fields.optional('privateKey')
  const certificate = fields.optional('certificate') ?? key
  if (certificate !== undefined && key === undefined) throw fields.error('privateKey', 'is missing beside certificate')
  if (local !== undefined && fields.text('endpoint') !== undefined) {
    throw fields.error('bindAddress', 'belongs into the string of endpoint')
  }
  const plain = innerEndpoint(fields, 'endpoint', (text) => fromString(reactor, text)) ??
    new HostnameEndpoint(reactor, host, port, {
      timeout, ...local === undefined ? {} : { bindAddress: { host: local } },
    })
  const tls: TLSClientOptions = {
    serverName: host,
    ...given('alpn', fields.list('alpn')),
    ...given('insecureSkipVerify', fields.flag('insecureSkipVerify')),
    // The deadline of the whole attempt is the one that counts.
    handshakeTimeout: Math.min(Math.max(timeout, 1), LONGEST_TIMEOUT),
  }
  return new TLSClientFromFiles(reactor, timeout, plain, (files) =>
    files(certificate, key, trustRoots).addCallback(
      ([cert, secret, ca]): TLSClientOptions => ({
        ...tls, ...given('ca', ca), ...cert === undefined ? {} : { identity: { cert, key: secret! } },
      })) as Deferred<TLSClientOptions>)
}

/** A TLS client endpoint whose files are read when it connects, and whose whole attempt has one deadline. */
export class TLSClientFromFiles implements IStreamClientEndpoint {
  readonly #reactor: IReactorTime
  readonly #timeout: number
  readonly #plain: IStreamClientEndpoint
  readonly #load: (files: Files) => Deferred<TLSClientOptions>

  constructor(reactor: IReactorTime, timeout: number, plain: IStreamClientEndpoint,
    load: (files: Files) => Deferred<TLSClientOptions>) {
    keepClock(this, reactor)
    this.#reactor = reactor
    this.#timeout = timeout
    this.#plain = plain
    this.#load = load
  }

  /** See {@link TLSOverEndpoint.over}. */
  over(wrap: (plain: IStreamClientEndpoint) => IStreamClientEndpoint): IStreamClientEndpoint {
    return new TLSClientFromFiles(this.#reactor, this.#timeout, wrap(this.#plain), this.#load)
  }

  connect(factory: IProtocolFactory): Deferred<IProtocol> {
    const attempt = this.#load(filesOf(this.#reactor as Partial<IReactorFiles>)).addCallback((tls) =>
      wrapClientTLS(tls, this.#plain).connect(factory)) as Deferred<IProtocol>
    if (this.#timeout === Infinity) return attempt
    const late = (): Failure => new Failure(new TimeoutError())
    return attempt.addTimeout(this.#timeout, this.#reactor, late) as Deferred<IProtocol>
  }
}
