/** `whorl/socket`: the Berkeley calls as a pull API over the same transports. */

export type { SocketAddress, SocketFamily, SocketReactor, SocketType } from './address.js'
export {
  accept, bind, close, connect, getpeername, getsockname, listen, readExactly, readLine, readUntil, recv, recvfrom,
  send, sendall, sendto, setsockopt, shutdown, socket,
} from './calls.js'
export type { Socket } from './calls.js'
export { SocketConnection } from './connection.js'
export type { Half, TLSSettings } from './connection.js'
export { DatagramSocket } from './datagram-socket.js'
export type { Datagram, DatagramSocketOptions, Membership } from './datagram-socket.js'
export { IncompleteReadError, ReadLimitError, SocketClosed, SocketStateError } from './errors.js'
export type { FrameOptions, LineOptions } from './reads.js'
export type { StreamSocketOptions } from './stream-options.js'
export { StreamSocket } from './stream-socket.js'
export type { ConnectOptions, WaitOptions } from './stream-socket.js'
