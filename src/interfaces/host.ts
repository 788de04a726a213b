/**
 * What a reactor needs of the machine it runs on, apart from sockets.
 *
 * A binding fills this; tests fill it by hand. Nothing here is called while a module is imported.
 */

import type { CompressionHost } from './compression-host.js'
import type { DatagramHost } from './datagram-host.js'
import type { DescriptorHost, ProcessHost } from './process-host.js'
import type { FileHost } from './reactor-files.js'
import type { ThreadHost } from './reactor-threads.js'
import type { IHostnameResolver } from './resolver.js'
import type { TCPHost, UNIXHost } from './stream-host.js'
import type { TLSHost } from './tls-host.js'
import type { WebSocketLike } from '../transports/bridges-websocket.js'

/** Whatever a host returns for a timer. */
export type HostTimer = unknown

/** Clock, timer, signals and text of a host. */
export interface HostPort {
  /** Name for messages: `node`, `deno`, … */
  readonly name: string
  /** Milliseconds, with fractions, on a clock that never runs backwards. */
  now(): number
  /** Milliseconds since 1970-01-01 UTC, as far as the machine knows; missing where it does not. */
  wallClock?(): number
  /** One timer; must not keep the program alive by itself (see `keepAlive`). May fire early. */
  setTimer(delayMs: number, fn: () => void): HostTimer
  clearTimer(timer: HostTimer): void
  /** Calls after what the host has ready to deliver now, once; at most one is outstanding for each reactor. */
  soon(fn: () => void): void
  /** Calls when the code that runs now, with the promise jobs it leaves, is done. */
  afterJobs(fn: () => void): void
  /** Whether the program must be kept alive for the reactor's sake. */
  keepAlive(wanted: boolean): void
  /** Calls `fn` for SIGINT and SIGTERM. @returns what takes the handlers away again */
  installSignals(fn: (signal: string) => void): () => void
  /**
   * Calls `fn` at each signal of this name, which then no longer does what the system does by default; missing where
   * there are none. @returns what takes the handler away again @throws TypeError for what nobody can handle
   */
  onSignal?(signal: string, fn: () => void): () => void
  /** Ends the program with a status, 0 to 255; missing where that is not the program's to decide. */
  exit?(status: number): void
  /** UTF-8. */
  encode(text: string): Uint8Array
  /** An array whose contents are arbitrary. */
  allocate(length: number): Uint8Array
  /** Fills an array with bytes that nobody can foretell; missing where the host has no source of them. */
  entropy?(bytes: Uint8Array): void
  /** Opens a WebSocket of the host's own; missing where it has none, or is not to be asked for one. */
  webSocket?(url: string, subprotocols: readonly string[]): WebSocketLike
}

/** What a reactor uses of the core's timing wheel. */
export interface TimersPart {
  schedule(deadline: number, id: number): number
  cancel(handle: number): boolean
  reschedule(handle: number, deadline: number): boolean
  nextDeadline(): number
  advance(now: number, onDue: (id: number) => void): number
  free(): void
}

/** What a reactor uses of the core's event queue. */
export interface QueuePart {
  readonly size: number
  push(id: number, priority?: 0 | 1 | 2 | 3, source?: number): void
  drain(budget: number, onEvent: (id: number) => void): number
  free(): void
}

/** What a reactor uses of the core; each reactor makes a wheel and a queue of its own. */
export interface CorePart {
  createTimers(options?: { tick?: number, now?: number }): TimersPart
  createQueue(): QueuePart
}

/** Everything a binding composes a reactor from. */
export interface ReactorParts {
  /** Asked once, when the reactor first needs it. */
  core: () => CorePart
  host: HostPort
  /** Why a part or a method is not there: `{ processes: 'a page starts no programs' }`; told by NotSupportedError. */
  lacks?: Readonly<Record<string, string>>
  // Each is absent where the host has nothing of the kind: using it is then a NotSupportedError.
  tcp?: TCPHost
  tls?: TLSHost
  unix?: UNIXHost
  udp?: DatagramHost
  processes?: ProcessHost
  descriptors?: DescriptorHost
  threads?: ThreadHost
  files?: FileHost
  compression?: CompressionHost
  /** The host's way from names to addresses: hosts file, DNS. */
  resolver?: IHostnameResolver
}
