/**
 * StreamEnd: one end of a simulated TCP connection or UNIX stream, as a StreamChannel.
 *
 * Owns: the fields, what the program does with its end, and what it is told. Sending and receiving are in files of
 * their own, as functions on this class. Must not know: how connections are made. Everything a program is told comes
 * from an event, never from inside a call of its own.
 * Source: RFC 9293; what Linux and Node do where that leaves a choice.
 *
 *   this.send ─ pieces in order (head … tail) ─ this.out ─▶ other.received ─ inbox while paused ─▶ other's sink
 *   this.answered, this.readThere ◀─ at once while nobody waits for it, else as an Answer over other.out
 */

import type { IAddress, StreamChannel, StreamSink } from '../../../interfaces/index.js'
import { tcpAddress } from '../../../transports/address.js'
import { LINGER } from '../../../transports/limits.js'
import { unixAddress } from '../../../transports/unix.js'
import type { SimEvent, SimHost } from '../world.js'
import { hostError } from './host-error.js'
import { ENDED } from './link.js'
import type { Link } from './link.js'
import type { Retry } from './retry.js'
import { Answer, Reset } from './segment.js'
import type { Segment } from './segment.js'
import {
  ANSWERING, BROKEN, CLOSED, DEAD, DISCARDING, EMBRYO, END_ANSWERED, END_RECEIVED, END_SENT, END_TOLD, END_WANTED,
  NOTICED, OPENED, ORDERLY, PAUSED, READ, TELL_CLOSED, TELL_FINISHED, UNIX, WANTS_SENT,
} from './stream-bits.js'
import { answer, arrived, read, unreadBytes } from './stream-receiving.js'
import {
  acknowledge, ask, endStream, lostOnTheWay, needsRetry, push, sendAgain, truncate,
} from './stream-sending.js'
import type { Backlog } from './stream-sending.js'
import type { Place } from './stream-ports.js'
import type { Wires } from './wires.js'

/** What few ends have at a time. @internal */
export class Rare {
  answer: Answer | null = null
  linger: Linger | null = null
  /** Tells the listening side of the connection. */
  embryo: { establish(): void } | null = null
  /** Whom the connecting side has not reached yet. */
  remote: Place | null = null
  code = ''
  /** ms of silence before the other end is asked; −1 for never. */
  keepAlive = -1
  watch: Watch | null = null
}

/** One end of a stream. @internal */
export class StreamEnd implements StreamChannel, SimEvent {
  // What every piece touches comes first, and is short: with many connections, memory is what takes time.
  bits: number
  other: StreamEnd = this
  readonly out: Link
  readonly wires: Wires
  readonly id: number
  /** 0 for the end that connected. */
  readonly side: 0 | 1
  sink: StreamSink | null = null
  // Of what it receives: bytes that have come, and those that the program has read, and chunks that it has not.
  received = 0
  consumed = 0
  inbox: Uint8Array[] | null = null
  // Of what it sends: bytes given by the program, sent at least once, known to have come, known to be read.
  written = 0
  sent = 0
  answered = 0
  readThere = 0
  /** Pieces that are on their way, in the order of the stream. */
  head: Segment | null = null
  tail: Segment | null = null
  /** What there is no room for at the other end. */
  backlog: Backlog | null = null
  retry: Retry | null = null
  rare: Rare | null = null
  /** Address or path of this end. */
  readonly name: string
  readonly port: number

  constructor(wires: Wires, id: number, side: 0 | 1, out: Link, name: string, port: number, bits: number) {
    this.bits = bits
    this.out = out
    this.wires = wires
    this.id = id
    this.side = side
    this.name = name
    this.port = port
  }

  /** The host it is on. */
  get on(): SimHost {
    return this.out.from
  }

  get isUnix(): boolean {
    return (this.bits & UNIX) !== 0
  }

  get copies(): boolean {
    return true
  }

  get givesChunks(): boolean {
    return true
  }

  get host(): IAddress {
    if (!this.isUnix) return tcpAddress(this.name, this.port)
    return unixAddress(this.side === 0 ? null : this.name)
  }

  get peer(): IAddress {
    const { other } = this
    if (!this.isUnix) return tcpAddress(other.name, other.port)
    return unixAddress(this.side === 0 ? other.name : null)
  }

  // --- what the program does

  open(sink: StreamSink): void {
    if ((this.bits & CLOSED) !== 0) return
    this.sink = sink
    this.bits |= OPENED
    if (this.hasNews) this.tell(READ)
  }

  send(piece: Uint8Array): boolean {
    if ((this.bits & (DEAD | END_WANTED)) !== 0) return this.#sendToNobody()
    // Nobody else may see a change of the array after this.
    return push(this, this.wires.copy(piece))
  }

  sendList(pieces: Uint8Array[]): boolean {
    if ((this.bits & (DEAD | END_WANTED)) !== 0) return this.#sendToNobody()
    let length = 0
    for (const piece of pieces) length += piece.length
    const joined = new Uint8Array(length)
    let at = 0
    for (const piece of pieces) {
      joined.set(piece, at)
      at += piece.length
    }
    return push(this, joined)
  }

  finish(): void {
    if ((this.bits & (CLOSED | END_WANTED)) !== 0) return
    endStream(this)
    this.tell(TELL_FINISHED)
  }

  close(linger: boolean): void {
    if ((this.bits & CLOSED) !== 0) {
      if (!linger) this.#closeNow()
      return
    }
    this.bits = (this.bits | CLOSED) & ~PAUSED
    if ((this.bits & DEAD) !== 0) {
      this.inbox = null
      this.bits &= ~BROKEN
      if (linger) this.tell(TELL_CLOSED)
      else this.sink = null
    } else if (linger) {
      this.bits |= DISCARDING
      this.#discard()
      endStream(this)
      this.tell(TELL_CLOSED)
      this.rareOf().linger = new Linger(this)
      this.dieIfDone()
    } else {
      this.#closeNow()
    }
  }

  reset(): void {
    this.sink = null
    this.bits |= CLOSED
    if ((this.bits & DEAD) !== 0) return
    if (this.isUnix) {
      this.#closeNow()
      return
    }
    new Reset(this, 'ECONNRESET').send()
    this.die(ENDED.aborted)
  }

  pause(): void {
    if ((this.bits & CLOSED) === 0) this.bits |= PAUSED
  }

  resume(): void {
    if ((this.bits & PAUSED) === 0) return
    this.bits &= ~PAUSED
    if (this.hasNews) this.tell(READ)
  }

  setNoDelay(_enabled: boolean): void {
    // Nothing here waits for more to be sent along with it.
  }

  setKeepAlive(enabled: boolean, delayMs = 7_200_000): void {
    if ((this.bits & DEAD) !== 0) return
    this.rareOf().keepAlive = enabled ? delayMs : -1
    this.watch()
  }

  // --- what it is told

  /** Has `fire` called at this instant, after what runs now. */
  tell(bit: number): void {
    this.bits |= bit
    if ((this.bits & NOTICED) !== 0) return
    this.bits |= NOTICED
    const { world } = this.wires
    world.at(world.now, this)
  }

  fire(): void {
    this.bits &= ~NOTICED
    if ((this.bits & READ) !== 0) {
      this.bits &= ~READ
      read(this)
    }
    // What was sent goes out first.
    if ((this.bits & WANTS_SENT) !== 0) return
    if ((this.bits & TELL_FINISHED) !== 0) {
      this.bits &= ~TELL_FINISHED
      this.sink?.finished()
    }
    if ((this.bits & TELL_CLOSED) !== 0) {
      this.bits &= ~TELL_CLOSED
      const { sink } = this
      this.sink = null
      sink?.closed(null)
    }
  }

  get hasNews(): boolean {
    return this.inbox !== null || (this.bits & (BROKEN | END_TOLD)) === BROKEN
      || (this.bits & (END_RECEIVED | END_TOLD)) === END_RECEIVED
  }

  // --- what packets bring

  arrived(segment: Segment): void {
    arrived(this, segment)
  }

  lostOnTheWay(segment: Segment, why: number): void {
    lostOnTheWay(this, segment, why)
  }

  /** Tells the other end how far its bytes have come. */
  sendAnswer(): void {
    if ((this.bits & ANSWERING) !== 0) return
    const time = this.out.arrival(0)
    if (time < 0) {
      needsRetry(this.other)
      return
    }
    this.bits |= ANSWERING
    this.wires.world.at(time, this.rareOf().answer ??= new Answer(this))
  }

  answerArrived(): void {
    this.bits &= ~ANSWERING
    acknowledge(this.other)
  }

  answerLost(): void {
    this.bits &= ~ANSWERING
    needsRetry(this.other)
  }

  /** The other end asks how far its bytes have come. */
  asked(): void {
    const { other } = this
    // An end that was closed in order owes an answer to what came before its end, and knows nothing beyond that.
    const isOwed = other.answered < other.sent || (other.bits & (END_SENT | END_ANSWERED)) === END_SENT
    if ((this.bits & DEAD) === 0 || ((this.bits & ORDERLY) !== 0 && isOwed && this.on.isUp)) this.sendAnswer()
    else if (this.on.isUp) new Reset(this, this.isUnix ? 'EPIPE' : 'ECONNRESET').send()
  }

  /** The other end has no such connection. */
  wasReset(code: string): void {
    if ((this.bits & DEAD) === 0) this.breakOff(code, ENDED.reset)
  }

  sendAgain(): void {
    sendAgain(this)
  }

  gaveUp(): void {
    if ((this.bits & DEAD) === 0) this.breakOff('ETIMEDOUT', ENDED.timedOut)
  }

  // --- its end

  /** The other side has answered our end of stream. */
  endAnswered(): void {
    if ((this.bits & END_ANSWERED) !== 0) return
    this.bits |= END_ANSWERED
    this.dieIfDone()
  }

  /** When both sides have ended their streams the host forgets the connection; or one, when nobody reads the other. */
  dieIfDone(): void {
    const { bits } = this
    if ((bits & (CLOSED | END_ANSWERED | DEAD)) !== (CLOSED | END_ANSWERED)) return
    if ((bits & (END_RECEIVED | DISCARDING)) !== DISCARDING) {
      this.bits |= ORDERLY
      this.die(ENDED.orderly)
    }
  }

  /** The host forgets it; the program may still have to be told something. */
  die(why: number): void {
    // Whoever waited to be told until there was room is told now.
    if ((this.bits & WANTS_SENT) !== 0 && (this.bits & (TELL_CLOSED | TELL_FINISHED)) !== 0) this.tell(0)
    this.bits = (this.bits | DEAD) & ~(WANTS_SENT | EMBRYO)
    this.backlog = null
    if ((this.bits & CLOSED) !== 0) this.inbox = null
    this.retry?.stop()
    this.retry = null
    const { wires, rare, other } = this
    if (rare !== null) {
      rare.linger?.stop()
      rare.linger = null
      rare.watch?.stop()
      rare.watch = null
    }
    wires.world.trace.ended(this.id, this.side, why)
    if ((other.bits & DEAD) !== 0) wires.over(this.side === 0 ? this : other)
  }

  /**
   * The connection is gone. As from a kernel, programs hear of that by reading, or by writing: one that has paused, or
   * has come to the end of what there was to read, is told when it reads on or writes.
   */
  breakOff(code: string, why: number): void {
    const isWriting = (this.bits & WANTS_SENT) !== 0 || code === 'EPIPE'
    this.die(why)
    this.rareOf().code = code
    const isReading = (this.bits & (OPENED | PAUSED | END_TOLD)) === OPENED && this.inbox === null
    if ((isReading || (isWriting && (this.bits & OPENED) !== 0)) && this.sink !== null) this.tellBroken()
    else if ((this.bits & CLOSED) === 0) this.bits |= BROKEN
  }

  tellBroken(): void {
    const { sink } = this
    this.sink = null
    this.inbox = null
    this.bits = (this.bits | CLOSED) & ~(BROKEN | TELL_CLOSED | TELL_FINISHED)
    sink?.closed(hostError((this.rare as Rare).code, 'read'))
  }

  /** Its host has crashed: it is gone, and nobody is told. */
  vanish(why: number = ENDED.crashed): void {
    this.sink = null
    this.bits |= CLOSED
    if ((this.bits & DEAD) === 0) this.die(why)
    this.inbox = null
    this.bits &= ~ORDERLY
  }

  /** It has been closed for long enough, whatever the other side still says. */
  lingered(): void {
    if (this.rare !== null) this.rare.linger = null
    this.bits &= ~DISCARDING
    this.dieIfDone()
  }

  /** Whether the other end can be reached, and knows of the connection. */
  get isHealthy(): boolean {
    return !this.out.isCut && !this.other.out.isCut && (this.other.bits & DEAD) === 0
  }

  /**
   * With keep-alive, finds out in time that the other end is gone. Nothing is asked while all is well: nobody could see
   * that, and a world in which something is always about to happen never comes to rest.
   */
  watch(): void {
    const { rare } = this
    if (rare === null || rare.keepAlive < 0 || rare.watch !== null || (this.bits & DEAD) !== 0) return
    if (!this.isHealthy) rare.watch = new Watch(this, rare.keepAlive)
  }

  rareOf(): Rare {
    return this.rare ??= new Rare()
  }

  // --- inside

  #sendToNobody(): boolean {
    if ((this.bits & BROKEN) === 0) return true
    // Whoever writes hears of it even though he does not read.
    this.inbox = null
    this.bits = (this.bits & ~(PAUSED | END_RECEIVED | END_TOLD)) | OPENED
    this.tell(READ)
    return false
  }

  #closeNow(): void {
    this.sink = null
    this.bits &= ~(DISCARDING | TELL_CLOSED | TELL_FINISHED)
    if ((this.bits & DEAD) !== 0) return
    if (unreadBytes(this) > 0) {
      // As kernels do: whoever sent that must not believe that it was read.
      new Reset(this, 'ECONNRESET').send()
      this.die(ENDED.aborted)
      return
    }
    truncate(this)
    if ((this.bits & END_SENT) === 0) endStream(this)
    this.dieIfDone()
  }

  #discard(): void {
    const bytes = unreadBytes(this)
    this.inbox = null
    if (bytes === 0) return
    this.consumed += bytes
    answer(this)
  }
}

/** Ends the patience of one that was closed. */
class Linger implements SimEvent {
  readonly #end: StreamEnd
  readonly #handle: number

  constructor(end: StreamEnd) {
    const { world } = end.wires
    this.#end = end
    this.#handle = world.at(world.now + LINGER, this)
  }

  stop(): void {
    this.#end.wires.world.cancel(this.#handle)
  }

  fire(): void {
    this.#end.lingered()
  }
}

/** ms between two questions, and how many are asked: Linux's. */
const ASK_AGAIN = 75_000
const QUESTIONS = 9

/** Keep-alive, while something is wrong. */
class Watch implements SimEvent {
  readonly #end: StreamEnd
  #asked = 0
  #handle: number

  constructor(end: StreamEnd, delay: number) {
    const { world } = end.wires
    this.#end = end
    this.#handle = world.at(world.now + delay, this)
  }

  stop(): void {
    this.#end.wires.world.cancel(this.#handle)
  }

  fire(): void {
    const end = this.#end
    const { world } = end.wires
    if (end.isHealthy) {
      end.rareOf().watch = null
    } else if (this.#asked >= QUESTIONS) {
      end.gaveUp()
    } else {
      this.#asked += 1
      ask(end)
      this.#handle = world.at(world.now + ASK_AGAIN, this)
    }
  }
}
