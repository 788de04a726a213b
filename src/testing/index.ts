/** Tools to try protocols with, without a host. */
export { Clock } from '../reactor/clock.js'
export { connectInMemory } from './connect-in-memory.js'
export type { ConnectInMemoryOptions, MemoryConnection, ProtocolBuilder, Pump } from './connect-in-memory.js'
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
export { AmbientAccessError, SimulationError, SimulationFailure } from '../errors/index.js'
export type { AmbientAccessDetails, SimulationErrorDetails, SimulationFailureDetails } from '../errors/index.js'
export { StringTransport } from './string-transport.js'
export type { StringTransportOptions } from './string-transport.js'
export {
  Recorder, Recording, recordParts, recordTo, ReactorRecording, Replay,
} from './record/index.js'
export type {
  RecordedParts, RecordOptions, ReplayedConnection, ReplayOptions, ReplayReport,
} from './record/index.js'
export { LeftBehind, NotReplayable, RecordingError, ReplayDivergence, UnexpectedResult } from '../errors/index.js'
export type { Leftover, NotReplayableDetails, ReplayDifference } from '../errors/index.js'
export {
  assertNoResult, assertNothingLeft, checkNothingLeft, failureResultOf, FaultyChannel, leftOn, LeftoverWatch,
  randomFaults, successResultOf, whorlMatchers,
} from './kit/index.js'
export type {
  AskedReactor, Chance, ChannelFaults, FaultClock, LeftoverCheck, LeftoverOptions, MatcherResult, TestHooks,
  WhorlMatchers,
} from './kit/index.js'
export { FAULT_KINDS, faultText, planFaults, repeat, simulate } from './simulate/index.js'
export type {
  Fault, FaultKind, FaultOptions, GuardPort, Recipe, Scenario, SimulateOptions, SimulateProgress, SimulateReport,
} from './simulate/index.js'
export { Simulation } from './simulation/simulation.js'
export type { Boot, SimulatedHost, SimulatedLogEntry, SimulationOptions } from './simulation/simulation.js'
export { Network, simulatedIdentity } from './simulation/network/index.js'
export type { HostNames, LinkOptions, SimulatedConnection } from './simulation/network/index.js'
export {
  compareTraces, drawTrace, filterTrace, printRecord, TRACE_KINDS, traceFilter, TraceReader, traceToHTML, traceToPcapng,
} from './trace/index.js'
export type {
  TraceConnection, TraceDatagram, TraceDifference, TraceDirection, TraceDrawOptions, TraceFilter, TraceHead, TraceHost,
  TraceKind, TracePiece, TracePrintOptions, TraceRecord,
} from './trace/index.js'
export { TraceError } from '../errors/index.js'
export type { TraceErrorDetails, TraceTrouble } from '../errors/index.js'
