/**
 * whorl where nothing but ECMAScript is: one file that holds the whole of it, without the wasm, which the embedder
 * passes. Importing this has no effect. There is no default reactor: nothing is here to make one of.
 */
export * from './main.js'
export * from '../../src/core/index.js'
export * from '../../src/http/index.js'
export * from '../../src/socket/index.js'
export * from '../../src/websocket/index.js'
export * from '../../src/testing/index.js'
// Names that two of these have: those of the surface that all hosts share, and of the protocol that means more by it.
export type { Fault } from '../../src/errors/index.js'
export type { FrameOptions } from '../../src/core/index.js'
