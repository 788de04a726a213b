/**
 * The ways a stream connection ends, and that each is told once.
 *
 * Owns: closing, aborting, failing, and the one `connectionLost`. Must not know: hosts.
 * Source: twisted.internet.tcp.Connection; SEMANTICS N01, N04, N05, N17.
 */

import { Failure } from '../defer/index.js'
import { ConnectionAborted } from '../errors/index.js'
import type { IDrainingProtocol } from '../interfaces/protocol.js'
import type { StreamConnection } from './stream-connection.js'
import {
  CHANGING, CLOSE, CLOSING, DISCONNECTING, END_WRITING, GONE, LOST, PRODUCER, TODO,
} from './stream-state.js'
import { flushLater, isDeaf, sendAll } from './stream-writing.js'
import { isWhole } from './write-buffer.js'

/** Closes once what was written is out. */
export function lose(c: StreamConnection): void {
  if ((c.state & (GONE | DISCONNECTING)) !== 0) return
  c.state |= DISCONNECTING | CLOSE
  if (c.inFlight === 0) flushLater(c)
}

export function loseWrite(c: StreamConnection): void {
  if (isDeaf(c) || (c.state & END_WRITING) !== 0) return
  c.state |= END_WRITING
  if (c.inFlight === 0) flushLater(c)
}

/** Closes at once, unless the end is decided already. */
export function abort(c: StreamConnection, reason: Error = new ConnectionAborted()): void {
  if ((c.state & LOST) !== 0 || c.reason !== null) return
  c.state |= DISCONNECTING | CLOSING
  drop(c)
  c.channel.reset()
  endLater(c, new Failure(reason))
}

/** The port waits for the end: a protocol that can bring it about is told. */
export function tellDraining(c: StreamConnection): void {
  const protocol = c.protocol as Partial<IDrainingProtocol> | null
  if ((c.state & (GONE | DISCONNECTING)) !== 0 || typeof protocol?.draining !== 'function') return
  c.reactor.enter()
  try {
    c.run(() => protocol.draining?.())
  } catch (error) {
    fail(c, 'draining failed', error)
  }
  c.reactor.exit()
}

/** Everything is with the host: end the stream. `closed` follows. */
export function close(c: StreamConnection): void {
  c.state |= DISCONNECTING | CLOSING
  c.channel.close(true)
}

/** A callback of the protocol or its producer threw: that is the reason of the end. */
export function fail(c: StreamConnection, message: string, error: unknown): void {
  c.reactor.logFailure(message, error)
  if ((c.state & LOST) !== 0 || c.reason !== null) return
  const reason = new Failure(error)
  if ((c.state & GONE) === 0) {
    // What was written before the error goes out if the host takes it now, but nothing waits for it.
    const { first, rest } = c
    if (c.inFlight === 0 && first !== null && (c.state & CHANGING) === 0 && isWhole(first, rest, c.buffered)) {
      c.bytesOut += c.buffered
      if (rest === null) c.channel.send(first)
      else sendAll(c, rest)
    }
    drop(c)
    close(c)
  }
  endLater(c, reason)
}

/** The end: tells everybody who has to do with the connection, once. */
export function end(c: StreamConnection): void {
  if ((c.state & LOST) !== 0) return
  const reason = c.reason as Failure
  const { protocol, extras } = c
  c.state |= LOST | DISCONNECTING
  drop(c)
  stopProducer(c)
  try {
    protocol?.connectionLost(reason)
  } catch (error) {
    c.reactor.logFailure('connectionLost failed', error)
  }
  c.protocol = null
  c.reactor.removeTransport(c.transport)
  if (extras !== null) {
    const { drainers } = extras
    extras.drainers = []
    extras.held = []
    extras.room = null
    extras.lender = null
    extras.upgrade = null
    extras.writer?.lost(reason)
    for (const deferred of drainers) if (!deferred.called) deferred.errback(reason)
  }
  c.owner?.connectionEnded(c.transport, reason)
}

export function stopProducer(c: StreamConnection): void {
  const slot = c.extras?.producer ?? null
  if (slot === null || c.extras === null) return
  c.extras.producer = null
  c.state &= ~PRODUCER
  try {
    slot.producer.stopProducing()
  } catch (error) {
    c.reactor.logFailure('stopProducing failed', error)
  }
}

function drop(c: StreamConnection): void {
  c.first = null
  c.rest = null
  c.buffered = 0
  c.inFlight = 0
  c.state &= ~TODO
}

function endLater(c: StreamConnection, reason: Failure): void {
  c.reason = reason
  c.later(() => end(c))
}
