/**
 * What a parser may stand at, for code above the façade: only `src/core/` reads the ABI itself.
 */
export {
  EVENT_FRAME, EVENT_FRAME_KEPT, EVENT_LENGTH_LIMIT, EVENT_LINE_TOO_LONG, EVENT_MALFORMED,
} from '../../assembly/abi/records.js'
