/**
 * What `import … from 'whorl'` gives in this host: the surface that all hosts share, and how to make the host's reactor.
 */
export * from '../../src/index.js'
export { createReactor } from './index.js'
export type { WorkerdReactorOptions } from './index.js'
