/**
 * whorl on workerd: reactors for its events and Durable Objects, sockets in both directions, sites behind `fetch`.
 *
 * Owns: nothing; it names what there is. Importing this has no effect. There is no default reactor: what a reactor
 * holds belongs to the event that made it.
 */
export { handlers } from './handlers.js'
export type { Answer, Asked, HandlersOptions, WorkerHandlers } from './handlers.js'
export type { Incoming, SocketTarget } from './inbound.js'
export { workerdCore } from './load.js'
export { ReactorObject } from './object.js'
export { createReactor } from './reactor.js'
export type { WorkerdReactorOptions } from './reactor.js'
export { acceptWebSocket } from './websocket.js'
export type { Reactor } from '../../src/reactor/index.js'
