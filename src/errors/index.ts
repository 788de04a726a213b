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
export { ConsumerStoppedError, NetstringParseError, StringTooLongError } from './protocol.js'
