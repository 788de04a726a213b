/**
 * Every error class of the package, by name. Owns nothing but the list.
 */
export { WhorlError } from './base.js'
export { CoreError } from './core.js'
export type { ErrorClass, ErrorDetails, Fault } from './base.js'
export {
  CannotListenError,
  ConnectBindError,
  ConnectError,
  ConnectingCancelledError,
  ConnectionAborted,
  ConnectionClosed,
  ConnectionDone,
  ConnectionLost,
  ConnectionRefusedError,
  DNSLookupError,
  NoRouteError,
  TimeoutError,
  UserError,
} from './connection.js'
export {
  AlreadyCalled,
  AlreadyCancelled,
  CapabilityError,
  EndpointSyntaxError,
  NotPaused,
  NotSupportedError,
  ReactorAlreadyRunning,
  ReactorNotRunning,
  SchedulerStopped,
  SystemExit,
  TaskDone,
  TaskFailed,
  TaskGroupClosed,
  TaskStopped,
} from './control.js'
export { MulticastError } from './datagram.js'
export {
  AlreadyCalledError,
  CancelledError,
  FailureGroup,
  FirstError,
  NotAcquired,
  QueueOverflow,
  QueueUnderflow,
  ThrownValueError,
} from './defer.js'
export {
  ProcessDone, ProcessExitedAlready, ProcessNotStarted, ProcessOutputTooLong, ProcessTerminated, StandardIOTaken,
  UnexpectedErrorOutput,
} from './process.js'
export { ConnectPermissionError, NoSocketError, SocketPathTooLong } from './unix.js'
export { ConsumerStoppedError, NetstringParseError, StringTooLongError } from './protocol.js'
export {
  CertificateError, PlaintextAfterStartTLS, TLSError, TLSHandshakeError, TLSOptionsError, TLSTruncated,
} from './tls.js'
export type { CertificateReason, HandshakeReason } from './tls.js'
export {
  HTTPConnectError, ProxyClosedError, ProxyError, ProxyProtocolError, ProxyReplyError, SOCKSAddressNotSupported,
  SOCKSAuthenticationError, SOCKSCommandNotSupported, SOCKSConnectionRefused, SOCKSError, SOCKSGeneralFailure,
  SOCKSHostUnreachable, SOCKSNetworkUnreachable, SOCKSNotAllowed, SOCKSTTLExpired,
} from './proxy.js'
export type { HTTPConnectErrorDetails, SOCKSErrorDetails } from './proxy.js'
export { CompressionError, CompressionLimitError } from './compression.js'
export { EmbeddingViolation } from './embedding.js'
export { FileReadError } from './file.js'
export type { FileTrouble } from './file.js'
export { ThreadCrashed, ThreadPoolStopped } from './threads.js'
export { ConnectionRejected, WebSocketHandshakeError, WebSocketLost, WebSocketTimeout } from './websocket.js'
export type { Rejection, RejectionHeaders } from './websocket.js'
export {
  InfiniteRedirection, PageError, RedirectError, RequestGenerationFailed, RequestTimeoutError, RequestTransmissionFailed,
  ResponseFailed, ResponseNeverReceived, SchemeNotSupported,
} from './http-client.js'
export type { RedirectErrorDetails, RequestPhase } from './http-client.js'
export {
  LeftBehind, NotReplayable, RecordingError, ReplayDivergence, SimulationError, UnexpectedResult,
} from './testing.js'
export type {
  Leftover, NotReplayableDetails, RecordingErrorDetails, ReplayDifference, SimulationErrorDetails,
} from './testing.js'
export { AmbientAccessError, SimulationFailure } from './simulate.js'
export type { AmbientAccessDetails, SimulationFailureDetails } from './simulate.js'
export { TraceError } from './trace.js'
export type { TraceErrorDetails, TraceTrouble } from './trace.js'
export { TunnelRefusedError } from './tunnel.js'
export type { TunnelRefusal } from './tunnel.js'
