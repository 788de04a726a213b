/**
 * Names on Deno: asks the system, which knows its hosts file and its name servers; needs `--allow-net` for the name.
 *
 * Owns: the one call. Must not know: who asks. `Deno.resolveDns` would not do: it asks name servers only.
 */

import type { IHostnameResolver } from '../../src/interfaces/index.js'
import { SharedResolver } from '../../src/transports/resolve-shared.js'
import { globals } from './api.js'
import { prepare } from './load.js'

/** The system's resolver, in the system's order. */
export function denoResolver(): IHostnameResolver {
  return new SharedResolver((name, family, done) => {
    prepare()
    const { lookup } = globals().process.getBuiltinModule('node:dns')
    lookup(name, { all: true, verbatim: true, family }, (error, addresses) => {
      done(error as Error | null, error === null ? addresses.map(({ address }) => address) : [])
    })
  })
}
