/**
 * The client's half of SOCKS5: asks a proxy for a TCP connection to somewhere else.
 *
 *   client                                proxy
 *   5 n methods            ───────────▶
 *                          ◀───────────   5 method                       (RFC 1928 section 3)
 *   1 len name len secret  ───────────▶
 *                          ◀───────────   1 status                       (RFC 1929, only if the method is 2)
 *   5 1 0 address port     ───────────▶
 *                          ◀───────────   5 reply 0 address port         (RFC 1928 section 6)
 *
 * Owns: these messages and what the refusals are called. Must not know: how the proxy is reached, or who wants the
 * connection. Names are sent as they are: the proxy resolves them.
 */
import { encodeText } from '../core/text.js'
import {
  ProxyClosedError, ProxyReplyError, SOCKSAddressNotSupported, SOCKSAuthenticationError, SOCKSCommandNotSupported,
  SOCKSConnectionRefused, SOCKSError, SOCKSGeneralFailure, SOCKSHostUnreachable, SOCKSNetworkUnreachable,
  SOCKSNotAllowed, SOCKSTTLExpired,
} from '../errors/index.js'
import type { Failure } from '../defer/index.js'
import type { IAddress } from '../interfaces/index.js'
import { tcpAddress } from '../transports/address.js'
import type { Handshake, HandshakeStep } from './handover.js'
import { bytesOfIPv4, bytesOfIPv6, textOfIPv4, textOfIPv6 } from './ip-literal.js'

/** Who one is to a proxy. */
export interface ProxyCredentials {
  username: string
  password: string
}

const VERSION = 0x05
const AUTH_VERSION = 0x01
const CONNECT = 0x01
const NO_AUTHENTICATION = 0x00
const USERNAME_PASSWORD = 0x02
const NOTHING_ACCEPTABLE = 0xff
const IPV4 = 0x01
const NAME = 0x03
const IPV6 = 0x04

/** The longest answer, bytes: a reply with a name of 255 bytes. */
const MOST_BYTES = 4 + 1 + 255 + 2

const REFUSALS: Readonly<Record<number, new () => SOCKSError>> = {
  1: SOCKSGeneralFailure,
  2: SOCKSNotAllowed,
  3: SOCKSNetworkUnreachable,
  4: SOCKSHostUnreachable,
  5: SOCKSConnectionRefused,
  6: SOCKSTTLExpired,
  7: SOCKSCommandNotSupported,
  8: SOCKSAddressNotSupported,
}

/** Asks for a connection; done with the address that the proxy connects from. */
export class SOCKS5Handshake implements Handshake<IAddress> {
  readonly limit = MOST_BYTES
  readonly #host: string
  readonly #port: number
  readonly #auth: ProxyCredentials | null
  #next: (bytes: Uint8Array) => HandshakeStep<IAddress> | null = this.#readMethod

  /** @throws TypeError for what the messages have no room for */
  constructor(host: string, port: number, auth: ProxyCredentials | null = null) {
    this.#host = host
    this.#port = port
    this.#auth = auth
    // Now, rather than in the middle of a conversation.
    this.#request()
    if (auth !== null) this.#credentials()
  }

  begin(): HandshakeStep<IAddress> {
    const methods = this.#auth === null ? [NO_AUTHENTICATION] : [NO_AUTHENTICATION, USERNAME_PASSWORD]
    return { used: 0, say: Uint8Array.of(VERSION, methods.length, ...methods) }
  }

  receive(bytes: Uint8Array): HandshakeStep<IAddress> | null {
    return this.#next(bytes)
  }

  tooLong(): Error {
    return new ProxyReplyError('The SOCKS proxy sends more than an answer can be.')
  }

  closed(reason: Failure): Error {
    return new ProxyClosedError(undefined, { cause: reason.value })
  }

  #readMethod(bytes: Uint8Array): HandshakeStep<IAddress> | null {
    checkVersion(bytes, VERSION)
    if (bytes.length < 2) return null
    if (bytes[1] === NO_AUTHENTICATION) {
      this.#next = this.#readReply
      return { used: 2, say: this.#request() }
    }
    if (bytes[1] === USERNAME_PASSWORD && this.#auth !== null) {
      this.#next = this.#readStatus
      return { used: 2, say: this.#credentials() }
    }
    if (bytes[1] === NOTHING_ACCEPTABLE) {
      throw new SOCKSAuthenticationError(this.#auth === null
        ? 'The SOCKS proxy wants authentication, and there are no credentials.'
        : 'The SOCKS proxy accepts neither a username and password nor none.')
    }
    throw new ProxyReplyError(`The SOCKS proxy chose method ${bytes[1]}, which was not offered.`)
  }

  #readStatus(bytes: Uint8Array): HandshakeStep<IAddress> | null {
    checkVersion(bytes, AUTH_VERSION)
    if (bytes.length < 2) return null
    if (bytes[1] !== 0) throw new SOCKSAuthenticationError()
    this.#next = this.#readReply
    return { used: 2, say: this.#request() }
  }

  #readReply(bytes: Uint8Array): HandshakeStep<IAddress> | null {
    checkVersion(bytes, VERSION)
    if (bytes.length < 2) return null
    const reply = bytes[1]!
    // A refusal may come with less than an address behind it: the proxy closes then.
    if (reply !== 0) {
      const Refusal = REFUSALS[reply]
      if (Refusal !== undefined) throw new Refusal()
      throw new SOCKSError(`The SOCKS proxy refused to connect, with the unknown reply ${reply}.`, { reply })
    }
    if (bytes.length < 5) return null
    const type = bytes[3]
    const size = type === IPV4 ? 4 : type === IPV6 ? 16 : type === NAME ? 1 + bytes[4]! : null
    if (size === null) throw new ProxyReplyError(`The SOCKS proxy answered with an address of unknown type ${type}.`)
    const used = 4 + size + 2
    if (bytes.length < used) return null
    const address = bytes.subarray(4, 4 + size)
    const host = type === IPV4 ? textOfIPv4(address) : type === IPV6 ? textOfIPv6(address)
      : String.fromCharCode(...address.subarray(1))
    return { used, done: tcpAddress(host, bytes[used - 2]! << 8 | bytes[used - 1]!) }
  }

  #request(): Uint8Array {
    const literal = bytesOfIPv4(this.#host) ?? bytesOfIPv6(this.#host)
    const head = [VERSION, CONNECT, 0]
    const tail = [this.#port >> 8, this.#port & 0xff]
    if (literal !== null) return Uint8Array.of(...head, literal.length === 4 ? IPV4 : IPV6, ...literal, ...tail)
    // A proxy in C reads a name up to its NUL, and so might connect to another one.
    if (/[\0-\x20\x7f]/.test(this.#host)) throw new TypeError(`${JSON.stringify(this.#host)} is no name of a host`)
    return Uint8Array.of(...head, NAME, ...counted('the name of the host', this.#host), ...tail)
  }

  #credentials(): Uint8Array {
    const { username, password } = this.#auth!
    return Uint8Array.of(AUTH_VERSION, ...counted('the username', username), ...counted('the password', password))
  }
}

function checkVersion(bytes: Uint8Array, version: number): void {
  if (bytes[0] !== version) throw new ProxyReplyError('What answers is no SOCKS5 proxy.')
}

/** Text behind its length in one byte. @throws TypeError for what does not fit */
function counted(what: string, text: string): number[] {
  if (typeof text !== 'string') throw new TypeError(`${what} is text, not ${String(text)}`)
  const bytes = encodeText(text)
  if (bytes.length === 0 || bytes.length > 255) {
    throw new TypeError(`${what} takes 1 to 255 bytes in SOCKS5, not ${bytes.length}`)
  }
  return [bytes.length, ...bytes]
}
