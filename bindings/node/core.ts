/**
 * `whorl/core` on Node: what all hosts share, of which the first instance is ready sooner.
 *
 * Owns: Node's base64, by which the core's module is decoded. Must not know: what the core does.
 */
import { provideBase64 } from '../../src/core/base64.js'

export * from '../../src/core/index.js'

// The global: to import the module would take longer than the decoding.
provideBase64((text) => globalThis.Buffer.from(text, 'base64') as Uint8Array<ArrayBuffer>)
