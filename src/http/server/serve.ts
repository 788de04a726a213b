/**
 * serve: a site on an endpoint, in one call.
 *
 * Owns: nothing but the shorthand. Must not know: how either works.
 */
import type { Deferred } from '../../defer/index.js'
import { serverFromString } from '../../endpoints/index.js'
import type { IStreamServerEndpoint } from '../../interfaces/endpoint.js'
import type { IListeningPort } from '../../interfaces/listening-port.js'
import type { IRequestHandler, RequestHandler } from './handler.js'
import { Site } from './site.js'
import type { SiteOptions, SiteReactor } from './site.js'

type EndpointReactor = Parameters<typeof serverFromString>[0]

/**
 * Answers the requests that come to an endpoint.
 *
 * @param endpoint a string, as `tcp:8080` or `tls:443:certificate=…:key=…`, or an endpoint
 * @param handler a function, a resource, or a Site (which then keeps its own options)
 * @returns the port, once it listens; `port.drain(ms)` ends it without cutting a response off
 * @example
 * serve(reactor, 'tcp:8080:interface=127.0.0.1', (request, response) => response.end('Hello, world!'))
 */
export function serve(
  reactor: SiteReactor & EndpointReactor, endpoint: string | IStreamServerEndpoint,
  handler: RequestHandler | IRequestHandler | Site, options: Omit<SiteOptions, 'reactor'> = {},
): Deferred<IListeningPort> {
  const site = handler instanceof Site ? handler : new Site(handler, { ...options, reactor })
  site.useReactor(reactor)
  const from = typeof endpoint === 'string' ? serverFromString(reactor, endpoint) : endpoint
  return from.listen(site)
}
