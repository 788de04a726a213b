/**
 * Reactors that can run child processes.
 *
 * Source: twisted.internet.interfaces.IReactorProcess, IProcessProtocol, IProcessTransport.
 */

import type { Deferred, Failure } from '../defer/index.js'
import type { IConnector } from './connector.js'
import type { IClientFactory } from './factory.js'
import type { IConsumer, IPushProducer } from './producer.js'
import type { IStreamTransport, WriteLimits } from './transport.js'

/** What becomes of a descriptor of the child: `r` this program reads it, `w` it writes it, or one of its own by number. */
export type ChildFD = 'r' | 'w' | number

/** Options of `spawnProcess`. */
export interface SpawnOptions {
  /** The child's whole environment; empty if not given, the reactor's own with null. */
  env?: Record<string, string> | null
  /** Working directory. */
  cwd?: string
  /** Descriptor of the child → what becomes of it; `{ 0: 'w', 1: 'r', 2: 'r' }` if not given. */
  childFDs?: Record<number, ChildFD>
  /** Sends SIGKILL when aborted. */
  signal?: AbortSignal
}

/** Hears what a child writes to its standard error. */
export type ErrorOutput = (data: Uint8Array) => void

/** Options of `connectProcess`. */
export interface ConnectProcessOptions {
  /** The child's whole environment; empty if not given, the reactor's own with null. */
  env?: Record<string, string> | null
  /** Working directory. */
  cwd?: string
  /** Hears what the child writes to its standard error; dropped if not given. */
  errorReceived?: ErrorOutput
}

/** Hears of a child. */
export interface IProcessProtocol {
  makeConnection(transport: IProcessTransport): void
  connectionMade(): void
  /** @param childFD the child's descriptor that it came from */
  childDataReceived(childFD: number, data: Uint8Array): void
  /** The child, or this side, has closed this descriptor. That the child closed one it reads shows at the next write. */
  childConnectionLost(childFD: number): void
  /** The child has ended; its descriptors may still have data. @param reason ProcessDone or ProcessTerminated */
  processExited(reason: Failure): void
  /** The child has ended and all its descriptors are closed. Exactly once, last. */
  processEnded(reason: Failure): void
}

/** A running child. As a consumer it writes to the child's descriptor 0. */
export interface IProcessTransport extends IConsumer, IPushProducer {
  /** Null when it could not be started, or has been reaped. */
  readonly pid: number | null
  /** The pipe to or from a descriptor of the child, with its own limits and producers; null once it is closed. */
  pipe(childFD: number): IStreamTransport | null
  /** @throws RangeError for a descriptor that was not made a `w` */
  writeToChild(childFD: number, data: Uint8Array | string): void
  writeSequence(list: Iterable<Uint8Array | string>): void
  /** Bytes written to the child's descriptor 0 that the host has not taken yet. */
  readonly writableLength: number
  /** Of descriptor 0, as of any connection. */
  drain(): Deferred<void>
  setWriteLimits(limits: WriteLimits): void
  closeChildFD(childFD: number): void
  closeStdin(): void
  closeStdout(): void
  closeStderr(): void
  /** Closes 0, 1 and 2. */
  loseConnection(): void
  /** `KILL`, `TERM`, `HUP`, `INT`, `STOP`, …, with or without `SIG`, or a number. @throws ProcessExitedAlready */
  signalProcess(signal: string | number): void
}

/** Child processes. */
export interface IReactorProcess {
  /**
   * Runs a program; `connectionMade` is called before this returns. `args` come after the program's own name.
   * What cannot be started is told to `processExited` and `processEnded`, as ProcessNotStarted, in a later turn.
   */
  spawnProcess(protocol: IProcessProtocol, executable: string, args?: readonly string[],
    options?: SpawnOptions): IProcessTransport
  /**
   * Runs a program as a connection: its standard input is what the protocol writes, its standard output what it receives.
   * What cannot be started is a failed attempt; beyond Twisted.
   */
  connectProcess(executable: string, args: readonly string[], factory: IClientFactory,
    options?: ConnectProcessOptions): IConnector
}
