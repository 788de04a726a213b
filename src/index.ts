/**
 * The public surface of `whorl` that is the same on every host. The `reactor` of a host comes from its binding, which
 * re-exports all of this. Named re-exports only; what is not here is internal, or has a subpath of its own.
 */

// Deferred and Failure
export {
  abortable, cancelOnAbort, Deferred, DeferredList, DeferredLock, DeferredQueue, DeferredSemaphore, ensureDeferred,
  execute, fail, Failure, gatherResults, getDebugging, inlineCallbacks, maybeDeferred, race, setDebugging,
  setUnhandledPolicy, succeed, taskGroup,
} from './defer/index.js'
export type {
  Canceller, DeferredListOptions, ListResult, Outcome, Outcomes, Settled, TaskGroup, TaskGroupOptions, UnhandledPolicy,
  Values,
} from './defer/index.js'

// Errors
export {
  AlreadyCalled, AlreadyCalledError, AlreadyCancelled, CancelledError, CannotListenError, CapabilityError,
  ConnectBindError, ConnectError, ConnectingCancelledError, ConnectionAborted, ConnectionClosed, ConnectionDone,
  ConnectionLost, ConnectionRefusedError, ConsumerStoppedError, CoreError, DNSLookupError, EndpointSyntaxError,
  FailureGroup, FirstError, NetstringParseError, NoRouteError, NotAcquired, NotPaused, NotSupportedError, QueueOverflow,
  QueueUnderflow, ReactorAlreadyRunning, ReactorNotRunning, SchedulerStopped, StringTooLongError, SystemExit, TaskDone,
  TaskFailed, TaskGroupClosed, TaskStopped, ThreadCrashed, ThreadPoolStopped, ThrownValueError, TimeoutError, UserError,
  WhorlError,
} from './errors/index.js'
export {
  CertificateError, PlaintextAfterStartTLS, TLSError, TLSHandshakeError, TLSOptionsError, TLSTruncated,
} from './errors/index.js'
export type {
  CertificateReason, ErrorClass, ErrorDetails, Fault, HandshakeReason, TunnelRefusal,
} from './errors/index.js'
export { ProducerAlreadyRegistered, WebSocketClosed, WriteLimitExceeded } from './transports/index.js'

// Connections
export { connections, fromWebSocket } from './transports/index.js'
export type {
  ConnectionInfo, ConnectionState, FromWebSocketOptions, HasConnections, StreamTransport, SwitchOptions, WaitingFor,
  WebSocketLike,
} from './transports/index.js'

// TLS
export { sessionCache, TLSServerContext, TLSWrap } from './transports/index.js'
export type { SessionCacheOptions, TLSWrapUser } from './transports/index.js'
export type {
  IHandshakeListener, IReactorSSL, ITLSServerContext, ITLSTransport, PEM, TLSCertificate, TLSClientOptions,
  TLSIdentity, TLSServerOptions, TLSSession, TLSSessionCache, TLSVersion,
} from './interfaces/index.js'

// Log
export { formatEvent, Logger, logPublisher } from './logger/index.js'
export type { LogEvent, LogFields, LogLevel, LogObserver } from './logger/index.js'

// Time and reactor
export {
  Clock, coiterate, cooperate, CooperativeTask, Cooperator, deferLater, deferToThreadPool, LoopAlreadyRunning,
  LoopingCall, LoopNotRunning, react, transfer,
} from './reactor/index.js'
export type { CooperatorOptions, Reactor, ReactorOptions, ReactReactor, Restrictions } from './reactor/index.js'

// Protocols, framing and policies
export {
  BufferedProtocol, ClientFactory, Factory, FileSender, Int16StringReceiver, Int32StringReceiver, Int8StringReceiver,
  LineOnlyReceiver, LineReceiver, NetstringReceiver, PortForwardFactory, Protocol, ReconnectingClientFactory, Relay,
  ServerFactory, StatefulProtocol,
} from './protocols/index.js'
export type { FileSource, ProtocolClass, State, StateHandler } from './protocols/index.js'
export {
  hexdump, LimitConnectionsByPeer, LimitTotalConnectionsFactory, ProtocolWrapper, ThrottlingFactory, ThrottlingProtocol,
  TimeoutFactory, TimeoutMixin, TimeoutProtocol, TrafficLoggingFactory, TrafficLoggingProtocol, WrappingFactory,
} from './protocols/policies/index.js'
export type {
  ProtocolWrapperClass, ThrottlingOptions, TimeoutFactoryOptions, TimeoutPolicy, TrafficEntry, TrafficOptions,
  WrapperOwner,
} from './protocols/policies/index.js'

// Endpoints
export {
  AdoptedStreamClientEndpoint, AdoptedStreamServerEndpoint, clientFromString, connectProtocol, HAProxyClientEndpoint,
  HAProxyServerEndpoint, HTTPConnectClientEndpoint, ProcessEndpoint, quoteStringArgument, registerEndpoint,
  serverFromString, SOCKS5ClientEndpoint, StandardIOEndpoint, TCP4ClientEndpoint, TCP4ServerEndpoint,
  TCP6ClientEndpoint, TCP6ServerEndpoint, TLSServerEndpoint, UNIXClientEndpoint, UNIXServerEndpoint, wrapClientTLS,
} from './endpoints/index.js'
export type {
  EndpointParser, HAProxyServerOptions, ProcessEndpointOptions, ProxyEndpointOptions, TLSOverEndpoint,
} from './endpoints/index.js'
export {
  FileReadError, HTTPConnectError, ProxyClosedError, ProxyError, ProxyProtocolError, ProxyReplyError,
  SOCKSAddressNotSupported, SOCKSAuthenticationError, SOCKSCommandNotSupported, SOCKSConnectionRefused, SOCKSError,
  SOCKSGeneralFailure, SOCKSHostUnreachable, SOCKSNetworkUnreachable, SOCKSNotAllowed, SOCKSTTLExpired,
  TunnelRefusedError,
} from './errors/index.js'
export type {
  Codec, CodecSink, CompressionHost, CompressorOptions, ContentCoding, DecompressorOptions, DirectoryEntry, FileKind,
  FileStatus, IOpenFile, IReactorCompression, IReactorEntropy, IReactorFiles, IReactorWallClock, ListDirectoryOptions,
  ReadFileOptions,
} from './interfaces/index.js'
export { HAProxyWrappingFactory, PP2_TYPE, proxyHeaderOf, readProxyHeader } from './protocols/index.js'
export type {
  HAProxyOptions, ProxyCredentials, ProxyHeader, ProxyHeaderOptions, ProxySSL, ProxyTLV, ReadHeader,
} from './protocols/index.js'

// Datagrams and names
export { HostnameEndpoint } from './endpoints/index.js'
export type { HostnameEndpointOptions, HostnameReactor } from './endpoints/index.js'
export { CompressionError, CompressionLimitError, MulticastError } from './errors/index.js'
export type {
  IDatagramProtocol, IMulticastTransport, IReactorMulticast, IReactorPluggableNameResolver, IReactorUDP, IUDPTransport,
  ListenMulticastOptions, ListenUDPOptions, UDPAddress,
} from './interfaces/index.js'
export { DatagramProtocol } from './protocols/index.js'
export { StaticResolver } from './transports/index.js'
export type { NameTable } from './transports/index.js'

// UNIX sockets, descriptors, standard input and output, child processes
export {
  ConnectPermissionError, NoSocketError, ProcessDone, ProcessExitedAlready, ProcessNotStarted, ProcessOutputTooLong,
  ProcessTerminated, SocketPathTooLong, StandardIOTaken, UnexpectedErrorOutput,
} from './errors/index.js'
export type {
  AddressFamily, ChildFD, ConnectProcessOptions, ConnectUNIXOptions, IProcessProtocol, IProcessTransport, IReactorProcess,
  IReactorSocket, IReactorUNIX, ListenUNIXOptions, SpawnOptions,
} from './interfaces/index.js'
export { getProcessOutput, getProcessOutputAndValue, getProcessValue, ProcessProtocol } from './protocols/index.js'
export type { ProcessOutput, ProcessOutputOptions } from './protocols/index.js'
export { StandardIO } from './transports/index.js'
export type { StandardIOReactor } from './transports/index.js'

// Embedded programs
export { Gateway, SharedRing } from './embedding/index.js'
export type { GatewayLimits, GatewayOptions, GatewayReactor } from './embedding/index.js'
export { EmbeddingViolation } from './errors/index.js'

// Services
export {
  backoffPolicy, ClientService, MultiService, runService, Service, StreamServerEndpointService, TimerService,
} from './services/index.js'
export type {
  BackoffOptions, ClientServiceOptions, EndpointServiceOptions, IService, IServiceParent, RetryPolicy,
  WhenConnectedOptions,
} from './services/index.js'

// Interfaces
export type {
  ConnectTCPOptions, HostnameAddress, IAddress, IBufferedProtocol, IClientFactory, IConnector, IConsumer, IDelayedCall,
  IHalfCloseableProtocol, IHostnameResolver, IListeningPort, IProtocol, IProtocolFactory, IPullProducer, IPushProducer,
  IPv4Address, IPv6Address, IReactorCore, IReactorTCP, IReactorTime, IStreamClientEndpoint, IStreamServerEndpoint,
  IStreamTransport, ITCPTransport, ITransport, ListenTCPOptions, MemoryAddress, ProcessAddress, ResolveOptions,
  IBridgedTransport, TCPAddress, Trigger, TriggerPhase, UNIXAddress, WriteLimits,
} from './interfaces/index.js'
export type { IReactorThreads, IThreadPool, ThreadCallOptions, ThreadTask } from './interfaces/index.js'
