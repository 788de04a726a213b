/** Agents around agents, as the guide to the HTTP client shows them. */
import type { Reactor } from 'whorl/node'
import {
  Agent, ContentDecoderAgent, CookieAgent, fetchVia, getPage, HTTPConnectionPool, ProxyAgent, RedirectAgent, RetryAgent,
} from 'whorl/http'
import type { CookieJarLike, IAgent } from 'whorl/http'

/** What a browser would do, as far as a program wants that. */
export function browser(reactor: Reactor, jar: CookieJarLike, proxy?: string): IAgent {
  const pool = new HTTPConnectionPool(reactor, { maxPerHost: 6 })
  const agent = proxy === undefined ? new Agent(reactor, { pool }) : new ProxyAgent(reactor, proxy, { pool })
  const patient = new RetryAgent(reactor, agent, { retries: 2 })
  return new ContentDecoderAgent(reactor, new RedirectAgent(new CookieAgent(patient, jar)))
}

/** For whoever would rather have `fetch`. */
export async function title(agent: IAgent, url: string): Promise<string | undefined> {
  const fetch = fetchVia(agent)
  const response = await fetch(url, { headers: { Accept: 'text/html' } })
  return /<title>([^<]*)/.exec(await response.text())?.[1]
}

/** All that is needed for one page. */
export function page(reactor: Reactor, url: string): Promise<Uint8Array> {
  return getPage(url, { reactor, timeout: 30_000, limit: 1_000_000 }).asPromise()
}
