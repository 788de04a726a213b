/** Types that the whole library shares; no code. */

export type {
  HostnameAddress, IAddress, IPv4Address, IPv6Address, MemoryAddress, ProcessAddress, TCPAddress, UNIXAddress,
} from './address.js'
export type { IConnector } from './connector.js'
export type { IStreamClientEndpoint, IStreamServerEndpoint } from './endpoint.js'
export type { IClientFactory, IProtocolFactory } from './factory.js'
export type { CorePart, HostPort, HostTimer, QueuePart, ReactorParts, TimersPart } from './host.js'
export type { IListeningPort } from './listening-port.js'
export type { IConsumer, IPullProducer, IPushProducer } from './producer.js'
export type { IBufferedProtocol, IHalfCloseableProtocol, IProtocol } from './protocol.js'
export type { IReactorCore, Trigger, TriggerPhase } from './reactor-core.js'
export type { ConnectTCPOptions, IReactorTCP, ListenTCPOptions } from './reactor-tcp.js'
export type { IHostnameResolver, ResolveOptions } from './resolver.js'
export type { StreamChannel, StreamSink } from './stream-channel.js'
export type {
  ConnectHandle, ConnectSink, ListenHandle, ListenSink, TCPConnectRequest, TCPHost, TCPListenRequest,
} from './stream-host.js'
export type { IDelayedCall, IReactorTime } from './time.js'
export type { IStreamTransport, ITCPTransport, ITransport, WriteLimits } from './transport.js'
