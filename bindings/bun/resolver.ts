/**
 * Names on Bun: asks the system, which knows its hosts file and its name servers.
 *
 * Owns: the one call. Must not know: who asks. Nothing is asked before someone does.
 */

import { lookup } from 'node:dns'
import type { IHostnameResolver } from '../../src/interfaces/index.js'
import { SharedResolver } from '../../src/transports/resolve-shared.js'
import { prepare } from './load.js'

/** The system's resolver, in the system's order. */
export function bunResolver(): IHostnameResolver {
  return new SharedResolver((name, family, done) => {
    prepare()
    lookup(name, { all: true, verbatim: true, family }, (error, addresses) => {
      done(error, error === null ? addresses.map(({ address }) => address) : [])
    })
  })
}
