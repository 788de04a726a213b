/**
 * What this binding uses of workerd, typed; nothing else of it is known here.
 *
 * Source: cloudflare:sockets, the handlers of workers and Durable Objects, WebSocketPair, as of workerd 1.20261117.
 */

/** Globals of a worker that the DOM library has otherwise, or not at all. */
export interface WorkerGlobals {
  setTimeout(fn: () => void, delayMs: number): unknown
  clearTimeout(timer: unknown): void
  WebSocketPair: new () => { 0: WorkerdWebSocket, 1: WorkerdWebSocket }
}

/** Asked for at each use, so that importing this takes hold of nothing. */
export function globals(): WorkerGlobals {
  return globalThis as unknown as WorkerGlobals
}

/** `connect` of cloudflare:sockets. */
export type ConnectSocket = (
  address: { hostname: string, port: number },
  options: { secureTransport: 'off' | 'on' | 'starttls', allowHalfOpen: boolean }) => WorkerdSocket

/** A socket of either direction. */
export interface WorkerdSocket {
  readonly readable: ReadableStream<Uint8Array>
  readonly writable: WritableStream<Uint8Array>
  /** Rejects when it cannot be opened; after `startTls` when there is no TLS. */
  readonly opened: Promise<SocketInfo>
  readonly closed: Promise<void>
  close(): Promise<void>
  startTls(options?: { expectedServerHostname?: string }): WorkerdSocket
}

/** `host:port` of both ends, as far as they are known. */
export interface SocketInfo {
  remoteAddress?: string
  localAddress?: string
}

/** What an event is given besides what it is about. */
export interface EventContext {
  waitUntil(promise: Promise<unknown>): void
}

/** What a Durable Object is given. */
export interface DurableObjectState extends EventContext {
  readonly id: unknown
}

/** One end of a pair, or what a fetch has made. */
export interface WorkerdWebSocket {
  accept(options?: { allowHalfOpen?: boolean }): void
  binaryType: string
  readonly readyState: number
  send(data: string | ArrayBuffer | ArrayBufferView): void
  close(code?: number, reason?: string): void
  addEventListener(type: 'message' | 'close' | 'error' | 'open', listener: (event: any) => void): void
}
