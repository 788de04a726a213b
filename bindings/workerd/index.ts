/**
 * whorl on workerd: composes reactors from the core and workerd's clock.
 *
 * Owns: how a reactor is made. There is no default reactor: what a reactor holds belongs to the event that made it.
 * Sockets are not part of this binding yet; using them is a NotSupportedError.
 */

import { Reactor } from '../../src/reactor/index.js'
import type { ReactorOptions } from '../../src/reactor/index.js'
import { WorkerdHost } from './host.js'
import { prepare, workerdCore } from './load.js'

/** Options of {@link createReactor}. */
export interface WorkerdReactorOptions extends ReactorOptions {
  /** core.wasm as the worker's configuration gives it; needed once in each isolate. */
  module?: WebAssembly.Module
}

/** A reactor for one event or one Durable Object, independent of every other. Make none at module scope. */
export function createReactor({ module, ...options }: WorkerdReactorOptions = {}): Reactor {
  prepare(module)
  return new Reactor({
    core: workerdCore,
    host: new WorkerdHost(),
    lacks: {
      tcp: 'this binding has no sockets yet',
      tls: 'this binding has no sockets yet',
      unix: 'this binding has no sockets yet',
      udp: 'a worker sends no datagrams of its own accord',
      processes: 'a worker starts no programs',
      descriptors: 'a worker has no descriptors',
      threads: 'workerd has no threads to start',
      files: 'a worker has no files',
    },
  }, options)
}

export type { Reactor } from '../../src/reactor/index.js'
