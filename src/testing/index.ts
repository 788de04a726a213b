/** Tools to try protocols with, without a host. */
export { Clock } from '../reactor/clock.js'
export { connectInMemory } from './connect-in-memory.js'
export type { MemoryConnection, ProtocolBuilder, Pump } from './connect-in-memory.js'
export { MemoryConnector, MemoryPort } from './memory-ports.js'
export { MemoryProcess } from './memory-process.js'
export { MemoryReactor } from './memory-reactor.js'
export type {
  AdoptRecord, ConnectProcessRecord, ConnectRecord, ConnectSSLRecord, ConnectUNIXRecord, ListenRecord, ListenSSLRecord,
  ListenUNIXRecord, ProcessRecord, UDPRecord,
} from './memory-records.js'
export { MemoryThreadPool } from './memory-threads.js'
export type { ThreadCallRecord } from './memory-threads.js'
export { MemoryUDPPort } from './memory-udp.js'
export type { SentDatagram } from './memory-udp.js'
export { StringTransport } from './string-transport.js'
export type { StringTransportOptions } from './string-transport.js'
