/**
 * StreamTransport: everything that stream connections have in common, above a host's channel.
 *
 * Owns: when bytes are handed over, producers, pausing, half-close, and the one `connectionLost`. Must not
 * know: hosts, and what the bytes mean. Source: twisted.internet.tcp.Connection and abstract.FileDescriptor;
 * SEMANTICS N01 to N05 and N13 to N19.
 *
 *              loseConnection, peer's end,        channel closed, or
 *              a callback threw                   in a later turn
 *   OPEN ─────────────────────────────▶ CLOSING ─────────────────────▶ LOST
 *     └── abortConnection: reset, and in a later turn ────────────────▶
 *
 * While OPEN with `disconnecting` set, what was written before still goes out; CLOSING begins when the host
 * has all of it. Output of a turn is kept and handed over in one piece when the turn ends (`flush`); while the
 * host has not taken that (`sent` is to come), further output waits here, where it can still be dropped.
 */

import { Deferred, fail, Failure, succeed } from '../defer/index.js'
import { ConnectionAborted, ConnectionDone, ConnectionLost } from '../errors/index.js'
import type { IAddress } from '../interfaces/address.js'
import type { IPullProducer, IPushProducer } from '../interfaces/producer.js'
import type { IBufferedProtocol, IHalfCloseableProtocol, IProtocol } from '../interfaces/protocol.js'
import type { StreamChannel, StreamSink } from '../interfaces/stream-channel.js'
import type { ITCPTransport, WriteLimits } from '../interfaces/transport.js'
import { ProducerAlreadyRegistered, WriteLimitExceeded } from './errors.js'
import { connectionLostError } from './host-errors.js'
import { READ_BUDGET } from './limits.js'
import { checkProducer, ProducerSlot } from './producer-slot.js'
import type { StreamReactor } from './stream-reactor.js'
import {
  CLOSE, CLOSING, DEFAULT_LIMITS, DIRTY, DRAINERS, END_HELD, END_WRITING, Extras, KEEP_ALIVE, LENDS, LOST, NO_DELAY,
  OPEN, OPENED, PAUSED, PRODUCER, READ_ENDED, RELEASING, RESTING, WRITE_ENDED,
} from './stream-state.js'
import { isWhole, joinPieces } from './write-buffer.js'

/** Whose connection it is: a port or a connector. @internal */
export interface ConnectionOwner {
  /** After the protocol's own `connectionLost`. */
  connectionEnded(transport: StreamTransport, reason: Failure): void
}

/** One connection. */
export class StreamTransport implements ITCPTransport, StreamSink {
  /** This connection's number in its reactor, from 1; given again after the end. */
  readonly id: number
  /** True from `loseConnection`, `abortConnection` or the peer's close on. */
  disconnecting = false
  /** Bytes received so far. */
  bytesIn = 0
  /** Bytes handed to the host so far. */
  bytesOut = 0

  #reactor: StreamReactor
  #channel: StreamChannel
  #owner: ConnectionOwner | null
  #protocol: IProtocol | null = null
  #phase = OPEN
  #todo = 0
  #flags = 0
  #first: Uint8Array | null = null
  #rest: Uint8Array[] | null = null
  #buffered = 0
  #inFlight = 0
  #sinceRest = 0
  #reason: Failure | null = null
  #extras: Extras | null = null

  /** @internal Made by ports and connectors. */
  constructor(reactor: StreamReactor, channel: StreamChannel, owner: ConnectionOwner | null) {
    this.#reactor = reactor
    this.#channel = channel
    this.#owner = owner
    this.id = reactor.addTransport(this)
  }

  /** Connects the protocol; called once. @internal */
  start(protocol: IProtocol): void {
    this.#protocol = protocol
    if (typeof (protocol as Partial<IBufferedProtocol>).getBuffer === 'function') this.#flags |= LENDS
    this.#reactor.enter()
    try {
      protocol.makeConnection(this)
    } catch (error) {
      this.#fail('connectionMade failed', error)
    }
    if (this.#phase === OPEN) {
      this.#flags |= OPENED
      this.#channel.open(this)
      if ((this.#flags & PAUSED) !== 0) this.#channel.pause()
    }
    this.#reactor.exit()
  }

  /** Whose connection this is. @internal */
  get owner(): ConnectionOwner | null {
    return this.#owner
  }

  /** What the bytes go to; null after the end. */
  get protocol(): IProtocol | null {
    return this.#protocol
  }

  /** False once `connectionLost` has been called. */
  get connected(): boolean {
    return this.#phase !== LOST
  }

  // --- writing

  write(data: Uint8Array | string): void {
    const bytes = typeof data === 'string' ? this.#reactor.host.encode(data) : data
    if (!(bytes instanceof Uint8Array)) throw new TypeError('write() takes a Uint8Array or a string')
    const length = bytes.length
    if (length === 0 || this.#isDeaf()) return
    const extras = this.#extras
    if (extras !== null && this.#buffered + length > extras.limits.max) throw new WriteLimitExceeded()
    this.#buffered += length
    if (this.#first === null) this.#first = bytes
    else if (this.#rest === null) this.#rest = [this.#first, bytes]
    else this.#rest.push(bytes)
    if (this.#inFlight === 0) this.#flushLater()
    if (extras !== null && extras.producer !== null && this.#buffered > extras.limits.high) extras.producer.full()
  }

  writeSequence(list: Iterable<Uint8Array | string>): void {
    const pieces: Uint8Array[] = []
    // All or nothing: half a message is worse than none.
    for (const piece of list) {
      const bytes = typeof piece === 'string' ? this.#reactor.host.encode(piece) : piece
      if (!(bytes instanceof Uint8Array)) throw new TypeError('writeSequence() takes Uint8Arrays and strings')
      pieces.push(bytes)
    }
    const max = this.#extras?.limits.max ?? Infinity
    if (max !== Infinity && !this.#isDeaf()) {
      let total = this.#buffered
      for (const piece of pieces) total += piece.length
      if (total > max) throw new WriteLimitExceeded()
    }
    for (const piece of pieces) this.write(piece)
  }

  get writableLength(): number {
    return this.#buffered
  }

  setWriteLimits(limits: WriteLimits): void {
    const extras = this.#rare()
    const { high = extras.limits.high, low = Math.min(extras.limits.low, high), max = extras.limits.max } = limits
    if (!(low >= 0 && low <= high && high <= max)) {
      throw new RangeError(`write limits must be 0 <= low <= high <= max, not ${low}, ${high}, ${max}`)
    }
    extras.limits = { high, low, max }
    if (this.#buffered > high) extras.producer?.full()
    this.#relieve()
  }

  drain(): Deferred<void> {
    if (this.#phase === LOST) return fail(this.#reason ?? new ConnectionLost()) as unknown as Deferred<void>
    const { limits } = this.#extras ?? { limits: DEFAULT_LIMITS }
    if (this.#phase !== OPEN || this.#buffered <= limits.high) return succeed(undefined) as Deferred<void>
    const extras = this.#rare()
    const deferred = new Deferred<void>((cancelled) => {
      extras.drainers = extras.drainers.filter((other) => other !== cancelled)
    })
    extras.drainers.push(deferred)
    this.#todo |= DRAINERS
    return deferred
  }

  registerProducer(producer: IPushProducer | IPullProducer, streaming: boolean): void {
    checkProducer(producer, streaming)
    const extras = this.#rare()
    if (extras.producer !== null) throw new ProducerAlreadyRegistered()
    if (this.#isDeaf()) {
      producer.stopProducing()
      return
    }
    const slot = new ProducerSlot(producer, streaming)
    extras.producer = slot
    this.#todo |= PRODUCER
    if (!streaming) producer.resumeProducing()
    else if (this.#buffered > extras.limits.high) slot.full()
  }

  unregisterProducer(): void {
    if (this.#extras === null || this.#extras.producer === null) return
    this.#extras.producer = null
    this.#todo &= ~PRODUCER
    if (this.#todo !== 0 && this.#inFlight === 0) this.#flushLater()
  }

  /** Hands over what the turn has left here. @internal */
  flush(): void {
    this.#flags &= ~DIRTY
    if (this.#phase !== OPEN || this.#inFlight !== 0) return
    const first = this.#first
    if (first !== null) {
      const rest = this.#rest
      const length = this.#buffered
      if (!isWhole(first, rest, length)) {
        const error = new TypeError('an array that was written was transferred or resized before it could be sent')
        this.#reactor.logFailure('A write failed', error)
        this.#abort(error)
        return
      }
      this.#first = null
      this.#rest = null
      this.bytesOut += length
      if (!(rest === null ? this.#channel.send(first) : this.#sendAll(rest))) {
        this.#inFlight = length
        return
      }
      this.#buffered = 0
    }
    if (this.#todo !== 0) this.#drained()
  }

  // --- closing

  loseConnection(): void {
    if (this.#phase !== OPEN || this.disconnecting) return
    this.disconnecting = true
    this.#todo |= CLOSE
    if (this.#inFlight === 0) this.#flushLater()
  }

  abortConnection(): void {
    if (this.#phase !== LOST && this.#reason === null) this.#abort(new ConnectionAborted())
  }

  loseWriteConnection(): void {
    if (this.#isDeaf() || (this.#todo & END_WRITING) !== 0) return
    this.#todo |= END_WRITING
    if (this.#inFlight === 0) this.#flushLater()
  }

  // --- reading

  pauseProducing(): void {
    if (this.#phase !== OPEN || (this.#flags & PAUSED) !== 0) return
    this.#flags |= PAUSED
    if ((this.#flags & (OPENED | RESTING)) === OPENED) this.#channel.pause()
  }

  resumeProducing(): void {
    if (this.#phase !== OPEN || (this.#flags & PAUSED) === 0) return
    this.#flags &= ~PAUSED
    if ((this.#flags & OPENED) === 0) return
    if ((this.#flags & END_HELD) !== 0 || (this.#extras !== null && this.#extras.held.length > 0)) this.#releaseLater()
    else if ((this.#flags & RESTING) === 0) this.#channel.resume()
  }

  stopProducing(): void {
    this.loseConnection()
  }

  // --- what it is connected to

  getPeer(): IAddress {
    return this.#channel.peer
  }

  getHost(): IAddress {
    return this.#channel.host
  }

  setTcpNoDelay(enabled: boolean): void {
    this.#setFlag(NO_DELAY, enabled)
    if (this.#phase === OPEN) this.#channel.setNoDelay(enabled)
  }

  getTcpNoDelay(): boolean {
    return (this.#flags & NO_DELAY) !== 0
  }

  setTcpKeepAlive(enabled: boolean): void {
    this.#setFlag(KEEP_ALIVE, enabled)
    if (this.#phase === OPEN) this.#channel.setKeepAlive(enabled)
  }

  getTcpKeepAlive(): boolean {
    return (this.#flags & KEEP_ALIVE) !== 0
  }

  // --- from the channel

  /** @internal */
  get lendsBuffers(): boolean {
    return (this.#flags & LENDS) !== 0
  }

  /** @internal */
  received(chunk: Uint8Array): void {
    if (this.#phase !== OPEN || (this.#flags & READ_ENDED) !== 0) return
    if ((this.#flags & (PAUSED | RELEASING)) !== 0) {
      this.#rare().held.push(chunk)
      return
    }
    const reactor = this.#reactor
    reactor.enter()
    this.#deliver(chunk)
    reactor.exit()
  }

  /** @internal */
  borrow(hint: number): Uint8Array | null {
    if (this.#phase !== OPEN || (this.#flags & READ_ENDED) !== 0) return null
    this.#reactor.enter()
    let room: Uint8Array | null = null
    try {
      room = (this.#protocol as IBufferedProtocol).getBuffer(hint)
      if (!(room instanceof Uint8Array)) throw new TypeError('getBuffer() returned no Uint8Array')
      if (room.length === 0) throw new RangeError('getBuffer() returned an empty array')
    } catch (error) {
      room = null
      this.#fail('getBuffer failed', error)
    }
    this.#reactor.exit()
    return room
  }

  /** @internal */
  filled(length: number): void {
    if (this.#phase !== OPEN || (this.#flags & READ_ENDED) !== 0) return
    this.#reactor.enter()
    this.bytesIn += length
    try {
      ;(this.#protocol as IBufferedProtocol).bufferUpdated(length)
    } catch (error) {
      this.#fail('bufferUpdated failed', error)
    }
    if ((this.#sinceRest += length) >= READ_BUDGET) this.#takeRest()
    this.#reactor.exit()
  }

  /** @internal */
  receivedEnd(): void {
    if (this.#phase !== OPEN || (this.#flags & READ_ENDED) !== 0) return
    if ((this.#flags & (PAUSED | RELEASING)) !== 0) {
      this.#flags |= END_HELD
      return
    }
    this.#reactor.enter()
    this.#endReading()
    this.#reactor.exit()
  }

  /** @internal */
  sent(): void {
    if (this.#phase !== OPEN || this.#inFlight === 0) return
    this.#reactor.enter()
    this.#buffered -= this.#inFlight
    this.#inFlight = 0
    if (this.#first !== null) this.#flushLater()
    if (this.#todo !== 0) this.#drained()
    this.#reactor.exit()
  }

  /** @internal */
  finished(): void {
    if (this.#phase !== OPEN) return
    this.#reactor.enter()
    const { writeConnectionLost } = this.#protocol as Partial<IHalfCloseableProtocol>
    if (typeof writeConnectionLost === 'function') {
      try {
        writeConnectionLost.call(this.#protocol)
      } catch (error) {
        this.#fail('writeConnectionLost failed', error)
      }
    }
    if (this.#phase === OPEN && (this.#flags & READ_ENDED) !== 0) this.#close()
    this.#reactor.exit()
  }

  /** @internal */
  closed(error: unknown): void {
    // With a reason set, the end is decided and already on its way.
    if (this.#phase === LOST || this.#reason !== null) return
    const reason = error === null || error === undefined ? new ConnectionDone() : connectionLostError(error)
    this.#reason = new Failure(reason)
    this.#reactor.enter()
    this.#end()
    this.#reactor.exit()
  }

  // --- inside

  /** True when writes go nowhere. A producer that is registered may go on after `loseConnection`. */
  #isDeaf(): boolean {
    return this.#phase !== OPEN || (this.#flags & WRITE_ENDED) !== 0 ||
      ((this.#todo & (CLOSE | END_WRITING)) !== 0 && (this.#todo & PRODUCER) === 0)
  }

  #rare(): Extras {
    return this.#extras ??= new Extras()
  }

  #setFlag(flag: number, on: boolean): void {
    if (on) this.#flags |= flag
    else this.#flags &= ~flag
  }

  #flushLater(): void {
    if ((this.#flags & DIRTY) !== 0) return
    this.#flags |= DIRTY
    this.#reactor.flushLater(this)
  }

  #sendAll(pieces: Uint8Array[]): boolean {
    const joined = joinPieces(pieces, this.#reactor.host.allocate)
    return joined.length === 1 ? this.#channel.send(joined[0]) : this.#channel.sendList(joined)
  }

  /** The host has taken what it was given: what was waiting for that? */
  #drained(): void {
    this.#relieve()
    if (this.#buffered !== 0 || (this.#todo & PRODUCER) !== 0) return
    if ((this.#todo & CLOSE) !== 0) {
      this.#close()
    } else if ((this.#todo & END_WRITING) !== 0) {
      this.#todo &= ~END_WRITING
      this.#flags |= WRITE_ENDED
      this.#channel.finish()
    }
  }

  /** Tells whoever is held back that there is room, in a later turn, so that nobody writes without end in this one. */
  #relieve(): void {
    const extras = this.#extras
    if (extras === null || this.#buffered > extras.limits.low) return
    const slot = extras.producer
    if (slot !== null && (slot.streaming || this.#buffered === 0) && slot.takeResume()) {
      this.#reactor.queue.post(() => this.#resumeProducer(slot), 1, this.id)
    }
    if (extras.drainers.length > 0) {
      const drainers = extras.drainers
      extras.drainers = []
      this.#todo &= ~DRAINERS
      this.#reactor.queue.post(() => {
        for (const deferred of drainers) if (!deferred.called) deferred.callback(undefined)
      }, 1, this.id)
    }
  }

  #resumeProducer(slot: ProducerSlot): void {
    const extras = this.#extras
    if (this.#phase !== OPEN || extras === null || extras.producer !== slot) return
    try {
      slot.resume(slot.streaming ? this.#buffered <= extras.limits.low : this.#buffered === 0)
    } catch (error) {
      this.#fail('resumeProducing failed', error)
    }
  }

  #deliver(chunk: Uint8Array): void {
    this.bytesIn += chunk.length
    try {
      (this.#protocol as IProtocol).dataReceived(chunk)
    } catch (error) {
      this.#fail('dataReceived failed', error)
    }
    if ((this.#sinceRest += chunk.length) >= READ_BUDGET) this.#takeRest()
  }

  /** It has had its share: the others first. */
  #takeRest(): void {
    this.#sinceRest = 0
    if (this.#phase !== OPEN || (this.#flags & (RESTING | READ_ENDED)) !== 0) return
    const paused = (this.#flags & PAUSED) !== 0
    this.#flags |= RESTING
    if (!paused) this.#channel.pause()
    this.#reactor.queue.post(() => {
      this.#flags &= ~RESTING
      if (this.#phase === OPEN && (this.#flags & (PAUSED | RELEASING)) === 0) this.#channel.resume()
    }, 1, this.id)
  }

  /** After a pause, what came during it comes first; in a later turn, because `resumeProducing` must not nest. */
  #releaseLater(): void {
    if ((this.#flags & RELEASING) !== 0) return
    this.#flags |= RELEASING
    this.#reactor.queue.post(() => {
      this.#flags &= ~RELEASING
      const held = this.#extras?.held ?? []
      while (held.length > 0 && this.#phase === OPEN && (this.#flags & PAUSED) === 0) {
        this.#deliver(held.shift() as Uint8Array)
      }
      if (this.#phase !== OPEN || (this.#flags & PAUSED) !== 0) return
      if ((this.#flags & END_HELD) !== 0) {
        this.#flags &= ~END_HELD
        this.#endReading()
      } else if ((this.#flags & RESTING) === 0) {
        this.#channel.resume()
      }
    }, 1, this.id)
  }

  #endReading(): void {
    this.#flags |= READ_ENDED
    const { readConnectionLost } = this.#protocol as Partial<IHalfCloseableProtocol>
    if (typeof readConnectionLost === 'function') {
      try {
        readConnectionLost.call(this.#protocol)
      } catch (error) {
        this.#fail('readConnectionLost failed', error)
      }
      if (this.#phase === OPEN && (this.#flags & WRITE_ENDED) !== 0) this.#close()
      return
    }
    // Nobody to tell of half a connection: send what is there, then close. A producer would go on for ever.
    this.#stopProducer()
    this.disconnecting = true
    this.#todo |= CLOSE
    if (this.#inFlight === 0) this.#flushLater()
  }

  /** Everything is with the host: end the stream. `closed` follows. */
  #close(): void {
    this.#phase = CLOSING
    this.disconnecting = true
    this.#channel.close(true)
  }

  #abort(reason: Error): void {
    this.disconnecting = true
    this.#phase = CLOSING
    this.#drop()
    this.#channel.reset()
    this.#endLater(new Failure(reason))
  }

  /** A callback of the protocol or its producer threw: that is the reason of the end. */
  #fail(message: string, error: unknown): void {
    this.#reactor.logFailure(message, error)
    if (this.#phase === LOST || this.#reason !== null) return
    const reason = new Failure(error)
    if (this.#phase === OPEN) {
      // What was written before the error goes out if the host takes it now, but nothing waits for it.
      if (this.#inFlight === 0 && this.#first !== null && isWhole(this.#first, this.#rest, this.#buffered)) {
        this.bytesOut += this.#buffered
        if (this.#rest === null) this.#channel.send(this.#first)
        else this.#sendAll(this.#rest)
      }
      this.#drop()
      this.#close()
    }
    this.#endLater(reason)
  }

  #drop(): void {
    this.#first = null
    this.#rest = null
    this.#buffered = 0
    this.#inFlight = 0
    this.#todo = 0
  }

  #endLater(reason: Failure): void {
    this.#reason = reason
    this.#reactor.queue.post(() => this.#end(), 1, this.id)
  }

  #end(): void {
    if (this.#phase === LOST) return
    const reason = this.#reason as Failure
    const protocol = this.#protocol
    this.#phase = LOST
    this.disconnecting = true
    this.#drop()
    this.#stopProducer()
    try {
      protocol?.connectionLost(reason)
    } catch (error) {
      this.#reactor.logFailure('connectionLost failed', error)
    }
    this.#protocol = null
    this.#reactor.removeTransport(this)
    const drainers = this.#extras?.drainers ?? []
    this.#extras = null
    for (const deferred of drainers) if (!deferred.called) deferred.errback(reason)
    this.#owner?.connectionEnded(this, reason)
  }

  #stopProducer(): void {
    const slot = this.#extras?.producer ?? null
    if (slot === null || this.#extras === null) return
    this.#extras.producer = null
    this.#todo &= ~PRODUCER
    try {
      slot.producer.stopProducing()
    } catch (error) {
      this.#reactor.logFailure('stopProducing failed', error)
    }
  }
}
