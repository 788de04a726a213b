/**
 * whorl on Node: composes reactors from the core, Node's clock and Node's sockets.
 *
 * Owns: the default reactor, and the functions that use it where no other is given. Importing this has no effect;
 * the default reactor takes hold of the core and of Node when it is first used.
 */

import type { Duplex } from 'node:stream'
import type { Deferred } from '../../src/defer/index.js'
import type { IThreadPool, ReactorParts, ThreadTask } from '../../src/interfaces/index.js'
import { Reactor } from '../../src/reactor/index.js'
import type { ReactorOptions } from '../../src/reactor/index.js'
import { coiterateWith, cooperateWith, reactWith } from '../../src/reactor/own-reactor.js'
import type { Coiterate, Cooperate, React } from '../../src/reactor/own-reactor.js'
import { ThreadPool } from '../../src/reactor/thread-pool.js'
import { NodeCompression } from '../node-api/compression.js'
import { NodeDescriptors } from './descriptors.js'
import { NodeFiles } from '../node-api/files.js'
import type { StreamTransport } from '../../src/transports/index.js'
import { fromWebSocketWith } from '../../src/transports/own-reactor.js'
import type { FromWebSocket } from '../../src/transports/own-reactor.js'
import { fromDuplex as fromDuplexOn } from './bridges.js'
import type { FromDuplexOptions } from './bridges.js'
import { NodeHost } from './host.js'
import { nodeCore, prepare } from './load.js'
import { NodeProcesses } from './process.js'
import { nodeResolver } from './resolver.js'
import { NodeTCP } from './tcp.js'
import { NodeThreads } from './threads.js'
import type { NodeThreadOptions } from './threads.js'
import { NodeTLS } from '../node-api/tls.js'
import { NodeUDP } from './udp.js'
import { NodeUNIX } from './unix.js'

/** Options of {@link createReactor}. */
export interface NodeReactorOptions extends ReactorOptions {
  /** Stands between the reactor and Node, to write down what it lives through: see `recordTo` of `whorl/testing`. */
  record?: { wrap(parts: ReactorParts): ReactorParts }
}

/** A reactor of Node, independent of every other. */
export function createReactor(options?: NodeReactorOptions): Reactor {
  prepare()
  return makeReactor(options)
}

function makeReactor(options?: NodeReactorOptions): Reactor {
  const parts: ReactorParts = {
    core: nodeCore, host: new NodeHost(), tcp: new NodeTCP(), tls: new NodeTLS({ prepare }), udp: new NodeUDP(),
    unix: new NodeUNIX(), processes: new NodeProcesses(), descriptors: new NodeDescriptors(),
    threads: new NodeThreads(), files: new NodeFiles(), compression: new NodeCompression(),
    resolver: nodeResolver(),
  }
  return new Reactor(options?.record?.wrap(parts) ?? parts, options)
}

/** The default reactor. */
export const reactor: Reactor = /* @__PURE__ */ makeReactor()

/** Runs a program: see {@link React}. */
export const react: React = /* @__PURE__ */ reactWith(reactor)

/** See {@link Cooperate}. */
export const cooperate: Cooperate = /* @__PURE__ */ cooperateWith(reactor)

/** See {@link Coiterate}. */
export const coiterate: Coiterate = /* @__PURE__ */ coiterateWith(reactor)

/**
 * Runs a task in a thread of the default reactor's pool: see `deferToThreadPool`.
 *
 * @param task URL of a module, whose `default` export is called; or `{ module, export, signal }`
 * @param args what it is called with: copied, or moved, see `transfer`
 * @example
 * deferToThread({ module: new URL('./images.js', import.meta.url), export: 'shrink' }, transfer(bytes), 200)
 */
export function deferToThread<T = unknown>(task: ThreadTask, ...args: unknown[]): Deferred<T> {
  return reactor.getThreadPool().call(task, args) as Deferred<T>
}

/** A pool of threads beside the one of its reactor, for `deferToThreadPool`. The program stops it. */
export function createThreadPool(
  options: NodeThreadOptions & { size?: number } = {}, on: Reactor = reactor): IThreadPool {
  return new ThreadPool(on, new NodeThreads(options), options.size)
}

/** A connection over one of Node's streams: see the other `fromDuplex`. Of the default reactor if none is given. */
export function fromDuplex(duplex: Duplex, options: Partial<FromDuplexOptions> = {}): StreamTransport {
  return fromDuplexOn(duplex, { reactor, ...options })
}

/** See {@link FromWebSocket}. */
export const fromWebSocket: FromWebSocket = /* @__PURE__ */ fromWebSocketWith(reactor)

export { toDuplex } from './bridges.js'
export type { FromDuplexOptions, ToDuplexOptions } from './bridges.js'
export { carryContext } from './context.js'
export { nodeCore, nodeText } from './load.js'
export type { NodeThreadOptions } from './threads.js'
export type { Reactor } from '../../src/reactor/index.js'
