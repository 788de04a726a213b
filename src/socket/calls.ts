/**
 * The Berkeley calls as functions, for those who write them so.
 *
 * Owns: nothing; each is a method of its socket. Source: POSIX.1-2017, <sys/socket.h>.
 */
import { execute } from '../defer/index.js'
import type { Deferred } from '../defer/index.js'
import type { IAddress, UDPAddress } from '../interfaces/index.js'
import type { SocketAddress, SocketFamily, SocketReactor, SocketType } from './address.js'
import type { Half } from './connection.js'
import { DatagramSocket } from './datagram-socket.js'
import type { Datagram, DatagramSocketOptions } from './datagram-socket.js'
import { StreamSocket } from './stream-socket.js'
import type { FrameOptions, LineOptions } from './reads.js'
import type { ConnectOptions, WaitOptions } from './stream-socket.js'
import type { StreamSocketOptions } from './stream-options.js'

/** A socket of either type. */
export type Socket = StreamSocket | DatagramSocket

/**
 * Makes a socket.
 *
 * @param reactor who listens, connects and binds
 * @param family `inet` if not given
 * @param type `stream` if not given
 * @returns has fired; `new StreamSocket(reactor)` gives the same without a Deferred
 * @example
 * const server = await socket(reactor)
 * await bind(server, { host: '127.0.0.1', port: 8007 })
 * await listen(server)
 * for await (const client of server.connections()) void serve(client)
 */
export function socket(reactor: SocketReactor, family?: SocketFamily, type?: 'stream'): Deferred<StreamSocket>
export function socket(reactor: SocketReactor, family: SocketFamily, type: 'dgram'): Deferred<DatagramSocket>
export function socket(
  reactor: SocketReactor, family: SocketFamily = 'inet', type: SocketType = 'stream'): Deferred<any> {
  if (type !== 'stream' && type !== 'dgram') throw new RangeError(`a type is stream or dgram, not ${String(type)}`)
  return execute((): Socket => type === 'stream'
    ? new StreamSocket(reactor, family)
    : new DatagramSocket(reactor, family as 'inet' | 'inet6'))
}

/** See `StreamSocket.bind`, `DatagramSocket.bind`. */
export function bind(on: Socket, address: SocketAddress): Deferred<void> {
  return on.bind(address)
}

/** See `StreamSocket.listen`. */
export function listen(on: StreamSocket, backlog?: number): Deferred<void> {
  return on.listen(backlog)
}

/** See `StreamSocket.accept`. */
export function accept(on: StreamSocket, options?: WaitOptions): Deferred<StreamSocket> {
  return on.accept(options)
}

/** See `StreamSocket.connect`, `DatagramSocket.connect`. */
export function connect(on: Socket, address: SocketAddress, options?: ConnectOptions): Deferred<void> {
  return on.connect(address, options)
}

/** See `StreamSocket.send`, `DatagramSocket.send`. */
export function send(on: Socket, data: Uint8Array | string, options?: WaitOptions): Deferred<number> {
  return on.send(data, options)
}

/** See `StreamSocket.sendall`. */
export function sendall(on: StreamSocket, data: Uint8Array | string, options?: WaitOptions): Deferred<void> {
  return on.sendall(data, options)
}

/** See `StreamSocket.recv`; a datagram comes whole. */
export function recv(on: Socket, most?: number, options?: WaitOptions): Deferred<Uint8Array> {
  return on.type === 'dgram' ? on.recv(options) : on.recv(most, options)
}

/** See `StreamSocket.readExactly`. */
export function readExactly(on: StreamSocket, count: number, options?: WaitOptions): Deferred<Uint8Array> {
  return on.readExactly(count, options)
}

/** See `StreamSocket.readUntil`. */
export function readUntil(
  on: StreamSocket, delimiter: string | Uint8Array, options?: FrameOptions & WaitOptions): Deferred<Uint8Array> {
  return on.readUntil(delimiter, options)
}

/** See `StreamSocket.readLine`. */
export function readLine(on: StreamSocket, options?: LineOptions & WaitOptions): Deferred<string | null> {
  return on.readLine(options)
}

/** See `DatagramSocket.sendto`. */
export function sendto(on: DatagramSocket, data: Uint8Array | string, address: SocketAddress): Deferred<number> {
  return on.sendto(data, address)
}

/** See `DatagramSocket.recvfrom`. */
export function recvfrom(on: DatagramSocket, options?: WaitOptions): Deferred<Datagram> {
  return on.recvfrom(options)
}

/** See `StreamSocket.shutdown`. */
export function shutdown(on: StreamSocket, half?: Half): Deferred<void> {
  return on.shutdown(half)
}

/** See `StreamSocket.close`, `DatagramSocket.close`. */
export function close(on: Socket): Deferred<void> {
  return on.close()
}

/** The address of this end. */
export function getsockname(on: Socket): Deferred<IAddress | UDPAddress> {
  return on.getsockname() as Deferred<IAddress | UDPAddress>
}

/** The address of the other end. */
export function getpeername(on: StreamSocket): Deferred<IAddress> {
  return on.getpeername()
}

/** See `StreamSocketOptions`. */
export function setsockopt<K extends keyof StreamSocketOptions>(
  on: StreamSocket, option: K, value: StreamSocketOptions[K]): Deferred<void>
/** See `DatagramSocketOptions`. */
export function setsockopt<K extends keyof DatagramSocketOptions>(
  on: DatagramSocket, option: K, value: DatagramSocketOptions[K]): Deferred<void>
export function setsockopt(on: Socket, option: string, value: unknown): Deferred<void> {
  return (on as StreamSocket).setsockopt(option as never, value as never)
}
