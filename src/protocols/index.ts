/** Protocols, factories and framing: names only. */

export { BufferedProtocol, Protocol } from './protocol.js'
export { DatagramProtocol } from './datagram-protocol.js'
export { ClientFactory, Factory, ServerFactory } from './factory.js'
export type { ProtocolClass } from './factory.js'
export {
  FileSender, FramedProtocol, Int8StringReceiver, Int16StringReceiver, Int32StringReceiver, IntNStringReceiver,
  LineOnlyReceiver, LineReceiver, NetstringReceiver, StatefulProtocol,
} from './basic.js'
export type { FileSource, State, StateHandler } from './basic.js'
export { HAProxyWrappingFactory, PP2_TYPE, proxyHeaderOf, readProxyHeader } from './haproxy.js'
export type {
  HAProxyOptions, ProxyHeader, ProxyHeaderOptions, ProxySSL, ProxyTLV, ReadHeader,
} from './haproxy.js'
export type { ProxyCredentials } from './socks.js'
export { ReconnectingClientFactory } from './reconnecting.js'
export { getProcessOutput, getProcessOutputAndValue, getProcessValue } from './process-output.js'
export type { ProcessOutput, ProcessOutputOptions } from './process-output.js'
export { ProcessProtocol } from './process-protocol.js'
export { PortForwardFactory, Relay } from './portforward.js'
