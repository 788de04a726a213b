/**
 * Errors of Deferreds, of what gathers them, and of queues and locks made from them.
 *
 * Owns: their codes, messages and fields. Must not know: how a Deferred works (Failure is a type here).
 * Source: `twisted.internet.defer`.
 */
import type { Failure } from '../defer/failure.js'
import { WhorlError } from './base.js'
import type { ErrorDetails, Fault } from './base.js'

/** Longer messages of others are cut here, in UTF-16 units, where they stand in an error's own. */
const MAX_PART = 200

/** A Deferred was fired a second time. With debugging on, the message says where it was made and first fired. */
export class AlreadyCalledError extends WhorlError {
  static override readonly code: string = 'ERR_DEFERRED_ALREADY_CALLED'
  static override readonly fault: Fault = 'local'

  constructor(message = 'This Deferred has been fired already.', details?: ErrorDetails) {
    super(message, details)
  }
}

/** What a cancelled Deferred fails with, unless its canceller decides otherwise. */
export class CancelledError extends WhorlError {
  static override readonly code: string = 'ERR_DEFERRED_CANCELLED'
  static override readonly fault: Fault = 'local'

  constructor(message = 'The operation was cancelled.', details?: ErrorDetails) {
    super(message, details)
  }
}

/** The first failure among gathered Deferreds; its error is also the `cause`. */
export class FirstError extends WhorlError {
  static override readonly code: string = 'ERR_DEFERRED_FIRST_ERROR'
  static override readonly fault: Fault = 'local'

  /** Position of the Deferred that failed, in the list that was gathered. */
  readonly index: number
  /** What it failed with. */
  readonly subFailure: Failure

  constructor(index: number, subFailure: Failure, message?: string) {
    const text = message ?? `The Deferred at index ${index} failed: ${brief(subFailure.getErrorMessage())}`
    super(text, { cause: subFailure.value })
    this.index = index
    this.subFailure = subFailure
  }
}

/** Several failures at once, where every one of several ways failed. */
export class FailureGroup extends WhorlError {
  static override readonly code: string = 'ERR_DEFERRED_FAILURE_GROUP'
  static override readonly fault: Fault = 'local'

  /** The failures, in the order of what failed. */
  readonly failures: readonly Failure[]

  constructor(failures: Iterable<Failure>, message?: string, details?: ErrorDetails) {
    const list = [...failures]
    super(message ?? groupMessage(list), details)
    this.failures = list
  }
}

/** Something that is no Error was thrown or given as a reason; it is kept as `cause`. */
export class ThrownValueError extends WhorlError {
  static override readonly code: string = 'ERR_DEFERRED_THROWN_VALUE'
  static override readonly fault: Fault = 'local'

  constructor(value: unknown) {
    super(describeValue(value), { cause: value })
  }
}

/** `put` into a DeferredQueue that is full. */
export class QueueOverflow extends WhorlError {
  static override readonly code: string = 'ERR_QUEUE_OVERFLOW'
  static override readonly fault: Fault = 'local'

  constructor(message = 'The queue is full.', details?: ErrorDetails) {
    super(message, details)
  }
}

/** `get` from a DeferredQueue for which too many wait already. */
export class QueueUnderflow extends WhorlError {
  static override readonly code: string = 'ERR_QUEUE_UNDERFLOW'
  static override readonly fault: Fault = 'local'

  constructor(message = 'Too many wait for this queue already.', details?: ErrorDetails) {
    super(message, details)
  }
}

/** A lock or semaphore was released more often than it was acquired. */
export class NotAcquired extends WhorlError {
  static override readonly code: string = 'ERR_LOCK_NOT_ACQUIRED'
  static override readonly fault: Fault = 'local'

  constructor(message = 'Released more often than acquired.', details?: ErrorDetails) {
    super(message, details)
  }
}

function groupMessage(failures: readonly Failure[]): string {
  if (failures.length === 0) return 'There was nothing that could succeed.'
  const messages = failures.slice(0, 5).map((failure) => brief(failure.getErrorMessage()))
  if (failures.length > messages.length) messages.push('…')
  return `All of ${failures.length} failed: ${messages.join('; ')}`
}

/** A message within another one. Errors may stand in each other to any depth, and messages must not grow with it. */
function brief(message: string): string {
  return message.length > MAX_PART ? `${message.slice(0, MAX_PART)}…` : message
}

/** A value as text, whatever it is: a value thrown may well have a `toString` that throws. */
function describeValue(value: unknown): string {
  if (typeof value === 'string') return value
  try {
    return `Thrown value that is no Error: ${String(value)}`
  } catch {
    return `Thrown value that is no Error (${typeof value})`
  }
}
