/**
 * TLS by `node:tls`: both sides, over sockets of Node's and over anything else.
 *
 * Owns: making Node's TLS sockets. Must not know: who waits for them.
 *
 * Over one of Node's own sockets its TLS works on the handle, without JavaScript in between; over any other channel it
 * works on a stream that stands for it.
 */

import { Buffer } from 'node:buffer'
import { isIP } from 'node:net'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { ConnectionOptions, SecureContext, TLSSocket, TLSSocketOptions } from 'node:tls'
import { domainToASCII } from 'node:url'
import { CertificateError, TLSOptionsError } from '../../src/errors/index.js'
import type {
  SecureChannel, StreamChannel, TLSCertificate, TLSClientOptions, TLSHost, TLSServerHandle, TLSServerOptions,
  TLSSession,
} from '../../src/interfaces/index.js'
import { HANDSHAKE_TIMEOUT } from '../../src/transports/tls-limits.js'
import { tls } from './builtins.js'
import { Reader } from './reader.js'
import { DuplexCarrier, HoldingCarrier, SocketCarrier } from './tls-carriers.js'
import { TLSChannel } from './tls-channel.js'
import type { Carrier, TLSSide } from './tls-channel.js'
import { ClientSide, keep, pack, recall } from './tls-client.js'
import { contextFor, makeClientContext, NodeTLSServer } from './tls-contexts.js'
import type { ClientContext, ServerContexts } from './tls-contexts.js'
import { ChannelDuplex } from './tls-duplex.js'
import { handshakeError } from './tls-errors.js'
import { peerCertificate, sessionOf, verifyError } from './tls-session.js'

/** No record of TLS holds more: RFC 8446 section 5.1. */
const RECORD_SIZE = 16_384

/** Where TLS sockets lose their end: how long that of what is below is kept from them, ms. */
const LATE_END = 100

/** What all handshakes of some server options share. */
interface Server {
  readonly socketOptions: TLSSocketOptions
  readonly side: TLSSide
}

/** What differs between hosts that have `node:tls`. */
export interface NodeTLSOptions {
  /** Called before a connection is made: what the host does at the first use of any reactor. */
  readonly prepare: () => void
  /** What reads this reactor's sockets; made at the first of them. */
  readonly makeReader?: () => Reader
  /** A TLS socket that was paused never comes to its end: instead, nothing is read from below. */
  readonly losesEnd?: boolean
}

/** TLS for one reactor. */
export class NodeTLS implements TLSHost {
  readonly #prepare: () => void
  readonly #makeReader: () => Reader
  readonly #losesEnd: boolean
  #reader: Reader | null = null
  // One context for each options object, however many connections it is used for.
  readonly #handles = new WeakMap<TLSServerOptions, NodeTLSServer>()
  readonly #servers = new WeakMap<ServerContexts, Server>()
  readonly #clients = new WeakMap<TLSClientOptions, ClientContext>()

  constructor({ prepare, makeReader = () => new Reader(RECORD_SIZE), losesEnd = false }: NodeTLSOptions) {
    this.#prepare = prepare
    this.#makeReader = makeReader
    this.#losesEnd = losesEnd
  }

  server(options: TLSServerOptions): TLSServerHandle {
    let handle = this.#handles.get(options)
    if (handle === undefined) {
      handle = new NodeTLSServer(options)
      this.#handles.set(options, handle)
    }
    return handle
  }

  accept(channel: StreamChannel, handle: TLSServerHandle): SecureChannel {
    this.#prepare()
    const { contexts } = handle as NodeTLSServer
    let server = this.#servers.get(contexts)
    if (server === undefined) {
      server = makeServer(contexts)
      this.#servers.set(contexts, server)
    }
    const { stream, carrier } = takeOver(channel, this.#losesEnd)
    const socket = new (tls().TLSSocket)(stream as Socket, server.socketOptions)
    return this.#channel(socket, channel, carrier, server.side)
  }

  connect(channel: StreamChannel, options: TLSClientOptions, name: string, sessionKey: string): SecureChannel {
    this.#prepare()
    let client = this.#clients.get(options)
    if (client === undefined) {
      client = makeClientContext(options)
      this.#clients.set(options, client)
    }
    const verifies = options.insecureSkipVerify !== true
    const host = asciiName(name)
    if (host === '' && verifies) {
      throw new TLSOptionsError('TLS option serverName is needed: there is no name to verify.', { field: 'serverName' })
    }
    const serverName = host === '' || isIP(host) !== 0 ? null : host
    const side = new ClientSide(options.handshakeTimeout ?? HANDSHAKE_TIMEOUT, serverName)
    const made: ConnectionOptions = {
      host, secureContext: client.context, rejectUnauthorized: verifies,
      checkServerIdentity: (against, certificate) => side.check(against, certificate),
    }
    if (serverName !== null) made.servername = serverName
    if (options.alpn !== undefined && options.alpn.length > 0) made.ALPNProtocols = options.alpn
    const { sessions } = options
    const key = `${sessionKey}:${client.fingerprint}`
    if (sessions !== undefined) {
      const kept = recall(sessions, key)
      if (kept !== null) {
        made.session = kept.session
        side.remembers(kept.certificate)
      }
    }
    const { stream, carrier } = takeOver(channel, this.#losesEnd)
    made.socket = stream
    const socket = tls().connect(made)
    // Before Node's own, which ends the connection when something is wrong.
    socket.prependListener('secure', () => side.look(socket))
    if (sessions !== undefined) {
      socket.on('session', (session: Uint8Array) => keep(sessions, key, pack(session, side.shown()?.raw)))
    }
    return this.#channel(socket, channel, carrier, side)
  }

  #channel(socket: TLSSocket, below: StreamChannel, carrier: Carrier, side: TLSSide): TLSChannel {
    return new TLSChannel(socket, below, carrier, side, this.#reader ??= this.#makeReader())
  }
}

function makeServer(contexts: ServerContexts): Server {
  const { alpn, clientCertificate = 'none', handshakeTimeout = HANDSHAKE_TIMEOUT } = contexts.options
  const asks = clientCertificate !== 'none'
  const requires = clientCertificate === 'require'
  const socketOptions: TLSSocketOptions & { secureContext: SecureContext } = {
    isServer: true, secureContext: contexts.main, requestCert: asks, rejectUnauthorized: requires,
  }
  if (alpn !== undefined && alpn.length > 0) socketOptions.ALPNProtocols = alpn
  if (contexts.names.size > 0) {
    socketOptions.SNICallback = (name, done) => done(null, contextFor(contexts, name))
  }
  const agreed = (socket: TLSSocket): TLSSession => {
    const certificate = asks ? peerCertificate(socket) : null
    if (asks) checkClient(socket, certificate, requires)
    const { servername } = socket as { servername?: unknown }
    return sessionOf(socket, typeof servername === 'string' && servername !== '' ? servername : null, certificate)
  }
  return { socketOptions, side: { handshakeTimeout, event: 'secure', agreed, shown: () => null } }
}

/** Node finishes the handshake with any certificate, and leaves it to servers to look. @throws CertificateError */
function checkClient(socket: TLSSocket, certificate: TLSCertificate | null, requires: boolean): void {
  if (certificate === null) {
    if (requires) throw new CertificateError('The client showed no certificate.', { reason: 'missing' })
    return
  }
  const error = verifyError(socket)
  if (error !== null) throw handshakeError(error, certificate)
}

/** What Node's TLS is to run over. */
function takeOver(channel: StreamChannel, losesEnd: boolean): { stream: Duplex, carrier: Carrier } {
  const { detach } = channel as Partial<{ detach(): Socket | null }>
  const socket = typeof detach === 'function' ? detach.call(channel) : null
  if (socket !== null && socket !== undefined) return { stream: socket, carrier: new SocketCarrier(socket, channel) }
  const duplex = new ChannelDuplex(channel, losesEnd ? LATE_END : 0)
  duplex.begin()
  return { stream: duplex, carrier: losesEnd ? new HoldingCarrier(duplex) : new DuplexCarrier(duplex) }
}

/**
 * As certificates and SNI have it: no final dot, no characters beyond ASCII, and no zone, which only addresses have.
 *
 * @returns nothing for what is no name. Node reads names as those of URLs, so that what stands before a slash, or comes
 *   of `%2e`, would be verified in place of the whole.
 */
function asciiName(name: string): string {
  const address = name.replace(/%.*$/, '')
  if (isIP(address) !== 0) return address
  return /[\0- "#%/:<>?@[\\\]^`{|}\x7f]/.test(name) ? '' : domainToASCII(name.replace(/\.$/, ''))
}
