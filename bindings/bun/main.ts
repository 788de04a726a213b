/**
 * What `import … from 'whorl'` gives in this host: the surface that all hosts share, and the host's reactor.
 */
export * from '../../src/index.js'
