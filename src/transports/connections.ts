/**
 * What an inspector shows of a reactor's connections.
 *
 * Owns: the words for what a connection does and waits for. Must not know: what the bytes mean. Of a restricted reactor
 * only the connections that were made through it are seen: it is asked for them itself.
 */

import type { IAddress } from '../interfaces/address.js'
import type { IProtocol } from '../interfaces/protocol.js'
import { protocolOf } from './bridges.js'
import type { StreamConnection } from './stream-connection.js'
import {
  CHANGING, CLOSING, DISCONNECTING, LOST, PAUSED, PRODUCER, READ_ENDED, RELEASING, RESTING, WRITE_ENDED,
} from './stream-state.js'
import { connectionOf } from './stream-transport.js'
import type { StreamTransport } from './stream-transport.js'

/**
 * How far its life has gone.
 *
 * - `open`: both ways; `securing`: TLS is being set up
 * - `read-closed`, `write-closed`: half of it, the peer's side or this one
 * - `disconnecting`: closed by this side, but output is still to go out; `closing`: the end itself is on its way
 * - `lost`: `connectionLost` has been called
 */
export type ConnectionState =
  'open' | 'securing' | 'read-closed' | 'write-closed' | 'disconnecting' | 'closing' | 'lost'

/**
 * What has to come next for anything to happen.
 *
 * - `data`: the peer says something; `handshake`: its part of TLS
 * - `peer`: the peer reads what was sent: the host takes no more
 * - `producer`: it is closed, and a registered producer has not unregistered
 * - `resume`: this side reads again: it has called `pauseProducing`, or a bridge's reader is slow
 * - `turn`: others have theirs first: it has used up its share
 * - `write`: this side writes or closes, the peer has closed its own
 * - `end`: the host closes; `nothing`: it is over
 */
export type WaitingFor =
  'data' | 'handshake' | 'peer' | 'producer' | 'resume' | 'turn' | 'write' | 'end' | 'nothing'

/** One connection, as it is at the moment. */
export interface ConnectionInfo {
  /** Its number in its reactor; given again after its end. */
  readonly id: number
  /** Null from its end on. */
  readonly protocol: IProtocol | null
  readonly peer: IAddress
  readonly host: IAddress
  readonly state: ConnectionState
  /** Bytes received. */
  readonly bytesIn: number
  /** Bytes handed to the host. */
  readonly bytesOut: number
  /** Bytes written that the host has not taken. */
  readonly buffered: number
  /** When it was made, ms of the reactor's clock. */
  readonly since: number
  readonly waitingFor: WaitingFor
}

/** Who knows its open connections: every reactor with sockets. */
export interface HasConnections {
  openTransports(): Iterable<StreamTransport>
}

/**
 * The open connections of a reactor, in the order of their numbers.
 *
 * @throws TypeError for what is no reactor with connections
 * @example
 * for (const { id, peer, buffered, waitingFor } of connections(reactor)) console.log(id, peer, buffered, waitingFor)
 */
export function connections(reactor: HasConnections): Iterable<ConnectionInfo> {
  if (typeof (reactor as Partial<HasConnections> | null | undefined)?.openTransports !== 'function') {
    throw new TypeError('connections() takes a reactor that has connections')
  }
  return Array.from(reactor.openTransports(), (transport) => infoOf(connectionOf(transport)))
}

function infoOf(c: StreamConnection): ConnectionInfo {
  const { id, transport, bytesIn, bytesOut, buffered, since } = c
  return {
    id, protocol: protocolOf(c), peer: transport.getPeer(), host: transport.getHost(), state: stateOf(c),
    bytesIn, bytesOut, buffered, since, waitingFor: waitingFor(c),
  }
}

function stateOf({ state }: StreamConnection): ConnectionState {
  if ((state & LOST) !== 0) return 'lost'
  if ((state & CLOSING) !== 0) return 'closing'
  if ((state & CHANGING) !== 0) return 'securing'
  if ((state & DISCONNECTING) !== 0) return 'disconnecting'
  if ((state & READ_ENDED) !== 0) return 'read-closed'
  return (state & WRITE_ENDED) !== 0 ? 'write-closed' : 'open'
}

function waitingFor({ state, buffered, inFlight }: StreamConnection): WaitingFor {
  if ((state & LOST) !== 0) return 'nothing'
  if ((state & CLOSING) !== 0) return 'end'
  if (inFlight > 0) return 'peer'
  if ((state & CHANGING) !== 0) return 'handshake'
  if ((state & DISCONNECTING) !== 0) return (state & PRODUCER) !== 0 && buffered === 0 ? 'producer' : 'turn'
  if ((state & PAUSED) !== 0) return 'resume'
  if ((state & (RESTING | RELEASING)) !== 0) return 'turn'
  return (state & READ_ENDED) !== 0 ? 'write' : 'data'
}
