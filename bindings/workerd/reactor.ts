/**
 * Composes reactors from the core, workerd's clock and its sockets.
 *
 * Owns: how a reactor is made. There is no default reactor, and none may be made at module scope: what a reactor holds
 * belongs to the event, or the Durable Object, that made it, and workerd lets nobody else use it.
 */
import type { ReactorParts } from '../../src/interfaces/index.js'
import { Reactor } from '../../src/reactor/index.js'
import type { ReactorOptions } from '../../src/reactor/index.js'
import { WorkerdHost } from './host.js'
import { LACKS } from './lacks.js'
import { workerdCore } from './load.js'
import { WorkerdTCP } from './tcp.js'
import { workerdTLS } from './tls.js'

/** Options of {@link createReactor}. */
export interface WorkerdReactorOptions extends ReactorOptions {
  /**
   * Stands between the reactor and its host, to write down what it lives through: see `recordTo` of
   * `whorl/testing`.
   */
  record?: { wrap(parts: ReactorParts): ReactorParts }
}

/** A reactor for one event or one Durable Object, independent of every other. Make none at module scope. */
export function createReactor({ record, ...options }: WorkerdReactorOptions = {}): Reactor {
  const parts: ReactorParts = {
    core: workerdCore, host: new WorkerdHost(), lacks: LACKS, tcp: new WorkerdTCP(), tls: workerdTLS,
  }
  return new Reactor(record?.wrap(parts) ?? parts, options)
}
