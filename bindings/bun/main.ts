/**
 * What `import … from 'whorl'` gives on Bun: the surface that all hosts share, and Bun's reactor.
 */
export * from '../../src/index.js'
export { coiterate, cooperate, createReactor, fromWebSocket, react, reactor } from './index.js'
export type { BunReactorOptions } from './index.js'
