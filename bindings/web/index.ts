/**
 * whorl in pages, workers and service workers: composes reactors from the core, the browser's clock, and a relay where
 * one is given.
 *
 * Owns: the default reactor, and the functions that use it where no other is given. Importing this has no effect;
 * the default reactor takes hold of the core when it is first used.
 */
import type { Core } from '../../src/core/index.js'
import type { ReactorParts } from '../../src/interfaces/index.js'
import { Reactor } from '../../src/reactor/index.js'
import type { ReactorOptions } from '../../src/reactor/index.js'
import { coiterateWith, cooperateWith, reactWith } from '../../src/reactor/own-reactor.js'
import type { Coiterate, Cooperate, React } from '../../src/reactor/own-reactor.js'
import { fromMessagePortWith, fromWebSocketWith } from '../../src/transports/own-reactor.js'
import type { FromMessagePort, FromWebSocket } from '../../src/transports/own-reactor.js'
import { WebHost } from './host.js'
import { LACKS } from './lacks.js'
import { prepare, useCore, webCore } from './load.js'
import { RelayedTCP } from './tcp.js'
import type { RelayOptions } from './tcp.js'

/** Options of {@link createReactor}. */
export interface WebReactorOptions extends ReactorOptions {
  /** Through which `connectTCP`, and whatever is built on it, reaches hosts; without it that is a NotSupportedError. */
  relay?: RelayOptions
  /**
   * A core made by other means, as `createCore({ instantiate: instantiatePlain })` of `whorl/core` and
   * `whorl/core/plain`
   * where wasm is forbidden. The first that is given becomes the one of all protocols, too.
   */
  core?: Core
  /**
   * Stands between the reactor and its host, to write down what it lives through: see `recordTo` of
   * `whorl/testing`.
   */
  record?: { wrap(parts: ReactorParts): ReactorParts }
}

/**
 * A reactor of this page or worker, independent of every other.
 *
 * @throws TypeError, RangeError for a relay that is none
 * @example createReactor({ relay: { url: 'wss://relay.example/tunnel', token } })
 */
export function createReactor(options: WebReactorOptions = {}): Reactor {
  prepare()
  if (options.core !== undefined) useCore(options.core)
  return makeReactor(options)
}

function makeReactor({ relay, core, record, ...options }: WebReactorOptions = {}): Reactor {
  const host = new WebHost()
  const parts: ReactorParts = {
    core: core === undefined ? webCore : () => core, host, lacks: LACKS,
    ...relay === undefined ? {} : { tcp: new RelayedTCP(() => made, relay) },
  }
  const made: Reactor = new Reactor(record?.wrap(parts) ?? parts, options)
  return made
}

/** The default reactor. It has no relay: a program that needs one makes its own. */
export const reactor: Reactor = /* @__PURE__ */ makeReactor()

/** Runs a program: see {@link React}. */
export const react: React = /* @__PURE__ */ reactWith(reactor)

/** See {@link Cooperate}. */
export const cooperate: Cooperate = /* @__PURE__ */ cooperateWith(reactor)

/** See {@link Coiterate}. */
export const coiterate: Coiterate = /* @__PURE__ */ coiterateWith(reactor)

/** See {@link FromWebSocket}. */
export const fromWebSocket: FromWebSocket = /* @__PURE__ */ fromWebSocketWith(reactor)

/** See {@link FromMessagePort}. */
export const fromMessagePort: FromMessagePort = /* @__PURE__ */ fromMessagePortWith(reactor)

export { registerTunnelEndpoints, TunnelClientEndpoint } from '../../src/tunnel/client.js'
export type { TunnelEndpointOptions } from '../../src/tunnel/client.js'
export { loadCore, webCore, webText } from './load.js'
export {
  BroadcastClientEndpoint, BroadcastServerEndpoint, MessagePortClientEndpoint, MessagePortServerEndpoint,
} from './ports.js'
export { registerWebEndpoints } from './strings.js'
export type { RelayOptions } from './tcp.js'
export { WebSocketEndpoint } from './websocket.js'
export type { WebSocketEndpointOptions } from './websocket.js'
export type { Reactor } from '../../src/reactor/index.js'
