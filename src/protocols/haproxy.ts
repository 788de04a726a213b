/**
 * The PROXY protocol at both ends: a factory whose connections begin with a header, and a handshake that sends one.
 *
 * Owns: telling the two versions apart from the first bytes, and giving the header's addresses to the protocol. Must
 * not know: how either version is written. Source: HAProxy's "The PROXY protocol"; twisted.protocols.haproxy.
 *
 * A header is believed: only who may connect to the port decides whether that is wise.
 */
import { ProxyProtocolError } from '../errors/index.js'
import type { IAddress, IProtocol, IProtocolFactory, IReactorTime, ITransport } from '../interfaces/index.js'
import { Logger } from '../logger/index.js'
import { abort, HandshakeProtocol } from './handover.js'
import type { Handshake, HandoverProtocol, HandshakeOwner, HandshakeStep } from './handover.js'
import { setProxyHeader } from './haproxy-header.js'
import type { ProxyHeader, ProxyTLV, ReadHeader } from './haproxy-header.js'
import { readVersion1, writeVersion1 } from './haproxy-v1.js'
import { readVersion2, SIGNATURE, writeVersion2 } from './haproxy-v2.js'

export { PP2_TYPE, proxyHeaderOf } from './haproxy-header.js'
export type { ProxyHeader, ProxySSL, ProxyTLV, ReadHeader } from './haproxy-header.js'

/** The longest version 2 header, bytes: the size of HAProxy's own buffer (its `tune.bufsize`). */
export const MOST_HEADER_BYTES = 16_384
/** How long a header may take to arrive, ms. It is the first thing on the wire, so even bad networks need far less. */
export const HEADER_TIMEOUT = 10_000

const LINE_START = Uint8Array.from('PROXY ', (character) => character.charCodeAt(0))

/**
 * Reads a header of either version from the first bytes of a connection.
 *
 * @param bytes everything received so far
 * @param limit the longest header of version 2, bytes
 * @returns null while more is needed
 * @throws ProxyProtocolError as soon as it cannot become a header
 */
export function readProxyHeader(bytes: Uint8Array, limit = MOST_HEADER_BYTES): ReadHeader | null {
  if (bytes.length === 0) return null
  const start = bytes[0] === SIGNATURE[0] ? SIGNATURE : LINE_START
  const length = Math.min(start.length, bytes.length)
  for (let at = 0; at < length; at++) if (bytes[at] !== start[at]) throw new ProxyProtocolError()
  return start === SIGNATURE ? readVersion2(bytes, limit) : readVersion1(bytes)
}

/** Options of {@link HAProxyWrappingFactory}. */
export interface HAProxyOptions {
  /** How long the header may take, ms; 10,000 if not given, Infinity for as long as it likes. */
  timeout?: number
  /** The longest header, bytes; 16,384 if not given. */
  maxHeaderLength?: number
}

class HeaderReader implements Handshake<ProxyHeader> {
  readonly limit: number

  constructor(limit: number) {
    this.limit = limit
  }

  begin(): null {
    return null
  }

  receive(bytes: Uint8Array): HandshakeStep<ProxyHeader> | null {
    const read = readProxyHeader(bytes, this.limit)
    return read === null ? null : { used: read.length, done: read.header }
  }

  tooLong(): Error {
    return new ProxyProtocolError('The header of the PROXY protocol is too long.')
  }

  closed(): Error {
    return new ProxyProtocolError('The connection ended before its header of the PROXY protocol was complete.')
  }

  late(ms: number): Error {
    return new ProxyProtocolError(`The header of the PROXY protocol did not arrive within ${ms} ms.`)
  }
}

/**
 * A factory for connections that come through a proxy which says where they began.
 *
 * Each connection is read up to the end of its header; then the wrapped factory makes its protocol, from the address
 * that the header gives, and that protocol has the connection for itself. `getPeer()` and `getHost()` of its transport
 * give the header's addresses, and {@link proxyHeaderOf} the rest. A connection without a good header, or whose header
 * does not come in time, is dropped and logged as a ProxyProtocolError.
 */
export class HAProxyWrappingFactory implements IProtocolFactory {
  readonly wrappedFactory: IProtocolFactory
  readonly #clock: IReactorTime | null
  readonly #timeout: number
  readonly #limit: number
  readonly #log = new Logger('whorl.haproxy')

  /** @param clock whose time the deadline is on; null for no deadline */
  constructor(wrappedFactory: IProtocolFactory, clock: IReactorTime | null, options: HAProxyOptions = {}) {
    this.wrappedFactory = wrappedFactory
    this.#clock = clock
    this.#timeout = options.timeout ?? HEADER_TIMEOUT
    this.#limit = options.maxHeaderLength ?? MOST_HEADER_BYTES
  }

  doStart(): void {
    this.wrappedFactory.doStart()
  }

  doStop(): void {
    this.wrappedFactory.doStop()
  }

  buildProtocol(address: IAddress): IProtocol {
    const owner: HandshakeOwner<ProxyHeader> = {
      timeout: this.#timeout,
      clock: this.#clock,
      handshakeDone: (protocol, header, rest) => this.#connect(protocol, header, rest, address),
      handshakeFailed: (error) => {
        this.#log.info(`A connection was dropped: ${(error as Error).message}`, { error, peer: address })
      },
    }
    return new HandshakeProtocol(new HeaderReader(this.#limit), owner)
  }

  #connect(protocol: HandoverProtocol, header: ProxyHeader, rest: Uint8Array, address: IAddress): void {
    const { transport } = protocol
    let next: IProtocol | null
    try {
      next = this.wrappedFactory.buildProtocol(header.source ?? address)
    } catch (error) {
      abort(transport)
      throw error
    }
    if (next === null) {
      transport.loseConnection()
      return
    }
    setProxyHeader(transport, header)
    protocol.handOver(next, {
      rest,
      ...header.source === null ? {} : { peer: header.source },
      ...header.destination === null ? {} : { host: header.destination },
    })
  }
}

/** What {@link ProxyHeaderSender} says. */
export interface ProxyHeaderOptions {
  /** 2 if not given. */
  version?: 1 | 2
  /** `LOCAL` says that this connection is nobody's but the sender's own; version 2 only. */
  command?: 'LOCAL' | 'PROXY'
  /** Where the connection began; this end of the connection if not given. */
  source?: IAddress
  /** Where it was made to; the other end of the connection if not given. */
  destination?: IAddress
  /** What else to say; version 2 only. */
  tlvs?: readonly ProxyTLV[]
  /** Adds a CRC32C of the header; version 2 only. */
  checksum?: boolean
}

/** @throws TypeError for what version 1 has no words for, or a version that there is not */
export function checkProxyHeaderOptions(options: ProxyHeaderOptions): void {
  const { version = 2, command, tlvs, checksum } = options
  if (version !== 1 && version !== 2) {
    throw new TypeError(`the PROXY protocol has versions 1 and 2, not ${String(version)}`)
  }
  if (version === 1 && (command === 'LOCAL' || checksum === true || (tlvs !== undefined && tlvs.length > 0))) {
    throw new TypeError('version 1 of the PROXY protocol has neither LOCAL, nor TLVs, nor a checksum')
  }
}

/** Sends a header, and is done. @internal */
export class ProxyHeaderSender implements Handshake<null> {
  readonly limit = 0
  readonly #options: ProxyHeaderOptions

  constructor(options: ProxyHeaderOptions) {
    this.#options = options
  }

  begin(transport: ITransport): HandshakeStep<null> {
    const { version = 2, source = transport.getHost(), destination = transport.getPeer(), ...rest } = this.#options
    const say = version === 1 ? writeVersion1(source, destination) : writeVersion2(source, destination, rest)
    return { used: 0, say, done: null }
  }

  receive(): null {
    return null
  }

  tooLong(): Error {
    return new ProxyProtocolError()
  }

  closed(): Error {
    return new ProxyProtocolError()
  }
}
