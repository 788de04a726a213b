/** Types that the whole library shares; no code. */

export type {
  HostnameAddress, IAddress, IPv4Address, IPv6Address, MemoryAddress, ProcessAddress, TCPAddress, UNIXAddress,
} from './address.js'
export type {
  Codec, CodecSink, CompressionHost, CompressorOptions, ContentCoding, DecompressorOptions, IReactorCompression,
} from './compression-host.js'
export type { IConnector } from './connector.js'
export type { DatagramHandle, DatagramHost, DatagramRequest, DatagramSink } from './datagram-host.js'
export type { IStreamClientEndpoint, IStreamServerEndpoint } from './endpoint.js'
export type { IClientFactory, IProtocolFactory } from './factory.js'
export type { CorePart, HostPort, HostTimer, QueuePart, ReactorParts, TimersPart } from './host.js'
export type { IListeningPort } from './listening-port.js'
export type { IConsumer, IPullProducer, IPushProducer } from './producer.js'
export type { IBufferedProtocol, IDrainingProtocol, IHalfCloseableProtocol, IProtocol, IReadTarget } from './protocol.js'
export type {
  DescriptorHost, ProcessHandle, ProcessHost, ProcessSink, ProcessStatus, SpawnRequest,
} from './process-host.js'
export type { IReactorCore, Trigger, TriggerPhase } from './reactor-core.js'
export type { IReactorEntropy } from './reactor-entropy.js'
export type {
  DirectoryEntry, FileHandle, FileHost, FileKind, FileStatus, IOpenFile, IReactorFiles, ListDirectoryOptions,
  OpenFileOptions, ReadFileOptions,
} from './reactor-files.js'
export type {
  ChildFD, ConnectProcessOptions, ErrorOutput, IProcessProtocol, IProcessTransport, IReactorProcess, SpawnOptions,
} from './reactor-process.js'
export type { AddressFamily, IReactorSocket } from './reactor-socket.js'
export type { IReactorSSL } from './reactor-ssl.js'
export type { ConnectTCPOptions, IReactorTCP, ListenTCPOptions } from './reactor-tcp.js'
export type {
  IReactorThreads, IThreadPool, ThreadCall, ThreadCallOptions, ThreadHost, ThreadJob, ThreadOutcome, ThreadRunner,
  ThreadSink, ThreadTask,
} from './reactor-threads.js'
export type {
  IDatagramProtocol, IMulticastTransport, IReactorMulticast, IReactorUDP, IUDPTransport, ListenMulticastOptions,
  ListenUDPOptions, UDPAddress,
} from './reactor-udp.js'
export type { ConnectUNIXOptions, IReactorUNIX, ListenUNIXOptions } from './reactor-unix.js'
export type { IHostnameResolver, IReactorPluggableNameResolver, ResolveOptions } from './resolver.js'
export type { StreamChannel, StreamSink } from './stream-channel.js'
export type {
  ConnectHandle, ConnectSink, ListenHandle, ListenSink, TCPConnectRequest, TCPHost, TCPListenRequest, UNIXConnectRequest,
  UNIXHost, UNIXListenRequest,
} from './stream-host.js'
export type { IDelayedCall, IReactorTime, IReactorWallClock } from './time.js'
export type { IBridgedTransport, IStreamTransport, ITCPTransport, ITransport, WriteLimits } from './transport.js'
export type {
  IHandshakeListener, ITLSServerContext, ITLSTransport, PEM, TLSCertificate, TLSClientOptions, TLSCommonOptions,
  TLSIdentity, TLSServerOptions, TLSSession, TLSSessionCache, TLSVersion,
} from './tls.js'
export type { SecureChannel, TLSHost, TLSServerHandle } from './tls-host.js'
