/**
 * getPage: a page, by its URL.
 *
 * Owns: the usual agents around one another, and that a status which is no success is a failure. Must not know: more.
 * Source: twisted.web.client.getPage.
 */
import { fail } from '../../defer/index.js'
import type { Deferred } from '../../defer/index.js'
import type { HostnameReactor } from '../../endpoints/index.js'
import { BodyTooLargeError } from '../../errors/http.js'
import { NotSupportedError, PageError } from '../../errors/index.js'
import type { IReactorCompression } from '../../interfaces/compression-host.js'
import { Agent } from './agent.js'
import { ContentDecoderAgent } from './decoder-agent.js'
import type { IAgent, RequestOptions } from './interfaces.js'
import { RedirectAgent } from './redirect-agent.js'
import type { ClientResponse } from './response.js'

/** Options of {@link getPage}. */
export interface GetPageOptions extends RequestOptions {
  /** Who connects. */
  reactor?: HostnameReactor
  /** Who asks; an agent of the reactor that keeps no connections, and decompresses where the host can, if not given. */
  agent?: IAgent
  /** GET if not given. */
  method?: string
  /** Bytes that the page may have; 64 MiB if not given, null for any number. */
  limit?: number | null
  /** Redirections that are followed; 20 if not given. */
  redirects?: number
}

/**
 * The body of a page; redirections are followed.
 *
 * @returns fails with a PageError that has the status and the body for what is not 2xx; as Agent.request and
 * RedirectAgent.request; BodyTooLargeError
 * @example const page = await getPage('http://example.com/', { reactor })
 */
export function getPage(url: string | URL, options: GetPageOptions = {}): Deferred<Uint8Array> {
  const { reactor, agent, method = 'GET', limit, redirects, ...request } = options
  let asking: IAgent
  try {
    if (agent === undefined && reactor === undefined) throw new TypeError('getPage() needs a reactor, or an agent')
    asking = new RedirectAgent(agent ?? pageAgent(reactor!), redirects === undefined ? {} : { limit: redirects })
  } catch (error) {
    return fail(error) as Deferred<never> as Deferred<Uint8Array>
  }
  return asking.request(method, url, request).addCallback((response) =>
    response.ok ? response.read(limit) : refused(response, limit)) as Deferred<Uint8Array>
}

function pageAgent(reactor: HostnameReactor): IAgent {
  const agent = new Agent(reactor)
  const { compression } = reactor as Partial<IReactorCompression>
  if (typeof compression !== 'function') return agent
  try {
    return new ContentDecoderAgent(reactor as unknown as IReactorCompression, agent)
  } catch (error) {
    if (error instanceof NotSupportedError) return agent
    throw error
  }
}

/** What the server says about it is worth having, but not worth failing for. */
function refused(response: ClientResponse, limit: number | null | undefined): Deferred<never> {
  const { status, reason } = response
  const message = `The server answered with status ${status}${reason === '' ? '' : ` (${reason})`}.`
  return response.read(limit).addCallbacks(
    (body) => { throw new PageError(status, message, { body }) },
    (failure) => {
      failure.trap(BodyTooLargeError)
      throw new PageError(status, message)
    }) as Deferred<never>
}
