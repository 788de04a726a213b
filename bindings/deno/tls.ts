/**
 * TLS on Deno: its `node:tls`, over a stream. Deno's own TLS listens and connects, but cannot begin on a connection that
 * is open.
 *
 * Owns: what its TLS sockets do otherwise than Node's. Must not know: sockets.
 */

import { EventReader } from '../node-api/reader.js'
import { NodeTLS } from '../node-api/tls.js'
import { prepare } from './load.js'

/** TLS for one reactor. */
export class DenoTLS extends NodeTLS {
  constructor() {
    super({ prepare, makeReader: () => new EventReader(), losesEnd: true })
  }
}
