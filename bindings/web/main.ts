/**
 * What `import … from 'whorl'` gives in browsers: the surface that all hosts share, and the reactor of pages and
 * workers.
 */
export * from '../../src/index.js'
export {
  BroadcastClientEndpoint, BroadcastServerEndpoint, coiterate, cooperate, createReactor, fromMessagePort, fromWebSocket,
  loadCore, MessagePortClientEndpoint, MessagePortServerEndpoint, react, reactor, registerTunnelEndpoints,
  registerWebEndpoints, TunnelClientEndpoint, WebSocketEndpoint,
} from './index.js'
export type {
  RelayOptions, TunnelEndpointOptions, WebReactorOptions, WebSocketEndpointOptions,
} from './index.js'
