/**
 * What a worker cannot do, and why: said by NotSupportedErrors, and in docs/hosts.md.
 *
 * Owns: the words.
 */

const NO_LISTENING =
  'a worker does not bind ports: its configuration says where to listen, and handlers() gets the connections'

/** By part of a reactor, or by method. */
export const LACKS: Readonly<Record<string, string>> = Object.freeze({
  listenTCP: NO_LISTENING,
  listenSSL: NO_LISTENING,
  listenUNIX: NO_LISTENING,
  unix: 'connect() of workerd knows no UNIX sockets',
  udp: 'a worker opens no sockets for datagrams',
  processes: 'a worker starts no programs',
  descriptors: 'a worker has no descriptors',
  threads: 'a worker starts no threads',
  files: 'a worker has no files of its machine',
  compression: 'CompressionStream neither flushes nor has a limit',
  resolver: 'workerd looks names up itself when it connects, and tells no addresses',
  onSignal: 'a worker gets no signals',
})

/** Why a connection cannot be the server of a handshake. */
export const NO_SERVER_TLS = 'workerd is a TLS server only where its configuration says so, before whorl gets the socket'

/** Why an option of TLS has no effect. */
export const NO_TLS_OPTION = 'connect() of workerd takes nothing but a name to verify; whom to trust is said in the ' +
  'configuration of the network (tlsOptions)'
