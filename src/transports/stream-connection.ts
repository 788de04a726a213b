/**
 * StreamConnection: one stream connection between a host's channel and a protocol; what a StreamTransport hides.
 *
 * Owns: the fields of a connection, its start, and what the channel tells it. Writing, reading and ending are in
 * files of their own, as functions on this class. Must not know: hosts, and what the bytes mean. It reaches the
 * reactor, so nothing that a protocol can reach may refer to it: a transport keeps it in a private field.
 * Source: twisted.internet.tcp.Connection and abstract.FileDescriptor; SEMANTICS N01 to N05 and N13 to N19.
 *
 *              loseConnection, peer's end,        channel closed, or
 *              a callback threw                   in a later turn
 *   open ─────────────────────────────▶ CLOSING ─────────────────────▶ LOST
 *     └── abortConnection: reset, and in a later turn ────────────────▶
 *
 * While open with DISCONNECTING set, what was written before still goes out; CLOSING begins when the host
 * has all of it. Output of a turn is kept and handed over in one piece when the turn ends (`flush`); while the
 * host has not taken that (`sent` is to come), further output waits here, where it can still be dropped.
 */

import type { Failure } from '../defer/index.js'
import { Failure as MadeFailure } from '../defer/index.js'
import { WhorlError } from '../errors/index.js'
import type { IAddress } from '../interfaces/address.js'
import type { IBufferedProtocol, IHalfCloseableProtocol, IProtocol, IReadTarget } from '../interfaces/protocol.js'
import type { StreamChannel, StreamSink } from '../interfaces/stream-channel.js'
import type { SecureChannel } from '../interfaces/tls-host.js'
import type { TLSSession } from '../interfaces/tls.js'
import type { Carrier } from './carrier.js'
import { connectionDone, connectionLostError } from './host-errors.js'
import { READ_BUDGET } from './limits.js'
import { close, end, fail } from './stream-ending.js'
import { checkRoom, deliver, endReading, takeRest } from './stream-reading.js'
import type { StreamReactor } from './stream-reactor.js'
import {
  CARRIES, CHANGING, DIRTY, END_HELD, Extras, GONE, LENDS, LOST, OPENED, PAUSED, READ_ENDED, RELEASING, SECURING,
  STARTED, TLS_BEGUN, TODO, UPGRADING,
} from './stream-state.js'
import type { StreamTransport } from './stream-transport.js'
import { drained, flushLater, handOver } from './stream-writing.js'
import { continueUpgrade, secured } from './tls-upgrade.js'

/** Whose connection it is: a port or a connector. @internal */
export interface ConnectionOwner {
  /** The context to run the connection's callbacks in; null or absent for none. */
  readonly carry?: Carrier | null
  /** What was asked for, when this side connected. */
  getDestination?(): IAddress
  /** After the protocol's own `connectionLost`. */
  connectionEnded(transport: StreamTransport, reason: Failure): void
}

/** One connection, from inside. @internal */
export class StreamConnection implements StreamSink {
  readonly transport: StreamTransport
  readonly reactor: StreamReactor
  readonly owner: ConnectionOwner | null
  readonly id: number
  /** When it was made, in whole ms of the reactor's clock. */
  readonly since: number
  channel: StreamChannel
  protocol: IProtocol | null = null
  state = 0
  bytesIn = 0
  bytesOut = 0
  first: Uint8Array | null = null
  rest: Uint8Array[] | null = null
  buffered = 0
  inFlight = 0
  sinceRest = 0
  extras: Extras | null = null

  constructor(
    transport: StreamTransport, reactor: StreamReactor, channel: StreamChannel, owner: ConnectionOwner | null) {
    this.transport = transport
    this.reactor = reactor
    this.owner = owner
    this.channel = channel
    this.since = Math.floor(reactor.now())
    if (owner !== null && typeof owner.carry === 'function') this.state = CARRIES
    this.id = reactor.addTransport(transport)
  }

  /** Why it ends; null while nothing is decided. */
  get reason(): Failure | null {
    return this.extras === null ? null : this.extras.reason
  }

  set reason(reason: Failure | null) {
    this.rare().reason = reason
  }

  /** Connects the protocol; called once. */
  start(protocol: IProtocol): void {
    if ((this.state & STARTED) !== 0) throw new TypeError('this transport has its protocol already')
    this.state |= STARTED
    this.adopt(protocol)
    this.reactor.enter()
    const session = (this.channel as Partial<SecureChannel>).session ?? null
    if (session !== null) this.state |= TLS_BEGUN
    try {
      this.run(() => protocol.makeConnection(this.transport))
    } catch (error) {
      fail(this, 'connectionMade failed', error)
    }
    if ((this.state & GONE) === 0) {
      this.state |= OPENED
      this.channel.open(this)
      if ((this.state & (PAUSED | CHANGING)) !== 0) this.channel.pause()
      if ((this.state & UPGRADING) !== 0) continueUpgrade(this)
      if (session !== null) this.tellHandshake()
    }
    this.reactor.exit()
  }

  /** From now on bytes and the end go to `protocol`. */
  adopt(protocol: IProtocol): void {
    this.protocol = protocol
    if (this.extras !== null) this.extras.target = null
    if (typeof (protocol as Partial<IBufferedProtocol>).getBuffer === 'function') this.state |= LENDS
    else this.state &= ~LENDS
  }

  /**
   * From now on bytes are read into what `target` gives; with null they go to `dataReceived` again. Asked for by a
   * protocol that knows for a while where they belong.
   * @returns false where the bytes of that protocol are not those of this connection
   */
  readInto(protocol: IProtocol, target: IReadTarget | null): boolean {
    if (this.protocol !== protocol) return false
    if (target === null) {
      this.state &= ~LENDS
      if (this.extras !== null) this.extras.target = null
    } else {
      this.state |= LENDS
      this.rare().target = target
    }
    return true
  }

  /** Whoever says where bytes are read to; asked where something is lent. */
  get target(): IReadTarget {
    return this.extras?.target ?? this.protocol as IBufferedProtocol
  }

  /** Calls what is not ours, in the context that this connection carries. */
  run(fn: () => void): void {
    if ((this.state & CARRIES) === 0) fn()
    else (this.owner as { carry: Carrier }).carry(fn)
  }

  /** Calls in a later turn, in the context that this connection carries. */
  later(fn: () => void): void {
    const call = (this.state & CARRIES) === 0 ? fn : (): void => (this.owner as { carry: Carrier }).carry(fn)
    this.reactor.queue.post(call, 1, this.id)
  }

  rare(): Extras {
    return this.extras ??= new Extras()
  }

  tellHandshake(): void {
    const protocol = this.protocol as { handshakeCompleted?: () => void } | null
    if (protocol === null || typeof protocol.handshakeCompleted !== 'function') return
    try {
      this.run(() => protocol.handshakeCompleted?.())
    } catch (error) {
      fail(this, 'handshakeCompleted failed', error)
    }
  }

  // --- from the reactor

  /** Hands over what the turn has left here. */
  flush(): void {
    this.state &= ~DIRTY
    if ((this.state & (GONE | CHANGING)) !== 0) {
      if ((this.state & (GONE | UPGRADING)) === 0 && this.buffered === 0 && (this.state & TODO) !== 0) drained(this)
      return
    }
    if (this.inFlight !== 0) return
    if (this.first !== null && !handOver(this)) return
    if ((this.state & TODO) !== 0) drained(this)
  }

  // --- from the channel

  get lendsBuffers(): boolean {
    return (this.state & LENDS) !== 0
  }

  received(chunk: Uint8Array): void {
    if ((this.state & (GONE | READ_ENDED | PAUSED | RELEASING | UPGRADING)) !== 0) {
      if ((this.state & (GONE | READ_ENDED)) === 0) this.rare().held.push(chunk)
      return
    }
    const { reactor } = this
    reactor.enter()
    deliver(this, chunk)
    reactor.exit()
  }

  borrow(hint: number): Uint8Array | null {
    // What is held back is to be handed over first, into arrays that are asked for then.
    if ((this.state & (GONE | READ_ENDED | PAUSED | RELEASING | UPGRADING)) !== 0) return null
    const extras = this.rare()
    if ((this.state & LENDS) === 0) {
      extras.lender = null
      return extras.room = this.reactor.host.allocate(hint)
    }
    const lender = extras.lender = this.target
    this.reactor.enter()
    let room: Uint8Array | null = null
    try {
      this.run(() => {
        room = lender.getBuffer(hint)
      })
      room = checkRoom(room)
    } catch (error) {
      room = null
      fail(this, 'getBuffer failed', error)
    }
    extras.room = room
    this.reactor.exit()
    return room
  }

  filled(length: number): void {
    if ((this.state & (GONE | READ_ENDED)) !== 0) return
    const { extras } = this
    if ((this.state & LENDS) === 0 || (this.state & (PAUSED | RELEASING | UPGRADING)) !== 0
      || extras?.lender !== this.target) {
      // It waits, or the protocol has changed since: what was read belongs to the one of now.
      const room = extras?.room ?? null
      if (room !== null) this.received(room.slice(0, length))
      return
    }
    this.reactor.enter()
    this.bytesIn += length
    try {
      this.run(() => this.target.bufferUpdated(length))
    } catch (error) {
      fail(this, 'bufferUpdated failed', error)
    }
    if ((this.sinceRest += length) >= READ_BUDGET) takeRest(this)
    this.reactor.exit()
  }

  receivedEnd(): void {
    if ((this.state & (GONE | READ_ENDED)) !== 0) return
    if ((this.state & (PAUSED | RELEASING | UPGRADING)) !== 0) {
      this.state |= END_HELD
      return
    }
    this.reactor.enter()
    endReading(this)
    this.reactor.exit()
  }

  sent(): void {
    if ((this.state & GONE) !== 0 || this.inFlight === 0) return
    this.reactor.enter()
    this.buffered -= this.inFlight
    this.inFlight = 0
    if ((this.state & UPGRADING) !== 0) {
      continueUpgrade(this)
    } else {
      if (this.first !== null) flushLater(this)
      if ((this.state & TODO) !== 0) drained(this)
    }
    this.reactor.exit()
  }

  finished(): void {
    if ((this.state & GONE) !== 0) return
    this.reactor.enter()
    this.extras?.writer?.finished()
    const protocol = this.protocol as Partial<IHalfCloseableProtocol>
    if (typeof protocol.writeConnectionLost === 'function') {
      try {
        this.run(() => protocol.writeConnectionLost?.())
      } catch (error) {
        fail(this, 'writeConnectionLost failed', error)
      }
    }
    if ((this.state & GONE) === 0 && (this.state & READ_ENDED) !== 0) close(this)
    this.reactor.exit()
  }

  secured(_session: TLSSession): void {
    if ((this.state & GONE) !== 0 || (this.state & SECURING) === 0) return
    this.reactor.enter()
    secured(this)
    this.reactor.exit()
  }

  closed(error: unknown): void {
    // With a reason set, the end is decided and already on its way.
    if ((this.state & LOST) !== 0 || this.reason !== null) return
    this.reason = new MadeFailure(reasonOf(error))
    this.reactor.enter()
    this.run(() => end(this))
    this.reactor.exit()
  }
}

function reasonOf(error: unknown): Error {
  if (error === null || error === undefined) return connectionDone()
  return error instanceof WhorlError ? error : connectionLostError(error)
}
