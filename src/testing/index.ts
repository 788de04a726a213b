/** Tools to try protocols with, without a host. */
export { Clock } from '../reactor/clock.js'
export { connectInMemory } from './connect-in-memory.js'
export type { MemoryConnection, ProtocolBuilder, Pump } from './connect-in-memory.js'
export { MemoryConnector, MemoryPort } from './memory-ports.js'
export { MemoryReactor } from './memory-reactor.js'
export type { ConnectRecord, ListenRecord } from './memory-reactor.js'
export { StringTransport } from './string-transport.js'
export type { StringTransportOptions } from './string-transport.js'
