/**
 * `whorl/core`: the WebAssembly core as typed, sans-IO objects. No sockets, no host.
 */
export { CoreError } from '../errors/core.js'
export { createCore, Core } from './core.js'
export type { CoreOptions, MemoryUsage } from './core.js'
export { configureDefaultCore, defaultCore } from './default.js'
export type { CoreExports, CoreMemory, Instantiate } from './exports.js'
export type { PrefixWidth } from './formats.js'
export type { TextEncoding } from './frame-parser.js'
export { bestBuild } from './instantiate.js'
export type { CoreBuild } from './instantiate.js'
export { LengthPrefixParser, LineParser, NetstringParser } from './parsers.js'
export type {
  LengthPrefixHandler, LengthPrefixParserOptions, Line, LineEncoding, LineHandler, LineParserOptions,
  NetstringHandler, NetstringParserOptions, StreamEnd,
} from './parsers.js'
export { EventQueue } from './queue.js'
export type { Priority } from './queue.js'
export { portableText } from './text.js'
export type { TextPort } from './text.js'
export { Timers } from './timers.js'
export type { TimersOptions } from './timers.js'
