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
  TaskFailed, TaskGroupClosed, TaskStopped, ThrownValueError, TimeoutError, UserError, WhorlError,
} from './errors/index.js'
export type { ErrorClass, ErrorDetails, Fault } from './errors/index.js'
export { ProducerAlreadyRegistered, WriteLimitExceeded } from './transports/index.js'

// Log
export { formatEvent, Logger, logPublisher } from './logger/index.js'
export type { LogEvent, LogFields, LogLevel, LogObserver } from './logger/index.js'

// Time and reactor
export {
  Clock, coiterate, cooperate, CooperativeTask, Cooperator, deferLater, LoopAlreadyRunning, LoopingCall, LoopNotRunning,
  react,
} from './reactor/index.js'
export type { CooperatorOptions, ReactReactor, Reactor, ReactorOptions } from './reactor/index.js'

// Protocols, framing and policies
export {
  BufferedProtocol, ClientFactory, Factory, FileSender, Int16StringReceiver, Int32StringReceiver, Int8StringReceiver,
  LineOnlyReceiver, LineReceiver, NetstringReceiver, Protocol, ServerFactory, StatefulProtocol,
} from './protocols/index.js'
export type { FileSource, ProtocolClass, State, StateHandler } from './protocols/index.js'
export {
  LimitConnectionsByPeer, LimitTotalConnectionsFactory, ProtocolWrapper, TimeoutMixin, WrappingFactory,
} from './protocols/policies/index.js'
export type { ProtocolWrapperClass, TimeoutPolicy, WrapperOwner } from './protocols/policies/index.js'

// Endpoints
export {
  clientFromString, connectProtocol, quoteStringArgument, registerEndpoint, serverFromString, TCP4ClientEndpoint,
  TCP4ServerEndpoint, TCP6ClientEndpoint, TCP6ServerEndpoint,
} from './endpoints/index.js'
export type { EndpointParser } from './endpoints/index.js'

// Interfaces
export type {
  ConnectTCPOptions, HostnameAddress, IAddress, IBufferedProtocol, IClientFactory, IConnector, IConsumer, IDelayedCall,
  IHalfCloseableProtocol, IHostnameResolver, IListeningPort, IProtocol, IProtocolFactory, IPullProducer, IPushProducer,
  IPv4Address, IPv6Address, IReactorCore, IReactorTCP, IReactorTime, IStreamClientEndpoint, IStreamServerEndpoint,
  IStreamTransport, ITCPTransport, ITransport, ListenTCPOptions, MemoryAddress, ProcessAddress, ResolveOptions,
  TCPAddress, Trigger, TriggerPhase, UNIXAddress, WriteLimits,
} from './interfaces/index.js'
