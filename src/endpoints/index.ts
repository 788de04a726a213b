/** Places to listen at and connect to, as objects and as strings. */
export { connectProtocol } from './connect-protocol.js'
export { quoteStringArgument } from './grammar.js'
export { clientFromString, registerEndpoint, serverFromString } from './registry.js'
export type { EndpointParser } from './registry.js'
export { TCP4ClientEndpoint, TCP6ClientEndpoint } from './tcp-client.js'
export { TCP4ServerEndpoint, TCP6ServerEndpoint } from './tcp-server.js'
