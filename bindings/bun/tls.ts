/**
 * TLS on Bun: its `node:tls`, over a stream.
 *
 * Owns: refusing what Bun would leave out without a word. Must not know: sockets.
 */

import { NotSupportedError } from '../../src/errors/index.js'
import type { TLSServerHandle, TLSServerOptions } from '../../src/interfaces/index.js'
import { NodeTLS } from '../node-api/tls.js'
import { prepare } from './load.js'

/** TLS for one reactor. */
export class BunTLS extends NodeTLS {
  constructor() {
    super({ prepare })
  }

  /** @throws NotSupportedError for several identities: over a stream Bun (1.4.5) asks nobody which it is to be */
  override server(options: TLSServerOptions): TLSServerHandle {
    checkNames(options)
    const handle = super.server(options)
    // The same one for the same options.
    if (!Object.hasOwn(handle, 'update')) {
      const update = handle.update.bind(handle)
      handle.update = (changed) => {
        checkNames(changed)
        update(changed)
      }
    }
    return handle
  }
}

function checkNames({ names }: TLSServerOptions): void {
  if (names === undefined || Object.keys(names).length === 0) return
  throw new NotSupportedError('bun', 'names', { reason: 'Bun calls no SNICallback of TLS that runs over a stream' })
}
