/**
 * SimTLS: TLS of one simulated host, without cryptography: the round trips, names, protocols and ends of the real one.
 *
 * Owns: both sides' checks, and sessions that are resumed. Must not know: records. A certificate is for the names of
 * its host, unless it was made by `simulatedIdentity`; whoever trusts anybody trusts all simulated hosts.
 */

import { decodeText, encodeText } from '../../../core/text.js'
import { TLSOptionsError } from '../../../errors/index.js'
import type {
  SecureChannel, StreamChannel, TLSClientOptions, TLSHost, TLSIdentity, TLSServerHandle, TLSServerOptions, TLSSession,
} from '../../../interfaces/index.js'
import { addressFamily } from '../../../transports/resolve-literal.js'
import { HANDSHAKE_TIMEOUT } from '../../../transports/tls-limits.js'
import type { SimHost, World } from '../world.js'
import { SimTLSChannel } from './tls-channel.js'
import type { TLSSide } from './tls-channel.js'
import { agree, certificateError, handshakeError, versionsOf } from './tls-handshake.js'
import type { ClientHello, Finished, Message, ServerHello } from './tls-handshake.js'
import { certificateOf, checkIdentity, covers, plainName, shownBy } from './tls-identity.js'
import type { Shown } from './tls-identity.js'

const CIPHERS = { 'TLSv1.3': 'TLS_AES_256_GCM_SHA384', 'TLSv1.2': 'ECDHE-RSA-AES256-GCM-SHA384' }

/** @internal */
export class SimTLS implements TLSHost {
  readonly #world: World
  readonly #host: SimHost
  readonly #servers = new Map<TLSServerOptions, ServerHandle>()

  constructor(world: World, host: SimHost) {
    this.#world = world
    this.#host = host
  }

  server(options: TLSServerOptions): TLSServerHandle {
    let server = this.#servers.get(options)
    if (server === undefined) {
      server = new ServerHandle(options, `${this.#host.name}/${this.#host.incarnation}/${this.#servers.size}`)
      this.#servers.set(options, server)
    }
    return server
  }

  accept(channel: StreamChannel, server: TLSServerHandle): SecureChannel {
    const { options, ticket } = server as ServerHandle
    return new SimTLSChannel(this.#world, this.#host, channel, new ServerSide(options, ticket, this.#host))
  }

  connect(channel: StreamChannel, options: TLSClientOptions, name: string, sessionKey: string): SecureChannel {
    if (options.identity !== undefined) checkIdentity(options.identity, 'identity')
    const plain = plainName(name)
    if (plain === '' && options.insecureSkipVerify !== true) {
      throw new TLSOptionsError('TLS option serverName is needed: there is no name to verify.', { field: 'serverName' })
    }
    return new SimTLSChannel(this.#world, this.#host, channel, new ClientSide(options, plain, sessionKey, this.#host))
  }
}

class ServerHandle implements TLSServerHandle {
  options: TLSServerOptions
  /** Which sessions it resumes. */
  readonly ticket: string

  constructor(options: TLSServerOptions, ticket: string) {
    checkServer(options)
    this.options = options
    this.ticket = ticket
  }

  update(options: TLSServerOptions): void {
    checkServer(options)
    this.options = options
  }
}

function checkServer({ identity, names = {} }: TLSServerOptions): void {
  checkIdentity(identity, 'identity')
  for (const [name, one] of Object.entries(names)) checkIdentity(one, `names.${name}`)
}

class ServerSide implements TLSSide {
  readonly handshakeTimeout: number
  readonly #options: TLSServerOptions
  readonly #ticket: string
  readonly #host: SimHost
  #hello: ClientHello | null = null
  #answer: ServerHello | null = null

  constructor(options: TLSServerOptions, ticket: string, host: SimHost) {
    this.handshakeTimeout = options.handshakeTimeout ?? HANDSHAKE_TIMEOUT
    this.#options = options
    this.#ticket = ticket
    this.#host = host
  }

  begin(): null {
    return null
  }

  hear(message: Message): { say: Message | null, session: TLSSession | null } {
    if (message.kind === 'client-hello' && this.#hello === null) {
      this.#hello = message
      this.#answer = this.#answerTo(message)
      return { say: this.#answer, session: null }
    }
    const [hello, answer] = [this.#hello, this.#answer]
    if (message.kind !== 'finished' || hello === null || answer === null) throw handshakeError('failed')
    this.#checkClient(message.shown)
    const session = sessionOf(answer, hello.sni, message.shown)
    return { say: answer.version === 'TLSv1.2' ? { kind: 'finished', shown: null } : null, session }
  }

  #answerTo(hello: ClientHello): ServerHello {
    const { version, alpn } = agree(hello, this.#options)
    const named = identityFor(hello.sni, this.#options)
    return {
      kind: 'server-hello', version, alpn, asks: (this.#options.clientCertificate ?? 'none') !== 'none',
      shown: shownBy(named ?? this.#options.identity, this.#host, named === null ? null : hello.sni),
      resumed: hello.ticket === this.#ticket, ticket: this.#ticket,
    }
  }

  #checkClient(shown: Shown | null): void {
    if (shown === null) {
      if (this.#options.clientCertificate === 'require') throw certificateError('missing', 'there is none')
    } else if (shown.flaw !== '') {
      throw certificateError(shown.flaw, shown.names.join(', '))
    }
  }
}

class ClientSide implements TLSSide {
  readonly handshakeTimeout: number
  readonly #options: TLSClientOptions
  readonly #name: string
  readonly #sessionKey: string
  readonly #host: SimHost
  #answer: ServerHello | null = null

  constructor(options: TLSClientOptions, name: string, sessionKey: string, host: SimHost) {
    this.handshakeTimeout = options.handshakeTimeout ?? HANDSHAKE_TIMEOUT
    this.#options = options
    this.#name = name
    this.#sessionKey = sessionKey
    this.#host = host
  }

  get #sni(): string | null {
    return this.#name === '' || addressFamily(this.#name) !== 0 ? null : this.#name
  }

  begin(): ClientHello {
    const { alpn = [], sessions } = this.#options
    let ticket = ''
    try {
      const kept = sessions?.get(this.#sessionKey)
      if (kept instanceof Uint8Array) ticket = decodeText(kept)
    } catch {
      // Somebody else's code: what it throws costs no more than the session.
    }
    return { kind: 'client-hello', sni: this.#sni, alpn, versions: versionsOf(this.#options), ticket }
  }

  hear(message: Message): { say: Message | null, session: TLSSession | null } {
    const answer = this.#answer
    if (message.kind === 'finished' && answer?.version === 'TLSv1.2') {
      return { say: null, session: this.#session(answer) }
    }
    if (message.kind !== 'server-hello' || answer !== null) throw handshakeError('failed')
    this.#answer = message
    this.#check(message.shown)
    const { identity } = this.#options
    const say: Finished = {
      kind: 'finished', shown: message.asks && identity !== undefined ? shownBy(identity, this.#host, null) : null,
    }
    return { say, session: message.version === 'TLSv1.2' ? null : this.#session(message) }
  }

  #check({ names, flaw }: Shown): void {
    if (this.#options.insecureSkipVerify === true) return
    if (flaw !== '') throw certificateError(flaw, names.join(', '))
    if (!covers(names, this.#name)) {
      throw certificateError('name-mismatch', `${this.#name} is none of its names: ${names.join(', ')}`)
    }
  }

  #session(answer: ServerHello): TLSSession {
    try {
      this.#options.sessions?.set(this.#sessionKey, encodeText(answer.ticket))
    } catch {
      // The same.
    }
    return sessionOf(answer, this.#sni, answer.shown)
  }
}

/** Whose name was asked for; null for nobody in particular. */
function identityFor(sni: string | null, { names = {} }: TLSServerOptions): TLSIdentity | null {
  if (sni === null) return null
  return names[sni] ?? names[sni.replace(/^[^.]+/, '*')] ?? null
}

function sessionOf(answer: ServerHello, serverName: string | null, shown: Shown | null): TLSSession {
  return Object.freeze({
    version: answer.version, cipher: CIPHERS[answer.version], protocol: answer.alpn, serverName,
    resumed: answer.resumed, peerCertificate: shown === null ? null : certificateOf(shown),
  })
}
