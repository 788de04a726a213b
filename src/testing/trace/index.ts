/** Traces of simulations: written, read, printed, compared, drawn, exported. */
export { compareTraces } from './compare.js'
export type { TraceDifference } from './compare.js'
export { drawTrace } from './diagram.js'
export type { TraceDrawOptions } from './diagram.js'
export { filterTrace, hostsOf, traceFilter } from './filter.js'
export type { TraceFilter } from './filter.js'
export type { TraceHead } from './head.js'
export { traceToHTML } from './page.js'
export { traceToPcapng } from './pcapng.js'
export { printRecord } from './print.js'
export type { TracePrintOptions } from './print.js'
export { TraceReader } from './reader.js'
export { TRACE_KINDS } from './records.js'
export type {
  TraceConnection, TraceDatagram, TraceDirection, TraceHost, TraceKind, TracePiece, TraceRecord,
} from './records.js'
