/**
 * Running a program for what it says: getProcessOutput, getProcessOutputAndValue, getProcessValue.
 *
 * Owns: collecting output, and how much of it. Must not know: how programs are run; the reactor is an argument.
 * Source: twisted.internet.utils. As there, a status other than 0 is a result, not a failure; **differs**: a program
 * that was ended by a signal fails `getProcessOutput` too, whose output would be cut short without a word.
 */

import { decodeText } from '../core/text.js'
import { cancelOnAbort, Deferred } from '../defer/index.js'
import type { Failure } from '../defer/index.js'
import { ProcessNotStarted, ProcessOutputTooLong, ProcessTerminated, UnexpectedErrorOutput } from '../errors/index.js'
import type { IReactorProcess } from '../interfaces/reactor-process.js'
import { ProcessProtocol } from './process-protocol.js'

/** What a program may write in all; Node's `exec` stops at 1 MiB, which real programs exceed. */
const MOST_OUTPUT = 64 << 20

/** How much of an unexpected message is shown. */
const SHOWN = 500

/** Options of running a program for its output. */
export interface ProcessOutputOptions {
  /** The program's whole environment; empty if not given, the reactor's own with null. */
  env?: Record<string, string> | null
  /** Working directory. */
  cwd?: string
  /** Cancels the Deferred. */
  signal?: AbortSignal
  /** Bytes it may write in all; 67,108,864 if not given. More kills it, and is ProcessOutputTooLong. */
  maxLength?: number
}

/** What a program said, and how it ended. */
export interface ProcessOutput {
  out: Uint8Array
  err: Uint8Array
  exitCode: number
}

/**
 * What a program writes to its standard output, once it has ended.
 *
 * @param args without the name of the program itself
 * @param options `errortoo`: its standard error as well, in the order it comes; without, anything written there fails
 * the Deferred with UnexpectedErrorOutput
 * @returns fails with ProcessTerminated if a signal ended it, with ProcessNotStarted if it could not be run; cancelling
 * kills it
 * @example
 * const text = new TextDecoder().decode(await getProcessOutput(reactor, 'uname', ['-r']))
 */
export function getProcessOutput(
  reactor: IReactorProcess, executable: string, args: readonly string[] = [],
  options: ProcessOutputOptions & { errortoo?: boolean } = {}): Deferred<Uint8Array> {
  const { errortoo = false } = options
  return run(reactor, executable, args, options, (collector) => {
    if (!errortoo) collector.onError = (data) => collector.fail(new UnexpectedErrorOutput(executable, data, shown(data)))
    return () => joined(errortoo ? collector.all : collector.out)
  })
}

/**
 * What a program writes to its standard output and error, and its status.
 *
 * @returns fails with ProcessTerminated if a signal ended it, with ProcessNotStarted if it could not be run; cancelling
 * kills it
 */
export function getProcessOutputAndValue(
  reactor: IReactorProcess, executable: string, args: readonly string[] = [],
  options: ProcessOutputOptions = {}): Deferred<ProcessOutput> {
  return run(reactor, executable, args, options, (collector) => (exitCode) =>
    ({ out: joined(collector.out), err: joined(collector.err), exitCode }))
}

/** A program's status; its output is dropped. Fails as `getProcessOutputAndValue`. */
export function getProcessValue(
  reactor: IReactorProcess, executable: string, args: readonly string[] = [],
  options: ProcessOutputOptions = {}): Deferred<number> {
  return run(reactor, executable, args, { ...options, maxLength: Infinity }, (collector) => {
    collector.keeps = false
    return (exitCode) => exitCode
  })
}

function run<T>(
  reactor: IReactorProcess, executable: string, args: readonly string[], options: ProcessOutputOptions,
  prepare: (collector: Collector<T>) => (exitCode: number) => T): Deferred<T> {
  const { env, cwd, signal, maxLength = MOST_OUTPUT } = options
  if (!(maxLength >= 0)) throw new RangeError(`maxLength is a number of bytes, not ${String(maxLength)}`)
  const collector = new Collector<T>(executable, maxLength)
  collector.result = prepare(collector)
  reactor.spawnProcess(collector, executable, args, { env, cwd })
  return cancelOnAbort(signal, collector.deferred)
}

/** Collects what a program writes. */
class Collector<T> extends ProcessProtocol {
  readonly deferred = new Deferred<T>(() => this.#kill())
  readonly out: Uint8Array[] = []
  readonly err: Uint8Array[] = []
  readonly all: Uint8Array[] = []
  keeps = true
  result: ((exitCode: number) => T) | null = null
  onError: ((data: Uint8Array) => void) | null = null
  readonly #executable: string
  readonly #maxLength: number
  #length = 0

  constructor(executable: string, maxLength: number) {
    super()
    this.#executable = executable
    this.#maxLength = maxLength
  }

  override childDataReceived(childFD: number, data: Uint8Array): void {
    if (this.deferred.called || !this.keeps) return
    if (childFD === 2 && this.onError !== null) {
      this.onError(data)
      return
    }
    if ((this.#length += data.length) > this.#maxLength) {
      this.#kill()
      this.fail(new ProcessOutputTooLong(this.#executable, this.#maxLength))
      return
    }
    ;(childFD === 1 ? this.out : this.err).push(data)
    this.all.push(data)
  }

  override processEnded(reason: Failure): void {
    if (this.deferred.called) return
    const { value } = reason
    const { exitCode } = value as { exitCode?: number | null }
    if (value instanceof ProcessNotStarted || typeof exitCode !== 'number') this.deferred.errback(reason)
    else this.deferred.callback(this.result?.(exitCode) as T)
  }

  /** Nobody wants the rest. */
  fail(error: Error): void {
    if (this.deferred.called) return
    this.transport.loseConnection()
    this.deferred.errback(error)
  }

  #kill(): void {
    try {
      this.transport?.signalProcess('KILL')
    } catch {
      // It has ended by itself.
    }
    this.transport?.loseConnection()
  }
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  if (pieces.length === 1) return pieces[0]
  const all = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0))
  let at = 0
  for (const piece of pieces) {
    all.set(piece, at)
    at += piece.length
  }
  return all
}

function shown(data: Uint8Array): string {
  return decodeText(data.subarray(0, SHOWN)).trim()
}
