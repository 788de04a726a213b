/**
 * The ABI of core.wasm: export lines only. docs/abi.md says what each export takes and gives.
 *
 * The module imports nothing, allocates nothing outside its slabs, and does no I/O: whoever instantiates it
 * puts bytes into linear memory, calls, and reads records out.
 */
export { initialize } from "./memory/map"
export { parserReceive, parserSetLimit, parserReset, parserEnd, parserFree } from "./wire/receive"
export { parserPending } from "./wire/parser"
export { lineParserNew, lineParserConfigure } from "./wire/line"
export { netstringParserNew } from "./wire/netstring"
export { httpNames } from "./wire/http1-names"
export { httpParserNew, httpExpectBodiless, httpSkipBody } from "./wire/http1"
export { prefixedParserNew } from "./wire/prefixed"
export { utf8Check } from "./wire/utf8"
export { websocketParserNew } from "./wire/websocket"
export { websocketMask } from "./wire/websocket-mask"
export {
  timersNew, timersFree, timersAddress, timerSchedule, timerCancel, timerReschedule, timersNext, timersAdvance,
  timersMore, timersPutBack
} from "./timers/wheel"
export {
  queueNew, queueFree, queueAddress, queueSize, queueSetSourceBudget, queueAccept, queueBegin, queueNext
} from "./events/queue"
export { randomNew, randomFree, randomBlock } from "./random/random"
export { digestNew, digestFree, digestUpdate, digestResult } from "./hash/digest"
