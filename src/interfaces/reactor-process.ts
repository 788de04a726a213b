/**
 * Reactors that can run child processes.
 *
 * Source: twisted.internet.interfaces.IReactorProcess, IProcessProtocol, IProcessTransport.
 */

import type { Failure } from '../defer/index.js'
import type { IConsumer, IPushProducer } from './producer.js'

/** What becomes of a descriptor of the child: `r` the parent reads it, `w` the parent writes it, or one of ours. */
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

/** Hears of a child. */
export interface IProcessProtocol {
  makeConnection(transport: IProcessTransport): void
  connectionMade(): void
  /** @param childFD the child's descriptor that it came from */
  childDataReceived(childFD: number, data: Uint8Array): void
  /** The child, or this side, has closed this descriptor. */
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
  writeToChild(childFD: number, data: Uint8Array | string): void
  writeSequence(list: Iterable<Uint8Array | string>): void
  closeChildFD(childFD: number): void
  closeStdin(): void
  closeStdout(): void
  closeStderr(): void
  /** Closes 0, 1 and 2. */
  loseConnection(): void
  /** `KILL`, `TERM`, `HUP`, `INT`, `STOP`, or a number. @throws ProcessExitedAlready */
  signalProcess(signal: string | number): void
}

/** Child processes. */
export interface IReactorProcess {
  /** What cannot be started is told to `processExited` and `processEnded`, with the host's error. */
  spawnProcess(protocol: IProcessProtocol, executable: string, args?: readonly string[],
    options?: SpawnOptions): IProcessTransport
}
