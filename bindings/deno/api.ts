/**
 * The part of Deno that this binding uses, as types.
 *
 * Owns: nothing at run time but the way to the global, which is looked up when it is used. Must not know: whorl.
 */

/** Of a connection. */
export interface NetAddress {
  readonly hostname: string
  readonly port: number
}

/** A connected socket. */
export interface DenoConn {
  readonly localAddr: unknown
  readonly remoteAddr: unknown
  /** @returns how many bytes, null at the end */
  read(into: Uint8Array): Promise<number | null>
  write(bytes: Uint8Array): Promise<number>
  closeWrite(): Promise<void>
  close(): void
  ref(): void
  unref(): void
  setNoDelay?(enabled: boolean): void
  setKeepAlive?(enabled: boolean): void
}

/** A listening socket. */
export interface DenoListener {
  readonly addr: unknown
  accept(): Promise<DenoConn>
  close(): void
  ref(): void
  unref(): void
}

/** A datagram socket; with `--unstable-net` only. */
export interface DenoDatagramConn {
  readonly addr: unknown
  receive(): Promise<[Uint8Array, NetAddress]>
  send(data: Uint8Array, to: NetAddress & { transport: 'udp' }): Promise<number>
  close(): void
  unref?(): void
}

/** What of Deno is used. */
export interface DenoAPI {
  readonly stderr: { writeSync(bytes: Uint8Array): number }
  listen(options: { transport: 'tcp', hostname: string, port: number, tcpBacklog?: number, reusePort?: boolean }):
  DenoListener
  listen(options: { transport: 'unix', path: string }): DenoListener
  connect(options: { transport: 'tcp', hostname: string, port: number, signal: AbortSignal }): Promise<DenoConn>
  connect(options: { transport: 'unix', path: string }): Promise<DenoConn>
  /** There with `--unstable-net`. */
  listenDatagram?(options: { transport: 'udp', hostname: string, port: number, reuseAddress?: boolean }):
  DenoDatagramConn
  unrefTimer(timer: number): void
  refTimer(timer: number): void
  addSignalListener(signal: string, fn: () => void): void
  removeSignalListener(signal: string, fn: () => void): void
  exit(status: number): never
}

/** Of `node:dns`, which Deno has built in: the only way to the system's own resolver. */
export interface DNSModule {
  lookup(name: string, options: { all: true, verbatim: true, family: number },
    done: (error: { code?: string } | null, addresses: { address: string }[]) => void): void
}

/** Deno's globals. */
export interface DenoGlobals {
  readonly Deno: DenoAPI
  readonly process: { getBuiltinModule(name: 'node:dns'): DNSModule, nextTick(fn: () => void): void }
  readonly performance: { now(): number }
  readonly crypto: { getRandomValues(bytes: Uint8Array): void }
  setTimeout(fn: () => void, delay: number): number
  setInterval(fn: () => void, delay: number): number
  clearTimeout(timer: number): void
  setImmediate(fn: () => void): unknown
  queueMicrotask(fn: () => void): void
  addEventListener(type: string, fn: () => void): void
}

/** Deno's globals, as they are now. */
export function globals(): DenoGlobals {
  return globalThis as unknown as DenoGlobals
}

/** Deno, as it is now. */
export function deno(): DenoAPI {
  return globals().Deno
}
