/**
 * What a binding offers to run programs, and to use the descriptors that this program was started with.
 */

import type { StreamChannel } from './stream-channel.js'
import type { ConnectSink, ListenHandle, ListenSink } from './stream-host.js'
import type { ChildFD } from './reactor-process.js'

/** What `spawn` needs. */
export interface SpawnRequest {
  executable: string
  args: readonly string[]
  /** Null for this program's own. */
  env: Record<string, string> | null
  cwd?: string
  fds: ReadonlyMap<number, ChildFD>
}

/** How a program ended: one of the two is not null. */
export interface ProcessStatus {
  exitCode: number | null
  signal: string | null
}

/** Hears of a child. */
export interface ProcessSink {
  /**
   * It runs; may come from inside `spawn`. Each channel belongs to one descriptor, and goes one way: only its sink's
   * half is used.
   */
  started(pid: number, channels: ReadonlyMap<number, StreamChannel>): void
  /** It could not be started; nothing follows. */
  failed(error: unknown): void
  exited(status: ProcessStatus): void
}

/** A child. */
export interface ProcessHandle {
  /** @param signal `SIGTERM`, …, or a number @returns false if it is gone @throws TypeError for an unknown signal */
  signal(signal: string | number): boolean
  /** Whether it keeps this program alive. */
  keepAlive(wanted: boolean): void
}

/** Processes of a host. */
export interface ProcessHost {
  spawn(request: SpawnRequest, sink: ProcessSink): ProcessHandle
}

/** Standard input and output, and descriptors that were handed to this program. */
export interface DescriptorHost {
  /** Standard input and output as one channel. Once for each program. @throws StandardIOTaken */
  stdio(): StreamChannel
  /** A listening socket that is descriptor `fd` already. */
  adoptPort(fd: number, sink: ListenSink): ListenHandle
  /** A connected socket that is descriptor `fd` already; the sink is called before this returns. */
  adoptConnection(fd: number, sink: ConnectSink): void
}
