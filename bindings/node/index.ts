/**
 * whorl on Node: composes reactors from the core, Node's clock and Node's sockets.
 *
 * Owns: the default reactor, and the functions that use it where no other is given. Importing this has no effect;
 * the default reactor takes hold of the core and of Node when it is first used.
 */

import type { Deferred } from '../../src/defer/index.js'
import type { IReactorTime } from '../../src/interfaces/index.js'
import {
  coiterate as coiterateOn, cooperate as cooperateOn, react as reactWith, Reactor,
} from '../../src/reactor/index.js'
import type { CooperativeTask, ReactorOptions } from '../../src/reactor/index.js'
import { NodeHost } from './host.js'
import { nodeCore, prepare } from './load.js'
import { NodeTCP } from './tcp.js'

/** A reactor of Node, independent of every other. */
export function createReactor(options?: ReactorOptions): Reactor {
  prepare()
  return makeReactor(options)
}

function makeReactor(options?: ReactorOptions): Reactor {
  return new Reactor({ core: nodeCore, host: new NodeHost(), tcp: new NodeTCP() }, options)
}

/** The default reactor. */
export const reactor: Reactor = /* @__PURE__ */ makeReactor()

/**
 * Calls `main`, runs the reactor until what it returned has fired, and ends the process with its status.
 *
 * @param argv further arguments for main; `process.argv.slice(2)` for those of the command line
 * @param on what is run; the default reactor if not given
 * @example
 * react((reactor, host) => clientFromString(reactor, `tcp:${host}:80`).connect(factory), process.argv.slice(2))
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

export { carryContext } from './context.js'
export { nodeCore, nodeText } from './load.js'
export type { Reactor } from '../../src/reactor/index.js'
