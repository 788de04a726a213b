/**
 * What `import … from 'whorl'` gives on Node: the surface that all hosts share, and Node's reactor.
 */
export * from '../../src/index.js'
export {
  carryContext, coiterate, cooperate, createReactor, createThreadPool, deferToThread, fromDuplex, fromWebSocket, react,
  reactor, toDuplex,
} from './index.js'
export type { FromDuplexOptions, NodeReactorOptions, NodeThreadOptions, ToDuplexOptions } from './index.js'
export { backoffPolicy } from './services.js'
