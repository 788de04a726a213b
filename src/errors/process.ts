/**
 * Errors of child processes, and of this program's own standard input and output.
 *
 * Owns: how a child ended, as reasons for `processExited` and `processEnded`. Must not know: how one is started.
 * Source: `twisted.internet.error`; the end of a child is the end of a connection, in order or not, as there.
 */
import { WhorlError } from './base.js'
import type { ErrorDetails, Fault } from './base.js'
import { ConnectionDone, ConnectionLost } from './connection.js'

/** A child process ended by itself, with status 0. */
export class ProcessDone extends ConnectionDone {
  static override readonly code: string = 'ERR_PROCESS_DONE'

  readonly exitCode = 0
  readonly signal = null

  constructor(message = 'The process ended with status 0.', details?: ErrorDetails) {
    super(message, details)
  }
}

/** A child process ended with a status other than 0, or by a signal: one of the two is not null. */
export class ProcessTerminated extends ConnectionLost {
  static override readonly code: string = 'ERR_PROCESS_TERMINATED'

  readonly exitCode: number | null
  /** The signal's name: `SIGKILL`, … */
  readonly signal: string | null

  constructor(exitCode: number | null, signal: string | null, message?: string, details?: ErrorDetails) {
    super(message ?? (signal === null
      ? `The process ended with status ${String(exitCode)}.`
      : `The process was ended by ${signal}.`), details)
    this.exitCode = exitCode
    this.signal = signal
  }
}

/** A program could not be started as a child process; the host's error is the `cause`. */
export class ProcessNotStarted extends ConnectionLost {
  static override readonly code: string = 'ERR_PROCESS_NOT_STARTED'
  static override readonly fault: Fault = 'host'

  readonly executable: string

  constructor(executable: string, details?: ErrorDetails) {
    const cause = details?.cause
    super(`Cannot start ${executable}: ${cause instanceof Error ? cause.message : 'the host gave no reason'}`, details)
    this.executable = executable
  }
}

/** A signal for a child process that has ended. */
export class ProcessExitedAlready extends WhorlError {
  static override readonly code: string = 'ERR_PROCESS_EXITED_ALREADY'
  static override readonly fault: Fault = 'local'

  constructor(message = 'The process has ended already.', details?: ErrorDetails) {
    super(message, details)
  }
}

/** A program that `getProcessOutput` ran wrote to its standard error. */
export class UnexpectedErrorOutput extends WhorlError {
  static override readonly code: string = 'ERR_PROCESS_ERROR_OUTPUT'
  static override readonly fault: Fault = 'remote'

  /** What it wrote there first. */
  readonly output: Uint8Array

  constructor(executable: string, output: Uint8Array, text: string, details?: ErrorDetails) {
    super(`${executable} wrote to its standard error: ${text}`, details)
    this.output = output
  }
}

/** A program wrote more than whoever collected its output would take. */
export class ProcessOutputTooLong extends WhorlError {
  static override readonly code: string = 'ERR_PROCESS_OUTPUT_TOO_LONG'
  static override readonly fault: Fault = 'remote'

  /** Bytes. */
  readonly limit: number

  constructor(executable: string, limit: number, details?: ErrorDetails) {
    super(`${executable} wrote more than ${limit} bytes.`, details)
    this.limit = limit
  }
}

/** Standard input and output serve one connection in the life of a program; there has been one. */
export class StandardIOTaken extends WhorlError {
  static override readonly code: string = 'ERR_STDIO_TAKEN'
  static override readonly fault: Fault = 'local'

  constructor(message = 'Standard input and output have been given to a connection already.', details?: ErrorDetails) {
    super(message, details)
  }
}
