/**
 * Errors of the test tools.
 *
 * Owns: what simulations, replays and the test kit fail with. Must not know: test runners.
 */
import { WhorlError } from './base.js'
import type { ErrorDetails, Fault } from './base.js'

/** Further properties of a {@link RecordingError}. */
export interface RecordingErrorDetails extends ErrorDetails {
  /** Where in the file; bytes from its beginning. */
  position?: number
}

/** A recording cannot be read: it is none, of another version, or damaged. */
export class RecordingError extends WhorlError {
  static override readonly code: string = 'ERR_TESTING_RECORDING'
  static override readonly fault: Fault = 'local'

  /** Where in the file what is wrong begins, or the file ends: bytes from its beginning; −1 if that is not known. */
  readonly position: number

  constructor(message = 'The recording cannot be read.', details: RecordingErrorDetails = {}) {
    super(message, details)
    this.position = details.position ?? -1
  }
}

/** Where a replay differs from its recording. */
export interface ReplayDifference {
  /** Number of the record, from 1. */
  readonly record: number
  /** Virtual time, ms. */
  readonly time: number
  /** What the program did when it was recorded. */
  readonly expected: string
  /** What it did now. */
  readonly got: string
}

/** In a replay the program did something else than when it was recorded. */
export class ReplayDivergence extends WhorlError implements ReplayDifference {
  static override readonly code: string = 'ERR_TESTING_REPLAY_DIVERGENCE'
  static override readonly fault: Fault = 'local'

  readonly record: number
  readonly time: number
  readonly expected: string
  readonly got: string

  constructor(difference: ReplayDifference, details?: ErrorDetails) {
    const { record, time, expected, got } = difference
    super(`Record ${record}, at ${time.toFixed(3)} ms: expected ${expected}, got ${got}.`, details)
    this.record = record
    this.time = time
    this.expected = expected
    this.got = got
  }
}

/** Further properties of a {@link NotReplayable}. */
export interface NotReplayableDetails extends ErrorDetails {
  /** Clock of the recorded reactor, ms. */
  time?: number
}

/** A recorded program did something that no replay can do again: the replay ends there. */
export class NotReplayable extends WhorlError {
  static override readonly code: string = 'ERR_TESTING_NOT_REPLAYABLE'
  static override readonly fault: Fault = 'local'

  /** What it did. */
  readonly what: string
  /** When, ms of the recorded reactor's clock; −1 if that says nothing. */
  readonly time: number

  constructor(what = 'something', details: NotReplayableDetails = {}) {
    const { time = -1 } = details
    super(`A replay can go no further than ${time.toFixed(3)} ms, for this is not recorded: ${what}.`, details)
    this.what = what
    this.time = time
  }
}

/** A Deferred has no result, or another one, than a test says. */
export class UnexpectedResult extends WhorlError {
  static override readonly code: string = 'ERR_TESTING_UNEXPECTED_RESULT'
  static override readonly fault: Fault = 'local'

  constructor(message = 'A Deferred has another result than was expected.', details?: ErrorDetails) {
    super(message, details)
  }
}

/** Something that a test left behind: of what kind, what it is, and where it was made as far as that is known. */
export interface Leftover {
  readonly kind: 'call' | 'connection' | 'connector' | 'deferred' | 'port' | 'process' | 'udp'
  readonly what: string
  /** A stack without its first line; undefined if it was made while debugging was off. */
  readonly where: string | undefined
}

/** A test has left something behind. */
export class LeftBehind extends WhorlError {
  static override readonly code: string = 'ERR_TESTING_LEFT_BEHIND'
  static override readonly fault: Fault = 'local'

  readonly left: readonly Leftover[]

  constructor(left: readonly Leftover[] = [], details?: ErrorDetails) {
    const told = left.map(({ what, where }) => where === undefined ? what : `${what}, made\n${where}`)
    super(`Left behind: ${told.join('\n')}`, details)
    this.left = left
  }
}

/** Further properties of a {@link SimulationError}. */
export interface SimulationErrorDetails extends ErrorDetails {
  /** Virtual time, ms. */
  time?: number
  /** The simulated host that it is about. */
  host?: string
}

/**
 * A simulation cannot go on, or was asked for what it does not have; the `cause` is what was thrown in it, if anything.
 */
export class SimulationError extends WhorlError {
  static override readonly code: string = 'ERR_SIMULATION'
  static override readonly fault: Fault = 'local'

  /** Virtual time at which it happened, ms; −1 if that says nothing. */
  readonly time: number
  /** The simulated host that it is about; '' if it is about none. */
  readonly host: string

  constructor(message = 'The simulation cannot go on.', details: SimulationErrorDetails = {}) {
    super(message, details)
    this.time = details.time ?? -1
    this.host = details.host ?? ''
  }
}
