/**
 * whorl on Node: composes reactors from the core, Node's clock and Node's sockets.
 *
 * Owns: the default reactor. Importing this has no effect; the default reactor takes hold of the core and of
 * Node when it is first used.
 */

import { Reactor } from '../../src/reactor/index.js'
import type { ReactorOptions } from '../../src/reactor/index.js'
import { NodeHost } from './host.js'
import { nodeCore } from './load.js'
import { NodeTCP } from './tcp.js'

/** A reactor of Node, independent of every other. */
export function createReactor(options?: ReactorOptions): Reactor {
  return new Reactor({ core: nodeCore, host: new NodeHost(), tcp: new NodeTCP() }, options)
}

/** The default reactor. */
export const reactor: Reactor = /* @__PURE__ */ createReactor()

export { nodeCore, nodeText } from './load.js'
export type { Reactor } from '../../src/reactor/index.js'
