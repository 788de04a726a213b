/** Transports: names only. */

export { checkPort, tcpAddress } from './address.js'
export { ProducerAlreadyRegistered, WriteLimitExceeded } from './errors.js'
export { connectError, connectionLostError, hostErrorCode } from './host-errors.js'
export { CONNECT_TIMEOUT, READ_BUDGET, READ_SIZE, STOP_GRACE, WRITE_HIGH, WRITE_LOW } from './limits.js'
export { StreamConnector } from './stream-connector.js'
export { StreamPort } from './stream-port.js'
export type { PortRequest } from './stream-port.js'
export type { ClosablePort, StreamReactor } from './stream-reactor.js'
export { StreamTransport } from './stream-transport.js'
export type { ConnectionOwner } from './stream-transport.js'
