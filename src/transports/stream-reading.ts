/**
 * Reading from a stream connection: handing out, pausing, the budget, the peer's end, and changing the protocol.
 *
 * Owns: what is held back and when it is released. Must not know: hosts.
 * Source: twisted.internet.tcp.Connection; SEMANTICS N13, N14, N19. Changing the protocol follows what Twisted's users
 * do by assigning `transport.protocol`.
 */

import { ConnectionLost } from '../errors/index.js'
import type { IAddress } from '../interfaces/address.js'
import type { IHalfCloseableProtocol, IProtocol } from '../interfaces/protocol.js'
import { LONE_BUDGET, READ_BUDGET } from './limits.js'
import type { StreamConnection } from './stream-connection.js'
import { close, fail, stopProducer } from './stream-ending.js'
import {
  CARRIES, CHANGING, CLOSE, DISCONNECTING, END_HELD, GONE, LENDS, LOST, OPENED, PAUSED, READ_ENDED, RELEASING, RESTING,
  STARTED, UPGRADING, WRITE_ENDED,
} from './stream-state.js'
import { flushLater } from './stream-writing.js'
import { Unclaimed } from './unclaimed.js'

/** What goes with a change of protocol. */
export interface SwitchOptions {
  /** Bytes that the former protocol has read too far: the new one's first. */
  rest?: Uint8Array
  /** What `getPeer()` says from now on. */
  peer?: IAddress
  /** What `getHost()` says from now on. */
  host?: IAddress
}

/** Nothing is handed out. */
const HOLDS = GONE | PAUSED | RELEASING | UPGRADING

export function deliver(c: StreamConnection, chunk: Uint8Array): void {
  c.bytesIn += chunk.length
  const { isolate } = c.reactor
  hand(c, isolate === undefined ? chunk : isolate(chunk))
  if ((c.sinceRest += chunk.length) >= READ_BUDGET) takeRest(c)
}

function hand(c: StreamConnection, chunk: Uint8Array): void {
  if ((c.state & LENDS) !== 0) {
    handLent(c, chunk)
    return
  }
  try {
    if ((c.state & CARRIES) === 0) (c.protocol as IProtocol).dataReceived(chunk)
    else c.run(() => (c.protocol as IProtocol).dataReceived(chunk))
  } catch (error) {
    fail(c, 'dataReceived failed', error)
  }
}

/** To a protocol with arrays of its own: one after the other, because it may pause, leave or give up in between. */
function handLent(c: StreamConnection, chunk: Uint8Array): void {
  const { target } = c
  let left = chunk
  try {
    while (left.length > 0 && (c.state & (HOLDS | LENDS)) === LENDS && c.target === target) {
      c.run(() => {
        const room = checkRoom(target.getBuffer(left.length))
        const piece = left.length > room.length ? left.subarray(0, room.length) : left
        room.set(piece)
        left = left.subarray(piece.length)
        target.bufferUpdated(piece.length)
      })
    }
  } catch (error) {
    fail(c, 'bufferUpdated failed', error)
  }
  if (left.length === 0 || (c.state & GONE) !== 0) return
  if ((c.state & HOLDS) === 0) hand(c, left)
  else keep(c, left)
}

/** Holds back what comes before everything that is held back already. */
function keep(c: StreamConnection, chunk: Uint8Array): void {
  // Counted again when it is handed over.
  c.bytesIn -= chunk.length
  c.rare().held.unshift(chunk)
}

/** @throws TypeError, RangeError for what cannot be read into */
export function checkRoom(room: unknown): Uint8Array {
  if (!(room instanceof Uint8Array)) throw new TypeError('getBuffer() returned no Uint8Array')
  if (room.length === 0) throw new RangeError('getBuffer() returned an empty array')
  return room
}

export function pause(c: StreamConnection): void {
  if ((c.state & (GONE | PAUSED)) !== 0) return
  c.state |= PAUSED
  if ((c.state & (OPENED | RESTING | CHANGING)) === OPENED) c.channel.pause()
}

export function resume(c: StreamConnection): void {
  if ((c.state & GONE) !== 0 || (c.state & PAUSED) === 0) return
  c.state &= ~PAUSED
  if ((c.state & OPENED) === 0) return
  if ((c.state & END_HELD) !== 0 || (c.extras !== null && c.extras.held.length > 0)) releaseLater(c)
  else if ((c.state & (RESTING | CHANGING)) === 0) c.channel.resume()
}

/** It has had its share: the others first. While there are none it may go on for longer, but not without end. */
export function takeRest(c: StreamConnection): void {
  if (c.sinceRest < LONE_BUDGET && c.reactor.isShared?.() === false) return
  c.sinceRest = 0
  if ((c.state & (GONE | RESTING | READ_ENDED | CHANGING)) !== 0) return
  c.state |= RESTING
  if ((c.state & PAUSED) === 0) c.channel.pause()
  c.later(() => {
    c.state &= ~RESTING
    if ((c.state & (GONE | PAUSED | RELEASING | CHANGING)) === 0) c.channel.resume()
  })
}

/** After a pause, what came during it comes first; in a later turn, because `resumeProducing` must not nest. */
function releaseLater(c: StreamConnection): void {
  if ((c.state & RELEASING) !== 0) return
  c.state |= RELEASING
  c.later(() => {
    c.state &= ~RELEASING
    const held = c.extras?.held ?? []
    while (held.length > 0 && (c.state & (GONE | PAUSED | UPGRADING)) === 0) deliver(c, held.shift() as Uint8Array)
    if ((c.state & (GONE | PAUSED | UPGRADING)) !== 0) return
    if ((c.state & END_HELD) !== 0) {
      c.state &= ~END_HELD
      endReading(c)
    } else if ((c.state & (RESTING | CHANGING)) === 0) {
      c.channel.resume()
    }
  })
}

/** The peer has closed its side. */
export function endReading(c: StreamConnection): void {
  c.state |= READ_ENDED
  const protocol = c.protocol as Partial<IHalfCloseableProtocol>
  if (typeof protocol.readConnectionLost === 'function') {
    try {
      c.run(() => protocol.readConnectionLost?.())
    } catch (error) {
      fail(c, 'readConnectionLost failed', error)
    }
    if ((c.state & GONE) === 0 && (c.state & WRITE_ENDED) !== 0) close(c)
    return
  }
  // Nobody to tell of half a connection: send what is there, then close. A producer would go on for ever.
  stopProducer(c)
  c.state |= DISCONNECTING | CLOSE
  if (c.inFlight === 0) flushLater(c)
}

/** The end that has come before this protocol did; held back as everything else is. */
function tellEnd(c: StreamConnection): void {
  if ((c.state & HOLDS) === 0) endReading(c)
  else c.state = (c.state & ~READ_ENDED) | END_HELD
}

/** See `StreamTransport.switchProtocol`. */
export function switchProtocol(c: StreamConnection, protocol: IProtocol, options: SwitchOptions): void {
  const { rest, peer, host } = options
  if (typeof (protocol as Partial<IProtocol> | null | undefined)?.makeConnection !== 'function') {
    throw new TypeError('switchProtocol() takes a protocol')
  }
  if (rest !== undefined && !(rest instanceof Uint8Array)) throw new TypeError('rest is a Uint8Array')
  if ((c.state & LOST) !== 0 || (c.state & STARTED) === 0) {
    throw new ConnectionLost('There is no connection whose protocol could be changed.')
  }
  if (c.extras !== null && c.extras.reader !== null) throw new TypeError('the bytes of this transport are taken')
  if (peer !== undefined) c.rare().peer = peer
  if (host !== undefined) c.rare().host = host
  c.reactor.enter()
  if (c.protocol instanceof Unclaimed) resume(c)
  c.adopt(protocol)
  try {
    c.run(() => protocol.makeConnection(c.transport))
  } catch (error) {
    fail(c, 'connectionMade failed', error)
  }
  // It may have been changed again, from inside `connectionMade`: then these bytes are for the last.
  if ((c.state & GONE) === 0) {
    if (rest !== undefined && rest.length > 0) {
      if ((c.state & (PAUSED | RELEASING | CHANGING)) !== 0) keep(c, rest)
      else hand(c, rest)
    }
    if ((c.state & (GONE | READ_ENDED)) === READ_ENDED) tellEnd(c)
  }
  c.reactor.exit()
}
