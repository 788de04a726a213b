/**
 * What `import … from 'whorl'` gives on Node: the surface that all hosts share, and Node's reactor.
 */
export * from '../../src/index.js'
export { carryContext, coiterate, cooperate, createReactor, react, reactor } from './index.js'
