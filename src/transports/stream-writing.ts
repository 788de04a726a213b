/**
 * Writing to a stream connection: what waits, who is held back by it, and handing it over.
 *
 * Owns: the queue of a turn's output, write limits, producers and `drain`. Must not know: hosts.
 * Source: twisted.internet.abstract.FileDescriptor; SEMANTICS N01, N03, N15 to N18.
 */

import { Deferred, fail as failed, succeed } from '../defer/index.js'
import { ConnectionLost } from '../errors/index.js'
import type { IPullProducer, IPushProducer } from '../interfaces/producer.js'
import type { WriteLimits } from '../interfaces/transport.js'
import { ProducerAlreadyRegistered, WriteLimitExceeded } from './errors.js'
import { checkProducer, ProducerSlot } from './producer-slot.js'
import type { StreamConnection } from './stream-connection.js'
import { abort, close, fail } from './stream-ending.js'
import {
  CLOSE, DEFAULT_LIMITS, DIRTY, END_WRITING, GONE, LOST, PRODUCER, TODO, WAITERS, WRITE_ENDED,
} from './stream-state.js'
import { isWhole, joinPieces } from './write-buffer.js'

/** True when writes go nowhere. A producer that is registered may go on after `loseConnection`. */
export function isDeaf({ state }: StreamConnection): boolean {
  return (state & (GONE | WRITE_ENDED)) !== 0 || ((state & (CLOSE | END_WRITING)) !== 0 && (state & PRODUCER) === 0)
}

export function write(c: StreamConnection, data: Uint8Array | string): void {
  const bytes = typeof data === 'string' ? c.reactor.host.encode(data) : data
  if (!(bytes instanceof Uint8Array)) throw new TypeError('write() takes a Uint8Array or a string')
  const length = bytes.length
  if (length === 0 || isDeaf(c)) return
  const { extras } = c
  if (extras !== null && c.buffered + length > extras.limits.max) throw new WriteLimitExceeded()
  c.buffered += length
  if (c.first === null) c.first = bytes
  else if (c.rest === null) c.rest = [c.first, bytes]
  else c.rest.push(bytes)
  if (c.inFlight === 0) flushLater(c)
  if (extras !== null && extras.producer !== null && c.buffered > extras.limits.high) extras.producer.full()
}

export function writeSequence(c: StreamConnection, list: Iterable<Uint8Array | string>): void {
  const pieces: Uint8Array[] = []
  // All or nothing: half a message is worse than none.
  for (const piece of list) {
    const bytes = typeof piece === 'string' ? c.reactor.host.encode(piece) : piece
    if (!(bytes instanceof Uint8Array)) throw new TypeError('writeSequence() takes Uint8Arrays and strings')
    pieces.push(bytes)
  }
  const max = c.extras?.limits.max ?? Infinity
  if (max !== Infinity && !isDeaf(c)) {
    let total = c.buffered
    for (const piece of pieces) total += piece.length
    if (total > max) throw new WriteLimitExceeded()
  }
  for (const piece of pieces) write(c, piece)
}

export function setWriteLimits(c: StreamConnection, limits: WriteLimits): void {
  const extras = c.rare()
  const { high = extras.limits.high, low = Math.min(extras.limits.low, high), max = extras.limits.max } = limits
  if (!(low >= 0 && low <= high && high <= max)) {
    throw new RangeError(`write limits must be 0 <= low <= high <= max, not ${low}, ${high}, ${max}`)
  }
  extras.limits = { high, low, max }
  if (c.buffered > high) extras.producer?.full()
  relieve(c)
}

export function drain(c: StreamConnection): Deferred<void> {
  if ((c.state & LOST) !== 0) return failed(c.reason ?? new ConnectionLost()) as unknown as Deferred<void>
  const { limits } = c.extras ?? { limits: DEFAULT_LIMITS }
  if ((c.state & GONE) !== 0 || c.buffered <= limits.high) return succeed(undefined) as Deferred<void>
  const extras = c.rare()
  const deferred = new Deferred<void>((cancelled) => {
    extras.drainers = extras.drainers.filter((other) => other !== cancelled)
  })
  extras.drainers.push(deferred)
  c.state |= WAITERS
  return deferred
}

export function registerProducer(
  c: StreamConnection, producer: IPushProducer | IPullProducer, streaming: boolean): void {
  checkProducer(producer, streaming)
  const extras = c.rare()
  if (extras.producer !== null) throw new ProducerAlreadyRegistered()
  if (isDeaf(c)) {
    producer.stopProducing()
    return
  }
  const slot = new ProducerSlot(producer, streaming)
  extras.producer = slot
  c.state |= PRODUCER
  if (!streaming) producer.resumeProducing()
  else if (c.buffered > extras.limits.high) slot.full()
}

export function unregisterProducer(c: StreamConnection): void {
  if (c.extras === null || c.extras.producer === null) return
  c.extras.producer = null
  c.state &= ~PRODUCER
  if ((c.state & TODO) !== 0 && c.inFlight === 0) flushLater(c)
}

/** Has `flush` called when the turn ends. */
export function flushLater(c: StreamConnection): void {
  if ((c.state & DIRTY) !== 0) return
  c.state |= DIRTY
  c.reactor.flushLater(c)
}

/** Gives what waits to the host. @returns whether the host took all of it, now */
export function handOver(c: StreamConnection): boolean {
  const first = c.first as Uint8Array
  const { rest, buffered } = c
  if (!isWhole(first, rest, buffered)) {
    const error = new TypeError('an array that was written was transferred or resized before it could be sent')
    c.reactor.logFailure('A write failed', error)
    abort(c, error)
    return false
  }
  c.first = null
  c.rest = null
  c.bytesOut += buffered
  if (!(rest === null ? c.channel.send(first) : sendAll(c, rest))) {
    c.inFlight = buffered
    return false
  }
  c.buffered = 0
  return true
}

export function sendAll(c: StreamConnection, pieces: Uint8Array[]): boolean {
  const joined = joinPieces(pieces, c.reactor.host.allocate)
  return joined.length === 1 ? c.channel.send(joined[0]) : c.channel.sendList(joined)
}

/** The host has taken what it was given: what was waiting for that? */
export function drained(c: StreamConnection): void {
  relieve(c)
  if (c.buffered !== 0 || (c.state & PRODUCER) !== 0) return
  if ((c.state & CLOSE) !== 0) {
    close(c)
  } else if ((c.state & END_WRITING) !== 0) {
    c.state = (c.state & ~END_WRITING) | WRITE_ENDED
    c.channel.finish()
  }
}

/** Tells whoever is held back that there is room, in a later turn, so that nobody writes without end in this one. */
function relieve(c: StreamConnection): void {
  const { extras } = c
  if (extras === null || c.buffered > extras.limits.low) return
  const slot = extras.producer
  if (slot !== null && (slot.streaming || c.buffered === 0) && slot.takeResume()) {
    c.later(() => resumeProducer(c, slot))
  }
  if ((c.state & WAITERS) === 0) return
  const { drainers, writer } = extras
  const tells = writer !== null && writer.waiting && c.buffered === 0
  if (tells) writer.waiting = false
  if (writer === null || !writer.waiting) c.state &= ~WAITERS
  if (drainers.length === 0 && !tells) return
  extras.drainers = []
  c.later(() => {
    for (const deferred of drainers) if (!deferred.called) deferred.callback(undefined)
    if (tells) writer.taken()
  })
}

function resumeProducer(c: StreamConnection, slot: ProducerSlot): void {
  const { extras } = c
  if ((c.state & GONE) !== 0 || extras === null || extras.producer !== slot) return
  try {
    slot.resume(slot.streaming ? c.buffered <= extras.limits.low : c.buffered === 0)
  } catch (error) {
    fail(c, 'resumeProducing failed', error)
  }
}
