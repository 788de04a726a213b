/**
 * Factories that refuse connections beyond a number: in all, or from one peer.
 *
 * Owns: the counting. Must not know: what the connections are for.
 * Source: twisted.protocols.policies.LimitTotalConnectionsFactory, LimitConnectionsByPeer.
 */
import type { IAddress, IProtocol, IProtocolFactory } from '../../interfaces/index.js'
import { ServerFactory } from '../factory.js'
import { ProtocolWrapper, WrappingFactory } from './wrapping.js'
import type { WrapperOwner } from './wrapping.js'

/** Refuses a connection from a peer that has `maxConnectionsPerPeer` open already. */
export class LimitConnectionsByPeer extends WrappingFactory {
  /** Connections that one address may have open at a time. Twisted's default. */
  maxConnectionsPerPeer = 5
  /** Open connections of each peer that has any, by address without port. */
  readonly peerConnections = new Map<string, number>()
  readonly #peerOf = new WeakMap<IProtocol, string>()

  constructor(wrappedFactory: IProtocolFactory) {
    super(wrappedFactory)
  }

  override buildProtocol(address: IAddress): IProtocol | null {
    const peer = peerOf(address)
    const count = this.peerConnections.get(peer) ?? 0
    if (count >= this.maxConnectionsPerPeer) return null
    const protocol = super.buildProtocol(address)
    if (protocol === null) return null
    this.peerConnections.set(peer, count + 1)
    this.#peerOf.set(protocol, peer)
    return protocol
  }

  override unregisterProtocol(protocol: ProtocolWrapper): void {
    super.unregisterProtocol(protocol)
    const peer = this.#peerOf.get(protocol)
    if (peer === undefined) return
    this.#peerOf.delete(protocol)
    const count = this.peerConnections.get(peer)! - 1
    if (count === 0) this.peerConnections.delete(peer)
    else this.peerConnections.set(peer, count)
  }
}

/** One name for a peer, the same whether IPv4 reaches an IPv4 or an IPv6 socket. */
function peerOf(address: IAddress): string {
  if (!('host' in address)) return address.family
  return String(address.host).replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '')
}

/**
 * Makes protocols of its own class while fewer than `connectionLimit` connections are open; beyond that it makes
 * `overflowProtocol` (to say sorry with, say), and where there is none it refuses.
 */
export class LimitTotalConnectionsFactory extends ServerFactory implements WrapperOwner {
  /** Connections that may be open at a time; null for no limit. */
  connectionLimit: number | null = null
  /** Those open now, overflow protocols included. */
  connectionCount = 0
  /** Speaks with those that come beyond the limit. */
  overflowProtocol: (new () => IProtocol) | null = null

  override buildProtocol(address: IAddress): IProtocol | null {
    const wrapped = this.#wrapped(address)
    if (wrapped === null) return null
    this.connectionCount += 1
    return new ProtocolWrapper(this, wrapped)
  }

  registerProtocol(_protocol: ProtocolWrapper): void {
    // Counted when it was built, so that two built before either is connected are two.
  }

  unregisterProtocol(_protocol: ProtocolWrapper): void {
    this.connectionCount -= 1
  }

  #wrapped(address: IAddress): IProtocol | null {
    const limit = this.connectionLimit
    if (limit === null || this.connectionCount < limit) return super.buildProtocol(address)
    if (this.overflowProtocol === null) return null
    return Object.assign(new this.overflowProtocol(), { factory: this })
  }
}
