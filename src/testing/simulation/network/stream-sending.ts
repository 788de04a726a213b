/**
 * Sending over a simulated stream: windows, pieces, and sending again.
 *
 * Owns: what is on its way from one end, in which pieces, and what became known of it. Must not know: what the other
 * end's program does with it. Source: RFC 9293 section 3.8, RFC 2018 (only what was lost is sent again).
 */

import { LOST } from './link.js'
import { EARLY, FLYING, GONE, Question, RIDING } from './segment.js'
import type { Segment } from './segment.js'
import {
  DEAD, END_ANSWERED, END_RECEIVED, END_SENT, END_WANTED, TELL_CLOSED, TELL_FINISHED, WANTS_ANSWERS, WANTS_SENT,
} from './stream-bits.js'
import type { StreamEnd } from './stream-end.js'
import { Retry } from './retry.js'

/** What waits for room at the other end. @internal */
export interface Backlog {
  pieces: Uint8Array[]
  /** Bytes of the first that were sent. */
  at: number
}

/** Sends bytes that nobody else has. @returns whether the buffer took all of them */
export function push(s: StreamEnd, bytes: Uint8Array): boolean {
  s.wires.world.trace.sent(s.id, s.side, s.written, bytes)
  s.written += bytes.length
  if (s.backlog !== null) s.backlog.pieces.push(bytes)
  else sendFrom(s, bytes, 0)
  if (s.written - s.answered <= s.out.shape.bufferBytes) return true
  s.bits |= WANTS_SENT | WANTS_ANSWERS
  return false
}

/** Sends what there is room for, and keeps the rest. @returns whether all went out */
function sendFrom(s: StreamEnd, bytes: Uint8Array, from: number): boolean {
  const { out } = s
  const { length } = bytes
  const limit = s.readThere + out.shape.bufferBytes
  let at = from
  while (at < length) {
    const room = limit - s.sent
    if (room <= 0) {
      s.backlog ??= { pieces: [bytes], at: 0 }
      s.backlog.at = at
      s.bits |= WANTS_ANSWERS
      return false
    }
    const end = at + Math.min(out.segmentBytes(), length - at, room)
    transmit(s, bytes, at, end, false)
    at = end
  }
  return true
}

/** Sends what waited for room, and the end if it is due. */
function pump(s: StreamEnd): void {
  const { backlog } = s
  if (backlog !== null) {
    while (backlog.pieces.length > 0) {
      if (!sendFrom(s, backlog.pieces[0] as Uint8Array, backlog.at)) return
      backlog.pieces.shift()
      backlog.at = 0
    }
    s.backlog = null
  }
  if ((s.bits & (END_WANTED | END_SENT)) === END_WANTED) endStream(s)
}

/** The end of the stream follows what was sent. */
export function endStream(s: StreamEnd): void {
  s.bits |= END_WANTED
  if (s.backlog !== null || (s.bits & END_SENT) !== 0) return
  s.bits |= END_SENT
  s.wires.world.trace.fin(s.id, s.side, false)
  transmit(s, EMPTY, 0, 0, true)
}

const EMPTY = new Uint8Array(0)
/** Pieces of shorter writes are kept apart, so that they can be handed over apart. */
const LONG = 4_096

function transmit(s: StreamEnd, bytes: Uint8Array, start: number, end: number, isEnd: boolean): void {
  const { out, tail, wires } = s
  const length = end - start
  const time = out.arrival(length)
  const isLost = time < 0
  const rides = !isLost && tail !== null && time <= tail.time && tail.state <= RIDING
  const offset = s.sent
  s.sent += length
  // What is long is handed over in long chunks anyway.
  if (rides && !isEnd && tail.bytes === bytes && tail.end === start && bytes.length >= LONG) {
    tail.end = end
    return
  }
  const segment = wires.pool.take(s)
  segment.bytes = bytes
  segment.start = start
  segment.end = end
  segment.offset = offset
  segment.isEnd = isEnd
  segment.state = isLost ? GONE : rides ? RIDING : FLYING
  segment.time = rides ? tail.time : time
  if (tail === null) s.head = segment
  else tail.next = segment
  s.tail = segment
  if (isLost) {
    wires.world.trace.lost(s.id, s.side, offset, length, out.why)
    needsRetry(s)
  } else if (!rides) {
    wires.world.at(time, segment)
  }
}

/** A piece was lost on its way, and those that rode with it. */
export function lostOnTheWay(s: StreamEnd, segment: Segment, why: number): void {
  let lost: Segment | null = segment
  do {
    lost.state = GONE
    s.wires.world.trace.lost(s.id, s.side, lost.offset, lost.length, why)
    lost = lost.next
  } while (lost !== null && lost.state === RIDING)
  needsRetry(s)
}

/** Something that this end should know has been lost. */
export function needsRetry(s: StreamEnd): void {
  if ((s.bits & DEAD) !== 0 || s.retry !== null) return
  s.retry = new Retry(s)
  s.bits |= WANTS_ANSWERS
}

/** Nothing was heard for too long: tries with the first piece that was lost, or asks. */
export function sendAgain(s: StreamEnd): void {
  for (let segment = s.head; segment !== null; segment = segment.next) {
    if (segment.state === GONE) {
      again(s, segment)
      return
    }
  }
  ask(s)
}

/** Asks the other end how far it is. */
export function ask(s: StreamEnd): void {
  const time = s.out.arrival(0)
  if (time >= 0) s.wires.world.at(time, new Question(s))
}

function again(s: StreamEnd, segment: Segment): void {
  const { world } = s.wires
  const time = s.out.arrival(segment.length)
  if (time < 0) {
    world.trace.lost(s.id, s.side, segment.offset, segment.length, s.out.why)
    return
  }
  world.trace.resent(s.id, s.side, segment.offset, segment.length)
  segment.state = FLYING
  segment.time = time
  world.at(time, segment)
}

/** Everything that was lost goes out again. */
function allAgain(s: StreamEnd): void {
  const { world } = s.wires
  let before: Segment | null = null
  for (let segment = s.head; segment !== null; segment = segment.next) {
    if (segment.state !== GONE) {
      before = null
      continue
    }
    const time = s.out.arrival(segment.length)
    if (time < 0) {
      world.trace.lost(s.id, s.side, segment.offset, segment.length, s.out.why)
      before = null
      continue
    }
    world.trace.resent(s.id, s.side, segment.offset, segment.length)
    if (before !== null && time <= before.time) {
      segment.state = RIDING
      segment.time = before.time
    } else {
      segment.state = FLYING
      segment.time = time
      world.at(time, segment)
    }
    before = segment
  }
}

/** It becomes known how far the bytes have come, and the program has read them. */
export function acknowledge(s: StreamEnd): void {
  if ((s.bits & DEAD) !== 0) return
  const { other } = s
  s.answered = other.received
  s.readThere = other.consumed
  if ((other.bits & END_RECEIVED) !== 0) s.endAnswered()
  if ((s.bits & DEAD) !== 0) return
  const { retry } = s
  if (retry !== null) {
    if (s.answered === s.sent && (s.bits & (END_SENT | END_ANSWERED)) !== END_SENT) {
      retry.stop()
      s.retry = null
    } else {
      retry.progress()
      allAgain(s)
    }
  }
  pump(s)
  const wasWaiting = (s.bits & WANTS_SENT) !== 0
  const waits = wasWaiting && s.written - s.answered > s.out.shape.bufferBytes
  s.bits &= ~(WANTS_ANSWERS | WANTS_SENT)
  if (waits) s.bits |= WANTS_SENT
  if (waits || s.backlog !== null || s.retry !== null) s.bits |= WANTS_ANSWERS
  if (!wasWaiting || waits) return
  s.sink?.sent()
  if ((s.bits & (TELL_FINISHED | TELL_CLOSED)) !== 0) s.tell(0)
}

/** The program goes without waiting for room: what no buffer has taken is lost. */
export function truncate(s: StreamEnd): void {
  const { backlog } = s
  s.bits &= ~WANTS_SENT
  if (backlog === null) return
  let keep = Math.max(0, s.answered + s.out.shape.bufferBytes - s.sent)
  const kept: Uint8Array[] = []
  let at = backlog.at
  for (const piece of backlog.pieces) {
    const length = Math.min(piece.length - at, keep)
    if (length > 0) kept.push(piece.subarray(at, at + length))
    keep -= length
    at = 0
  }
  const wanted = s.written
  s.written = s.sent
  for (const piece of kept) s.written += piece.length
  if (wanted > s.written) s.wires.world.trace.lost(s.id, s.side, s.written, wanted - s.written, LOST.notTaken)
  s.backlog = kept.length === 0 ? null : { pieces: kept, at: 0 }
}

/** A piece has come while others before it have not. */
export function keepEarly(segment: Segment): void {
  let early: Segment | null = segment
  do {
    early.state = EARLY
    early = early.next
  } while (early !== null && early.state === RIDING)
}
