/**
 * whorl on Bun: composes reactors from the core, Bun's clock and Bun's sockets.
 *
 * Owns: the default reactor, and the functions that use it where no other is given. Importing this has no effect; the
 * default reactor takes hold of the core and of Bun when it is first used.
 */

import type { Deferred } from '../../src/defer/index.js'
import type { IReactorTime, ReactorParts } from '../../src/interfaces/index.js'
import {
  coiterate as coiterateOn, cooperate as cooperateOn, react as reactWith, Reactor,
} from '../../src/reactor/index.js'
import type { CooperativeTask, ReactorOptions } from '../../src/reactor/index.js'
import { fromWebSocket as fromWebSocketOn } from '../../src/transports/index.js'
import type { FromWebSocketOptions, StreamTransport, WebSocketLike } from '../../src/transports/index.js'
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
  processes: 'whorl/bun does not start programs yet',
  descriptors: 'whorl/bun does not reach file descriptors yet',
  threads: 'whorl/bun has no pool of workers yet',
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

/**
 * Calls `main`, runs the reactor until what it returned has fired, and ends the program with its status.
 *
 * @param argv further arguments for main; `process.argv.slice(2)` for those of the command line
 * @param on what is run; the default reactor if not given
 */
export function react(
  main: (reactor: Reactor, ...argv: string[]) => unknown, argv: readonly string[] = [], on: Reactor = reactor,
): Promise<number> {
  return reactWith(main, argv, on)
}

/** Runs an iterator beside others, on the cooperator of the default reactor, or of a clock that is given. */
export function cooperate(
  iterator: Iterator<unknown> | Iterable<unknown>, clock: IReactorTime = reactor): CooperativeTask {
  return cooperateOn(iterator, clock)
}

/** As {@link cooperate}, and gives the Deferred of the iterator's end. */
export function coiterate(
  iterator: Iterator<unknown> | Iterable<unknown>, clock: IReactorTime = reactor): Deferred<Iterator<unknown>> {
  return coiterateOn(iterator, clock)
}

/** A connection over a WebSocket: see `fromWebSocket` of all hosts. Of the default reactor if none is given. */
export function fromWebSocket(ws: WebSocketLike, options: Partial<FromWebSocketOptions> = {}): StreamTransport {
  return fromWebSocketOn(ws, { reactor, ...options })
}

export { bunCore } from './load.js'
export type { Reactor } from '../../src/reactor/index.js'
