/**
 * whorl on Deno: composes reactors from the core, Deno's clock and Deno's sockets.
 *
 * Owns: the default reactor, and the functions that use it where no other is given. Importing this has no effect and
 * needs no permission; the default reactor takes hold of the core and of Deno when it is first used.
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
  processes: 'whorl/deno does not start programs',
  descriptors: 'whorl/deno does not reach file descriptors',
  threads: 'whorl/deno has no pool of workers',
  udp: 'Deno.listenDatagram is not there without --unstable-net',
  listenMulticast: 'whorl/deno does not reach multicast of Deno',
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

/**
 * Calls `main`, runs the reactor until what it returned has fired, and ends the program with its status.
 *
 * @param argv further arguments for main; `Deno.args` for those of the command line
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

export { denoCore } from './load.js'
export type { Reactor } from '../../src/reactor/index.js'
