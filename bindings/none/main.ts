/**
 * What is special to a context without anything, and the surface that all hosts share.
 */
export * from '../../src/index.js'
export { createReactor, EmbeddedReactor } from './reactor.js'
export type { NoneReactorOptions } from './reactor.js'
