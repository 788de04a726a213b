/**
 * The part of Bun that this binding uses, as types.
 *
 * Owns: nothing at run time but the way to the global, which is looked up when it is used. Must not know: whorl.
 */

/** A connected socket, as `Bun.listen` and `Bun.connect` give it. What is undefined once it is closed says so. */
export interface BunSocket {
  /** Whatever was put here; of an accepted socket at first what its listener has. */
  data: unknown
  readonly remoteAddress: string | undefined
  readonly remotePort: number | undefined
  readonly localAddress: string | undefined
  readonly localPort: number | undefined
  /** @returns how many bytes the kernel took, -1 when nothing can be sent any more; `drain` follows a shorter count */
  write(bytes: Uint8Array): number
  /** Ends the sending side; closes a socket whose peer has ended its own. */
  shutdown(): void
  /** Closes in order. */
  close(): void
  /** Closes with a reset. */
  terminate(): void
  pause(): void
  resume(): void
  unref(): void
  setNoDelay(enabled: boolean): boolean
  /** @param delay in ms; less than a second leaves the system's own */
  setKeepAlive(enabled: boolean, delay?: number): boolean
}

/** What Bun calls of a socket; from inside the socket's own methods, too. */
export interface BunSocketHandlers {
  readonly binaryType: 'uint8array'
  open(socket: BunSocket): void
  data(socket: BunSocket, bytes: Uint8Array): void
  end(socket: BunSocket): void
  drain(socket: BunSocket): void
  close(socket: BunSocket, error?: unknown): void
  connectError(socket: BunSocket, error: unknown): void
}

/** A listening socket. */
export interface BunListener {
  readonly hostname: string
  readonly port: number
  /** @param all whether its connections are closed, too */
  stop(all: boolean): void
  unref(): void
}

interface SocketOptions {
  readonly socket: BunSocketHandlers
  readonly data: unknown
  readonly allowHalfOpen: true
}

/** Options of `Bun.listen`. */
export type BunListenOptions = SocketOptions &
  ({ hostname: string, port: number, reusePort?: boolean, ipv6Only?: boolean } | { unix: string })

/** Options of `Bun.connect`. */
export type BunConnectOptions = SocketOptions &
  ({ hostname: string, port: number, localAddress?: string, localPort?: number } | { unix: string })

/** A datagram socket. Its methods throw what the kernel says. */
export interface BunUDPSocket {
  readonly address: { readonly address: string, readonly port: number }
  /** @returns false if the kernel has no room: `drain` follows */
  send(data: Uint8Array, port?: number, address?: string): boolean
  setBroadcast(allowed: boolean): unknown
  addMembership(group: string, iface?: string): unknown
  dropMembership(group: string, iface?: string): unknown
  setMulticastTTL(ttl: number): unknown
  setMulticastLoopback(enabled: boolean): unknown
  setMulticastInterface(iface: string): unknown
  close(): void
  unref(): void
}

/** Options of `Bun.udpSocket`. */
export interface BunUDPOptions {
  readonly hostname: string
  readonly port: number
  readonly binaryType: 'uint8array'
  readonly connect?: { readonly hostname: string, readonly port: number } | undefined
  /** As `node:dgram` of Bun gives it: 16 for a port that several may have. */
  readonly flags?: number | undefined
  readonly socket: {
    data(socket: BunUDPSocket, data: Uint8Array, port: number, address: string): void
    drain(socket: BunUDPSocket): void
    /** Bun gives the error alone, whatever its documentation says. */
    error(socketOrError: unknown, error?: unknown): void
  }
}

/** What of Bun is used. */
export interface BunAPI {
  listen(options: BunListenOptions): BunListener
  /** The handlers tell all; the promise is for those who want one. */
  connect(options: BunConnectOptions): Promise<BunSocket>
  /** Throws what the kernel says, or fails with it. */
  udpSocket(options: BunUDPOptions): Promise<BunUDPSocket>
  /** What a promise has been fulfilled with, or rejected; the promise itself while it is pending. */
  peek<T>(promise: Promise<T>): T | Promise<T>
}

/** Bun, as it is now. */
export function bun(): BunAPI {
  return (globalThis as unknown as { Bun: BunAPI }).Bun
}
