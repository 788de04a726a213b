/**
 * `whorl/http` on Node: what all hosts share, with Node's reactor and Node's classes where none are given.
 *
 * Owns: these defaults. Must not know: HTTP.
 */
import type { Deferred } from '../../src/defer/index.js'
import { fetchVia as fetchViaOn, getPage as getPageOn } from '../../src/http/index.js'
import type { FetchClasses, FetchLike, GetPageOptions, IAgent } from '../../src/http/index.js'
import { reactor } from './index.js'

export * from '../../src/http/index.js'

/** The body of a page: see the other `getPage`. On the default reactor if neither reactor nor agent is given. */
export function getPage(url: string | URL, options: GetPageOptions = {}): Deferred<Uint8Array> {
  const needsReactor = options.agent === undefined && options.reactor === undefined
  return getPageOn(url, needsReactor ? { ...options, reactor } : options)
}

/** A `fetch` that asks through an agent: see the other `fetchVia`. With Node's own classes if none are given. */
export function fetchVia(agent: IAgent, classes: FetchClasses = { Response, ReadableStream }): FetchLike {
  return fetchViaOn(agent, classes)
}
