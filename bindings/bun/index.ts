/**
 * whorl on Bun: composes reactors from the core, Bun's clock and Bun's sockets.
 *
 * Owns: the default reactor, and the functions that use it where no other is given. Importing this has no effect; the
 * default reactor takes hold of the core and of Bun when it is first used.
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
import { BunHost } from './host.js'
import { bunCore, prepare } from './load.js'
import { bunResolver } from './resolver.js'
import { BunTCP } from './tcp.js'
import { BunTLS } from './tls.js'
import { BunUDP } from './udp.js'
import { BunUNIX } from './unix.js'

/** Options of {@link createReactor}. */
export type BunReactorOptions = ReactorOptions

const LACKS = {
  processes: 'whorl has no processes for Bun',
  descriptors: 'whorl has no adopted descriptors for Bun',
  threads: 'whorl has no pool of threads for Bun',
} as const

/** A reactor of Bun, independent of every other. */
export function createReactor(options?: BunReactorOptions): Reactor {
  prepare()
  return makeReactor(options)
}

function makeReactor(options?: BunReactorOptions): Reactor {
  const parts: ReactorParts = {
    core: bunCore, host: new BunHost(), lacks: LACKS, tcp: new BunTCP(), udp: new BunUDP(), unix: new BunUNIX(),
    tls: new BunTLS(), files: new NodeFiles(), compression: new NodeCompression(), resolver: bunResolver(),
  }
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

export { bunCore } from './load.js'
export type { Reactor } from '../../src/reactor/index.js'
