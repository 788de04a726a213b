/**
 * CookieAgent: sends the cookies that a jar has, and gives it those that come.
 *
 * Owns: the two fields. Must not know: which cookie belongs where; the jar does, and it is the user's.
 * Source: twisted.web.client.CookieAgent; RFC 6265, 5.4, 5.2.
 */
import { Deferred, DeferredList, maybeDeferred } from '../../defer/index.js'
import { Headers } from '../headers.js'
import { parseHTTPURL } from '../urls.js'
import type { IAgent, RequestOptions } from './interfaces.js'
import type { ClientResponse } from './response.js'

/** What keeps cookies: the CookieJar of `tough-cookie` is one. Both methods may give promises, or Deferreds. */
export interface CookieJarLike {
  /** What the field Cookie says to a URL; empty for nothing. */
  getCookieString(url: string): unknown
  /** Takes a field Set-Cookie that came from a URL; may throw, or fail, for one that it refuses. */
  setCookie(cookie: string, url: string): unknown
}

/**
 * Sends and keeps cookies.
 *
 * @example new CookieAgent(new Agent(reactor), new CookieJar())
 */
export class CookieAgent implements IAgent {
  readonly jar: CookieJarLike
  readonly #agent: IAgent

  /** @throws TypeError for what is no jar */
  constructor(agent: IAgent, jar: CookieJarLike) {
    if (typeof jar?.getCookieString !== 'function' || typeof jar.setCookie !== 'function') {
      throw new TypeError('a jar for cookies has methods getCookieString and setCookie')
    }
    this.#agent = agent
    this.jar = jar
  }

  /**
   * See {@link IAgent.request}. A Cookie among the fields of a request goes first; a jar that fails fails the request.
   */
  request(method: string, url: string | URL, options: RequestOptions = {}): Deferred<ClientResponse> {
    return maybeDeferred(() => parseHTTPURL(url).href)
      .addCallback((href) =>
        maybeDeferred(() => this.jar.getCookieString(href)).addCallback((cookies) =>
          this.#agent.request(method, url, withCookies(options, cookies))
            .addCallback((response) => this.#keep(response, href)))) as Deferred<ClientResponse>
  }

  #keep(response: ClientResponse, href: string): ClientResponse | Deferred<ClientResponse> {
    const cookies = response.headers.getSetCookie()
    if (cookies.length === 0) return response
    // One that the jar refuses is the server's mistake, and no reason to lose the others, or the response.
    const kept = cookies.map((cookie) => maybeDeferred(() => this.jar.setCookie(cookie, href)))
    const all = new DeferredList(kept, { consumeErrors: true })
    let isGivenUp = false
    // Given up while the jar is busy: nobody gets the response.
    const done = new Deferred<ClientResponse>(() => {
      isGivenUp = true
      response.discard()
      all.cancel()
    })
    all.addCallback(() => {
      if (!isGivenUp) done.callback(response)
    })
    return done
  }
}

function withCookies(options: RequestOptions, cookies: unknown): RequestOptions {
  if (typeof cookies !== 'string' || cookies === '') return options
  const headers = new Headers(options.headers)
  const given = headers.get('cookie')
  headers.set('Cookie', given === null ? cookies : `${given}; ${cookies}`)
  return { ...options, headers }
}
