/**
 * What a page or worker cannot do, and why: said by NotSupportedErrors, and in docs/hosts.md.
 *
 * Owns: the words.
 */

const NO_SOCKETS = 'a page opens no sockets'

/** By part of a reactor, or by method. */
export const LACKS: Readonly<Record<string, string>> = Object.freeze({
  listenTCP: 'a page cannot be connected to; it can listen on MessagePorts and BroadcastChannels',
  tcp: `${NO_SOCKETS}: give createReactor the option relay, or connect through a WebSocket`,
  listenSSL: 'a page cannot be connected to',
  tls: 'what a page sends through a relay it cannot encrypt: there is no TLS for scripts',
  udp: NO_SOCKETS,
  unix: NO_SOCKETS,
  processes: 'a page starts no programs',
  descriptors: 'a page has no descriptors',
  threads: 'workers of a page take modules of their own: connect to them with MessagePortClientEndpoint',
  files: 'a page does not read the files of its machine',
  compression: 'CompressionStream neither flushes nor has a limit',
  resolver: 'a page does not learn addresses; a relay resolves names',
  onSignal: 'a page gets no signals',
})
