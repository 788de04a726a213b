/**
 * Patience: how long a server waits for the peer of one connection, whatever it waits for.
 *
 *   idle      for a request                                     response   for the peer to take what was written
 *   head      for the rest of a head, from its first byte on     closing    for that, and then for the end
 *   body      for the next piece, and for a rate over all
 *
 * Owns: the deadline, the rate of a body, whether output makes progress. Must not know: what follows from being late.
 */
import { Deadline } from '../deadlines.js'
import type { DeadlineOwner } from '../deadlines.js'
import type { ServerTimeouts } from '../limits.js'
import type { IReactorTime } from '../../interfaces/time.js'
import type { ITransport } from '../../interfaces/transport.js'

/** How long a body may take before its rate is looked at, ms. */
const RATE_GRACE = 5000
/** What one piece of output may take at least, bytes a millisecond: how far it has gone is not known before its end. */
const SLOWEST = 16

/** What is waited for. */
export type Phase = 'idle' | 'head' | 'body' | 'response' | 'closing'

/** What of a transport says whether it makes progress. */
interface Progress extends ITransport {
  readonly writableLength?: number
  readonly bytesOut?: number
}

/** Whose peer is waited for. */
export interface PatienceOwner {
  readonly transport: ITransport
  /** No request is being answered, and none waits. */
  readonly isIdle: boolean
  /** What was waited for did not come. For `response` and `closing`: the peer takes nothing. */
  late(phase: Phase): void
}

/** One connection's. */
export class Patience implements DeadlineOwner {
  /** What is waited for now. */
  phase: Phase = 'idle'
  readonly #clock: IReactorTime
  readonly #timeouts: Required<ServerTimeouts>
  readonly #owner: PatienceOwner
  readonly #deadline: Deadline
  /** Since when a body is read, and how much of it has come since then. */
  #bodySince = -1
  #bodyBytes = 0
  /** What was waiting in the transport, and what had gone through it, when it was last looked at. */
  #waiting = -1
  #out = -1

  constructor(clock: IReactorTime, timeouts: Required<ServerTimeouts>, owner: PatienceOwner) {
    this.#clock = clock
    this.#timeouts = timeouts
    this.#owner = owner
    this.#deadline = new Deadline(clock, this)
  }

  /** From now on this is waited for. */
  await(phase: Phase): void {
    const now = this.#clock.now()
    const { idle, header, body, write, abort } = this.#timeouts
    switch (phase) {
      case 'idle':
        this.#set(phase, now + idle)
        break
      case 'head':
        // From its first byte on: what follows puts nothing off.
        if (this.phase !== 'head') this.#set(phase, now + header)
        break
      case 'body':
        if (this.#bodySince < 0) this.#bodySince = now
        this.#set(phase, now + body)
        break
      default:
        this.#waiting = -1
        this.#set(phase, now + (phase === 'closing' ? abort : write))
    }
  }

  /** A body begins, or goes on after its reader was slow. */
  resetRate(): void {
    this.#bodySince = -1
    this.#bodyBytes = 0
  }

  /** So many bytes of a body have come. */
  countBody(bytes: number): void {
    this.#bodyBytes += bytes
  }

  /** Nothing is waited for any more. */
  cancel(): void {
    this.#deadline.cancel()
  }

  /** @internal */
  deadlineAhead(now: number): void {
    if (this.phase !== 'body' || this.#bodySince < 0) return
    const took = now - this.#bodySince
    if (took > RATE_GRACE && this.#bodyBytes < this.#timeouts.bodyRate * took / 1000) this.#owner.late('body')
  }

  /** @internal */
  deadlinePassed(now: number): void {
    const { phase } = this
    if (phase === 'head' || phase === 'body') {
      this.#owner.late(phase)
      return
    }
    const { writableLength = 0, bytesOut = 0 } = this.#owner.transport as Progress
    if (writableLength > 0) {
      if (writableLength === this.#waiting && bytesOut === this.#out) {
        this.#owner.late(phase === 'idle' ? 'response' : phase)
        return
      }
      this.#waiting = writableLength
      this.#out = bytesOut
      this.#set(phase === 'idle' ? 'response' : phase, now + this.#timeouts.write + writableLength / SLOWEST)
    } else if (phase !== 'response') {
      this.#owner.late(phase)
    } else {
      this.await(this.#owner.isIdle ? 'idle' : 'response')
    }
  }

  #set(phase: Phase, at: number): void {
    this.phase = phase
    this.#deadline.set(at)
  }
}
