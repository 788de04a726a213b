/**
 * Failure: an error on its way down a chain of callbacks.
 *
 * Owns: the question what counts as an error, matching it, and telling its story (stack, causes, origin); and the
 * Failures of cancellations, whose error is made when somebody looks at it: most are only told from others.
 * Must not know: Deferred. A Failure is kept by the register of unhandled ones while its Deferred may be
 * collected, so it must never lead back to one. Source: `twisted.python.failure`.
 */
import type { ErrorClass } from '../errors/base.js'
import { CancelledError, FailureGroup, ThrownValueError } from '../errors/defer.js'

/** Causes are followed this far, and no further: they may be many, or run in a circle. */
const MAX_CAUSES = 16

/** Instead of an error: it is made when it is asked for. */
const UNMADE = Symbol('unmade')

/** Asked for by `console.log` of Node, Deno and Bun. */
const INSPECT = Symbol.for('nodejs.util.inspect.custom')

/** An error as a value. */
export class Failure {
  /** See the one of Deferred. */
  static readonly #kept = new Failure(UNMADE)

  /** Undefined for a cancellation that nobody has looked at. @internal */
  _value: Error | undefined
  /** Where the Deferred that failed was made and fired; known only while debugging is on. @internal */
  origin: string | undefined

  /**
   * @param error what was thrown. A Failure gives the new one its error; what is no Error is wrapped, and kept
   *   as the wrapper's `cause`.
   */
  constructor(error?: unknown) {
    if (isFailure(error)) {
      this._value = error.value
      this.origin = error.origin
    } else {
      this._value = error === UNMADE ? undefined : isError(error) ? error : new ThrownValueError(error)
      this.origin = undefined
    }
  }

  /**
   * The error itself; a {@link ThrownValueError} if what was thrown was no Error. That of a Deferred's cancellation is
   * made when it is first asked for, and has the stack of that moment; with debugging on, of the cancellation.
   */
  get value(): Error {
    return this._value ?? keepError(this, new CancelledError())
  }

  /** The class of the error. */
  get type(): Function {
    return this.value.constructor
  }

  /**
   * Which of the given kinds this failure is; the first that matches, or `null`.
   *
   * @param kinds error classes (matched as `instanceof` does), or strings: the error's `name`, the name of its
   *   class, or its `code`.
   */
  check<const K extends readonly (ErrorClass | string)[]>(...kinds: K): K[number] | null {
    // To tell a cancellation from others its error need not be made.
    const value: unknown = this._value ?? unlooked()
    for (const kind of kinds) {
      if (typeof kind === 'string' ? this.#isCalled(kind) : value instanceof (kind as ErrorClass)) return kind
    }
    return null
  }

  /** As {@link check}, but throws the error when none of the kinds matches. */
  trap<const K extends readonly (ErrorClass | string)[]>(...kinds: K): K[number] {
    const kind = this.check(...kinds)
    if (kind === null) throw this.value
    return kind
  }

  /** Throws the error. */
  raiseException(): never {
    throw this.value
  }

  /** The error's message alone. */
  getErrorMessage(): string {
    return text(() => (this._value ?? unlooked()).message)
  }

  /**
   * The error's stack, those of its causes and parts, and, with debugging on, where its Deferred was made and fired.
   */
  getTraceback(): string {
    const parts: string[] = []
    // An error made only now would tell of this place.
    if (this._value === undefined) parts.push(summary(unlooked()))
    else tell(this._value, '', parts, new Set())
    if (this.origin !== undefined) parts.push(this.origin)
    return parts.join('\n')
  }

  /** Has the stacks of its errors made into text, for which engines keep the frames until then. @internal */
  settleStack(): void {
    if (this._value !== undefined) this.getTraceback()
  }

  /** One line: the kind of error and its message. */
  toString(): string {
    return `[Failure ${summary(this._value ?? unlooked())}]`
  }

  /** What consoles show; its fields say nothing of a cancellation that nobody has looked at. @internal */
  [INSPECT](): string {
    return `[Failure ${this.getTraceback()}]`
  }

  #isCalled(kind: string): boolean {
    const value = this._value ?? unlooked()
    return value.name === kind || (value as { code?: unknown }).code === kind || value.constructor?.name === kind
  }
}

/** The given Failure itself, or a new one around the given reason. @internal */
export function toFailure(reason: unknown): Failure {
  return isFailure(reason) ? reason : new Failure(reason)
}

/** The Failure of a cancellation: its error is made when somebody looks at it. @internal */
export function cancellation(): Failure {
  return new Failure(UNMADE)
}

/** The errors of those that were frozen before somebody looked. */
let errorOfFrozen: WeakMap<Failure, Error> | undefined

function keepError(failure: Failure, made: Error): Error {
  const error = errorOfFrozen?.get(failure) ?? made
  if (!Reflect.set(failure, '_value', error)) (errorOfFrozen ??= new WeakMap()).set(failure, error)
  return error
}

let sample: Error | undefined

/**
 * What tells of a cancellation that nobody has looked at, to all who ask: a real error, as an error class may tell its
 * instances in ways of its own, by their code for one. Its stack, which says nothing, is no longer frames: V8 keeps
 * those until somebody reads it.
 */
function unlooked(): Error {
  if (sample === undefined) {
    sample = new CancelledError()
    sample.stack = undefined
  }
  return sample
}

/** True for a Failure. A proxy may throw when asked what it is: then it is none. @internal */
export function isFailure(value: unknown): value is Failure {
  if (typeof value !== 'object') return false
  try {
    return value instanceof Failure
  } catch {
    return false
  }
}

/** True for errors of this realm and of any other. */
function isError(value: unknown): value is Error {
  try {
    return value instanceof Error || Object.prototype.toString.call(value) === '[object Error]'
  } catch {
    return false
  }
}

function tell(error: unknown, label: string, parts: string[], seen: Set<unknown>): void {
  if (seen.has(error) || seen.size >= MAX_CAUSES) return
  seen.add(error)
  if (!isError(error)) {
    parts.push(label + text(() => String(error)))
    return
  }
  parts.push(label + (text(() => error.stack ?? '') || summary(error)))
  try {
    // What a wrapper was made around is in its message already.
    if (error.cause !== undefined && !(error instanceof ThrownValueError)) tell(error.cause, 'Caused by: ', parts, seen)
    if (error instanceof FailureGroup) {
      for (const [index, failure] of error.failures.entries()) tell(failure.value, `Part ${index}: `, parts, seen)
    } else if (error instanceof AggregateError) {
      for (const [index, part] of error.errors.entries()) tell(part, `Part ${index}: `, parts, seen)
    }
  } catch {
    parts.push('(its causes cannot be shown)')
  }
}

function summary(error: Error): string {
  return text(() => (error.message === '' ? error.name : `${error.name}: ${error.message}`))
}

/** Errors may carry getters that throw; telling about one must not fail. */
function text(read: () => string): string {
  try {
    return String(read())
  } catch {
    return '(cannot be shown)'
  }
}
