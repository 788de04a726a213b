/**
 * whorl on Deno: composes reactors from the core, Deno's clock and Deno's sockets.
 *
 * Owns: the default reactor, and the functions that use it where no other is given. Importing this has no effect and
 * needs no permission; the default reactor takes hold of the core and of Deno when it is first used.
 */

import type { ReactorParts } from '../../src/interfaces/index.js'
import { Reactor } from '../../src/reactor/index.js'
import type { ReactorOptions } from '../../src/reactor/index.js'
import { coiterateWith, cooperateWith, reactWith } from '../../src/reactor/own-reactor.js'
import type { Coiterate, Cooperate, React } from '../../src/reactor/own-reactor.js'
import { fromWebSocketWith } from '../../src/transports/own-reactor.js'
import type { FromWebSocket } from '../../src/transports/own-reactor.js'
import { NodeCompression } from '../node-api/compression.js'
import { NodeFiles } from '../node-api/files.js'
import { globals } from './api.js'
import type { DenoAPI } from './api.js'
import { DenoHost } from './host.js'
import { denoCore, prepare } from './load.js'
import { denoResolver } from './resolver.js'
import { DenoTCP } from './tcp.js'
import { DenoTLS } from './tls.js'
import { DenoUDP } from './udp.js'
import { DenoUNIX } from './unix.js'

/** Options of {@link createReactor}. */
export type DenoReactorOptions = ReactorOptions

const LACKS = {
  processes: 'whorl has no processes for Deno',
  descriptors: 'whorl has no adopted descriptors for Deno',
  threads: 'whorl has no pool of threads for Deno',
  udp: 'Deno.listenDatagram is not there without --unstable-net',
  listenMulticast: 'whorl has no multicast for Deno',
} as const

/** A reactor of Deno, independent of every other. */
export function createReactor(options?: DenoReactorOptions): Reactor {
  prepare()
  return makeReactor(options)
}

function makeReactor(options?: DenoReactorOptions): Reactor {
  const parts: ReactorParts = {
    core: denoCore, host: new DenoHost(), lacks: LACKS, tcp: new DenoTCP(), tls: new DenoTLS(),
    unix: new DenoUNIX(), files: new NodeFiles(), compression: new NodeCompression(), resolver: denoResolver(),
  }
  // Whoever reads the types of this in another host has no Deno.
  const { Deno } = globals() as { Deno?: DenoAPI }
  if (Deno?.listenDatagram !== undefined) parts.udp = new DenoUDP()
  return new Reactor(parts, options)
}

/** The default reactor. */
export const reactor: Reactor = /* @__PURE__ */ makeReactor()

/** Runs a program: see {@link React}. */
export const react: React = /* @__PURE__ */ reactWith(reactor)

/** See {@link Cooperate}. */
export const cooperate: Cooperate = /* @__PURE__ */ cooperateWith(reactor)

/** See {@link Coiterate}. */
export const coiterate: Coiterate = /* @__PURE__ */ coiterateWith(reactor)

/** See {@link FromWebSocket}. */
export const fromWebSocket: FromWebSocket = /* @__PURE__ */ fromWebSocketWith(reactor)

export { denoCore } from './load.js'
export type { Reactor } from '../../src/reactor/index.js'
