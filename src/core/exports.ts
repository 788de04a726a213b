/**
 * The exports of core.wasm, typed. docs/abi.md says what each takes and gives.
 *
 * Owns: the signatures, which `assembly/index.ts` fixes. Must not know: how an instance came to be.
 */

/** What linear memory looks like from here; the JavaScript build has an object of the same shape. */
export interface CoreMemory {
  readonly buffer: ArrayBufferLike
}

/** An instance of the core. Integers are int32; a negative result is an error code. */
export interface CoreExports {
  readonly memory: CoreMemory
  initialize(): number
  parserReceive(parser: number, input: number, length: number, keepRest: number): number
  parserSetLimit(parser: number, limit: number): number
  parserFree(parser: number): number
  parserReset(parser: number): number
  parserPending(parser: number): number
  parserEnd(parser: number): number
  lineParserNew(delimiter: number, delimiterLength: number, limit: number): number
  lineParserConfigure(parser: number, delimiter: number, delimiterLength: number, limit: number): number
  netstringParserNew(limit: number): number
  prefixedParserNew(width: number, limit: number): number
  httpNames(list: number, length: number): number
  httpParserNew(
    mode: number, headLimit: number, lineLimit: number, countLimit: number, extensionLimit: number): number
  httpExpectBodiless(parser: number, bodiless: number): number
  httpSkipBody(parser: number, length: number): number
  utf8Check(input: number, length: number, state: number): number
  websocketParserNew(mode: number, limit: number, fragments: number): number
  websocketMask(input: number, length: number, key: number): number
  timersNew(ticksPerMs: number, now: number): number
  timersFree(wheel: number): number
  timersAddress(wheel: number): number
  timerSchedule(wheel: number, deadline: number, id: number): number
  timerCancel(wheel: number, timer: number): number
  timerReschedule(wheel: number, timer: number, deadline: number): number
  timersNext(wheel: number): number
  timersAdvance(wheel: number, now: number): number
  timersMore(wheel: number): number
  timersPutBack(wheel: number): number
  queueNew(): number
  queueFree(queue: number): number
  queueAddress(queue: number): number
  queueSize(queue: number): number
  queueSetSourceBudget(queue: number, events: number): number
  queueAccept(queue: number, records: number): number
  queueBegin(queue: number, budget: number): number
  queueNext(queue: number): number
  randomNew(s0: number, s1: number, s2: number, s3: number): number
  randomFree(random: number): number
  randomBlock(random: number): number
  digestNew(seed: number): number
  digestFree(digest: number): number
  digestUpdate(digest: number, input: number, length: number): number
  digestResult(digest: number): number
}

/** Makes an instance; `onGrow` is called when its memory was replaced without detaching the old buffer. */
export type Instantiate = (onGrow: () => void) => CoreExports
