/**
 * whorl in pages, workers and service workers: composes reactors from the core, the browser's clock, and a relay where
 * one is given.
 *
 * Owns: the default reactor, and the functions that use it where no other is given. Importing this has no effect;
 * the default reactor takes hold of the core when it is first used.
 */
import type { Core } from '../../src/core/index.js'
import type { Deferred } from '../../src/defer/index.js'
import type { IReactorTime, ReactorParts } from '../../src/interfaces/index.js'
import {
  coiterate as coiterateOn, cooperate as cooperateOn, react as reactWith, Reactor,
} from '../../src/reactor/index.js'
import type { CooperativeTask, ReactorOptions } from '../../src/reactor/index.js'
import { fromMessagePort as fromMessagePortOn, fromWebSocket as fromWebSocketOn } from '../../src/transports/index.js'
import type {
  FromMessagePortOptions, FromWebSocketOptions, MessagePortLike, StreamTransport, WebSocketLike,
} from '../../src/transports/index.js'
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

/**
 * Calls `main`, and runs the reactor until what it returned has fired.
 *
 * @returns fires with the status that a program would end with: 0, or what a failure stands for
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

/** A connection over a MessagePort, whose other end is one as well. Of the default reactor if none is given. */
export function fromMessagePort(port: MessagePortLike, options: Partial<FromMessagePortOptions> = {}): StreamTransport {
  return fromMessagePortOn(port, { reactor, ...options })
}

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
