/**
 * Names inside: asks the gateway, which asks the resolver of its reactor.
 *
 * Owns: the one question. Must not know: who asks.
 */
import { failureOf, Kind } from '../../src/embedding/index.js'
import type { IHostnameResolver } from '../../src/interfaces/index.js'
import { SharedResolver } from '../../src/transports/resolve-shared.js'
import type { Border } from './border.js'

/** The embedder's resolver. */
export function noneResolver(border: Border): IHostnameResolver {
  return new SharedResolver((name, family, done) => {
    const id: number = border.enter({
      message(kind, fields) {
        border.leave(id)
        if (kind === Kind.RESOLVED) done(null, (fields[0] as string).split(' ').filter((one) => one !== ''))
        else done(failureOf(fields[0] as string, fields[1] as string), [])
      },
    })
    border.tell(Kind.RESOLVE, id, name, family)
  })
}
