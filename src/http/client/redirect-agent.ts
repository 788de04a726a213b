/**
 * RedirectAgent: follows redirections.
 *
 *      301 302    POST becomes GET, as everybody does; other methods stay         RFC 9110, 15.4.2, 15.4.3
 *      303        everything but HEAD becomes GET                                 15.4.4
 *      307 308    method and body stay                                            15.4.8, 15.4.9
 *
 * What says who one is goes to the origin that it was meant for, and to no other: Authorization, Cookie,
 * Proxy-Authorization and Host are left out when scheme, host or port change, credentials of the URL too.
 * Owns: that. Must not know: connections. Source: twisted.web.client.RedirectAgent; RFC 9110, 10.2.2, 15.4.
 */
import type { Deferred } from '../../defer/index.js'
import { InfiniteRedirection, RedirectError } from '../../errors/index.js'
import { Headers } from '../headers.js'
import { parseHTTPURL, resolveURL, withCredentials } from '../urls.js'
import type { IAgent, RequestOptions } from './interfaces.js'
import { isReplayable, repeatable } from './prepared.js'
import type { ClientResponse } from './response.js'

/** Options of a RedirectAgent. */
export interface RedirectAgentOptions {
  /** How many redirections are followed, one behind the other; 20 if not given, as in browsers. */
  limit?: number
}

const FOLLOWED = new Set([301, 302, 303, 307, 308])
/** What is meant for one origin. */
const PERSONAL = ['authorization', 'cookie', 'proxy-authorization', 'host']
/** What is said of a body (RFC 9110, 15.4). */
const OF_BODY = ['content-type', 'content-length', 'content-encoding', 'content-language', 'content-location', 'digest',
  'last-modified', 'trailer', 'expect']

/**
 * Follows redirections.
 *
 * @example new RedirectAgent(new CookieAgent(new Agent(reactor, { pool }), jar))
 */
export class RedirectAgent implements IAgent {
  readonly #agent: IAgent
  readonly #limit: number

  constructor(agent: IAgent, options: RedirectAgentOptions = {}) {
    const { limit = 20 } = options
    if (!(Number.isInteger(limit) && limit >= 0)) {
      throw new RangeError(`a limit is a whole number, not ${String(limit)}`)
    }
    this.#agent = agent
    this.#limit = limit
  }

  /**
   * See {@link IAgent.request}. Fails with InfiniteRedirection; with RedirectError for a redirection to what is no URL
   * of http or https, or with a body that cannot be sent again. The responses passed on the way are the
   * `previousResponse`.
   */
  request(method: string, url: string | URL, options: RequestOptions = {}): Deferred<ClientResponse> {
    return this.#request(method, String(url), repeatable(options), null, 0)
  }

  #request(method: string, url: string, options: RequestOptions, previous: ClientResponse | null, count: number):
    Deferred<ClientResponse> {
    return this.#agent.request(method, url, options).addCallback((response) => {
      response.previousResponse ??= previous
      const { status } = response
      const location = FOLLOWED.has(status) ? response.headers.get('location') : null
      if (location === null) return response
      response.discard()
      if (count >= this.#limit) {
        throw new InfiniteRedirection(`There were more than ${this.#limit} redirections.`, { status, location })
      }
      return this.#follow(method, url, options, response, location, count)
    }) as Deferred<ClientResponse>
  }

  #follow(method: string, url: string, options: RequestOptions, response: ClientResponse, location: string,
    count: number): Deferred<ClientResponse> {
    const { status } = response
    let next: string
    let isOther: boolean
    try {
      const from = parseHTTPURL(url)
      next = resolveURL(from.href, escaped(location))
      const to = parseHTTPURL(next)
      isOther = to.origin !== from.origin
      // The server does not choose whom we say we are.
      next = isOther ? to.href : withCredentials(to.href, to.credentials ?? from.credentials)
    } catch (cause) {
      throw new RedirectError(`A redirection leads to ${JSON.stringify(location)}.`, { cause, status, location })
    }
    const becomesGet = status === 303 ? method !== 'HEAD' && method !== 'GET' : status <= 302 && method === 'POST'
    const changed: RequestOptions = { ...options }
    delete changed.target
    if (becomesGet) {
      method = 'GET'
      delete changed.body
      delete changed.trailers
      delete changed.expectContinue
    } else if (!isReplayable(options.body)) {
      throw new RedirectError('A redirection asks for the body once more, and it can be sent only once.',
        { status, location })
    }
    if (options.headers !== undefined && (becomesGet || isOther)) {
      const headers = new Headers(options.headers)
      if (becomesGet) for (const name of OF_BODY) headers.delete(name)
      if (isOther) for (const name of PERSONAL) headers.delete(name)
      changed.headers = headers
    }
    return this.#request(method, next, changed, response, count + 1)
  }
}

/** Fields are bytes, and some servers put UTF-8 there; blanks too. */
function escaped(location: string): string {
  return location.replace(/[ \x80-\xff]/g, (character) =>
    `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`)
}
