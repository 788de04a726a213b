/**
 * Receiving over a simulated stream: the order of pieces, the buffer of a program that does not read, and the end.
 *
 * Owns: what a program is handed. Must not know: how pieces were lost and sent again. Bytes are handed over in the
 * order they were sent, each once; in which chunks is up to chance.
 */

import type { StreamSink } from '../../../interfaces/index.js'
import { READ_SIZE } from '../../../transports/limits.js'
import { ENDED, LOST } from './link.js'
import { EARLY, Reset, RIDING } from './segment.js'
import type { Segment } from './segment.js'
import {
  BROKEN, CLOSED, DEAD, DISCARDING, EMBRYO, END_RECEIVED, END_TOLD, OPENED, ORDERLY, PAUSED, SPECIAL, WANTS_ANSWERS,
} from './stream-bits.js'
import type { StreamEnd } from './stream-end.js'
import { keepEarly, lostOnTheWay } from './stream-sending.js'

/** A chunk from here on is handed over as it came. */
const BIG = 16_384
/** So many chunks at most are handed over apart. */
const FEW = 8

/** A piece of what `s` has sent is at the other end's host. */
export function arrived(s: StreamEnd, segment: Segment): void {
  const r = s.other
  if ((r.bits & SPECIAL) !== 0 && !isWelcome(s, r, segment)) return
  if (segment !== s.head) {
    keepEarly(segment)
    // What is missing is noticed by its absence.
    if (s.retry !== null) r.sendAnswer()
    return
  }
  const { next } = segment
  s.head = next
  if (next === null) {
    s.tail = null
  } else if (next.state === RIDING || next.state === EARLY) {
    severalArrived(s, r, segment)
    return
  }
  if (segment.isEnd) {
    s.wires.pool.give(segment)
    endArrived(r)
    answer(r)
    tellEnd(r)
    return
  }
  const chunk = segment.chunk()
  s.wires.pool.give(segment)
  r.received += chunk.length
  if ((r.bits & (OPENED | PAUSED | DISCARDING)) === OPENED && r.inbox === null) handOver(r, chunk)
  else keep(r, chunk)
}

/** A piece that others came with, or waited for. */
function severalArrived(s: StreamEnd, r: StreamEnd, first: Segment): void {
  let segment: Segment | null = first
  do {
    const next: Segment | null = segment.next
    if (segment.isEnd) {
      endArrived(r)
    } else {
      const chunk = segment.chunk()
      r.received += chunk.length
      if ((r.bits & DISCARDING) !== 0) discard(r, chunk)
      else if (r.inbox === null) r.inbox = [chunk]
      else r.inbox.push(chunk)
    }
    s.wires.pool.give(segment)
    segment = next
  } while (segment !== null && (segment.state === RIDING || segment.state === EARLY))
  s.head = segment
  if (segment === null) s.tail = null
  answer(r)
  read(r)
}

/** Hands out what has come, as long as the program takes it. */
export function read(r: StreamEnd): void {
  while (r.inbox !== null && (r.bits & (OPENED | PAUSED | CLOSED)) === OPENED) handOver(r, glue(r, r.inbox))
  tellEnd(r)
  if ((r.bits & (BROKEN | OPENED | PAUSED | END_TOLD)) === (BROKEN | OPENED)) r.tellBroken()
}

export function unreadBytes(r: StreamEnd): number {
  let bytes = 0
  if (r.inbox !== null) for (const chunk of r.inbox) bytes += chunk.length
  return bytes
}

/** Tells the sender how far it is, if it waits for that; otherwise it may know at once. */
export function answer(r: StreamEnd): void {
  const s = r.other
  if (r.out.trouble !== 0 || (s.bits & WANTS_ANSWERS) !== 0) {
    r.sendAnswer()
    return
  }
  s.answered = r.received
  s.readThere = r.consumed
  if ((r.bits & END_RECEIVED) !== 0 && (s.bits & DEAD) === 0) s.endAnswered()
}

function handOver(r: StreamEnd, chunk: Uint8Array): void {
  const { length } = chunk
  r.wires.world.trace.delivered(r.id, r.side === 0 ? 1 : 0, r.consumed, length)
  r.consumed += length
  answer(r)
  const sink = r.sink as StreamSink
  if (sink.lendsBuffers) lend(sink, chunk)
  else sink.received(chunk)
}

export function lend(sink: StreamSink, chunk: Uint8Array): void {
  let rest = chunk
  while (rest.length > 0) {
    const room = sink.borrow(READ_SIZE)
    if (room === null) {
      sink.received(rest)
      return
    }
    const piece = rest.length > room.length ? rest.subarray(0, room.length) : rest
    room.set(piece)
    rest = rest.subarray(piece.length)
    sink.filled(piece.length)
  }
}

/** The program does not read now. */
function keep(r: StreamEnd, chunk: Uint8Array): void {
  if ((r.bits & DISCARDING) !== 0) discard(r, chunk)
  else if (r.inbox === null) r.inbox = [chunk]
  else r.inbox.push(chunk)
  answer(r)
}

function discard(r: StreamEnd, chunk: Uint8Array): void {
  r.consumed += chunk.length
}

/** What one read returns: all that has come, as hosts do, or less, since no program may rely on that. */
function glue(r: StreamEnd, inbox: Uint8Array[]): Uint8Array {
  const first = inbox[0] as Uint8Array
  const { random } = r.other.out
  let count = 1
  let { length } = first
  while (count < inbox.length && length < BIG && length + (inbox[count] as Uint8Array).length <= READ_SIZE) {
    if (inbox.length <= FEW && (random.next() & 1) === 0) break
    length += (inbox[count] as Uint8Array).length
    count += 1
  }
  r.inbox = count === inbox.length ? null : inbox.slice(count)
  if (count === 1) return first
  const glued = new Uint8Array(length)
  let at = 0
  for (let i = 0; i < count; i++) {
    glued.set(inbox[i] as Uint8Array, at)
    at += (inbox[i] as Uint8Array).length
  }
  return glued
}

function endArrived(r: StreamEnd): void {
  r.bits |= END_RECEIVED
  r.wires.world.trace.fin(r.id, r.side === 0 ? 1 : 0, true)
}

function tellEnd(r: StreamEnd): void {
  const { bits } = r
  if ((bits & (END_RECEIVED | END_TOLD)) !== END_RECEIVED) return
  if ((bits & CLOSED) !== 0) {
    r.bits |= END_TOLD
    r.dieIfDone()
  } else if ((bits & (OPENED | PAUSED)) === OPENED && r.inbox === null) {
    r.bits |= END_TOLD
    r.sink?.receivedEnd()
  }
}

/** A piece comes to an end that is not simply open. @returns whether it goes on */
function isWelcome(s: StreamEnd, r: StreamEnd, segment: Segment): boolean {
  if ((r.bits & EMBRYO) !== 0) r.rare?.embryo?.establish()
  if ((r.bits & DEAD) !== 0) {
    const isLateEnd = segment.isEnd && segment === s.head && (r.bits & ORDERLY) !== 0
    if (isLateEnd && r.on.isUp) return true
    lostOnTheWay(s, segment, r.on.isUp ? LOST.closed : LOST.hostDown)
    if (r.on.isUp) refuse(r)
    return false
  }
  // Closed, and nobody discards: data that nobody can read is answered with a reset.
  if ((r.bits & (CLOSED | DISCARDING)) !== CLOSED || segment.isEnd) return true
  lostOnTheWay(s, segment, LOST.closed)
  refuse(r)
  r.die(ENDED.aborted)
  return false
}

function refuse(r: StreamEnd): void {
  new Reset(r, r.isUnix ? 'EPIPE' : 'ECONNRESET').send()
}
