/**
 * What `import … from 'whorl'` gives on Deno: the surface that all hosts share, and Deno's reactor.
 */
export * from '../../src/index.js'
export { coiterate, cooperate, createReactor, fromWebSocket, react, reactor } from './index.js'
export type { DenoReactorOptions } from './index.js'
