/**
 * ProxyAgent: an agent whose connections go through a proxy.
 *
 *      HTTP proxy    http:  the request goes to the proxy, with the whole URL in its request line   RFC 9112, 3.2.2
 *                    https: through a tunnel that CONNECT makes; the proxy sees only host and port  RFC 9110, 9.3.6
 *      SOCKS5        both through a tunnel, and the proxy resolves the name                          RFC 1928
 *
 * Owns: which of these it is, and who is shown the proxy's credentials: the proxy. Must not know: the handshakes
 * (src/endpoints/proxies.ts).
 */
import { HTTPConnectClientEndpoint, SOCKS5ClientEndpoint, wrapClientTLS } from '../../endpoints/index.js'
import type { HostnameReactor } from '../../endpoints/index.js'
import type { IStreamClientEndpoint, TLSClientOptions } from '../../interfaces/index.js'
import { parseHTTPURL } from '../urls.js'
import type { HTTPURL } from '../urls.js'
import { Agent, markOf } from './agent.js'
import type { AgentOptions, Route } from './agent.js'
import { basicCredentials } from './basic.js'

/** Options of a ProxyAgent. */
export interface ProxyAgentOptions extends Omit<AgentOptions, 'endpointFor'> {
  /** For a proxy that is itself reached by https: whom to trust. */
  proxyTLS?: Omit<TLSClientOptions, 'alpn'>
  /** Hosts that are reached directly: names, which stand for what is below them too, or addresses. */
  except?: Iterable<string>
}

/**
 * Makes requests through a proxy.
 *
 * @example
 * new ProxyAgent(reactor, 'http://me:secret@proxy.example:3128')
 * new ProxyAgent(reactor, 'socks5://127.0.0.1:1080', { except: ['localhost', 'intern.example'] })
 */
export class ProxyAgent extends Agent {
  readonly #proxy: HTTPURL
  readonly #isSOCKS: boolean
  readonly #proxyTLS: TLSClientOptions
  readonly #mark: number
  readonly #except: ReadonlySet<string>
  readonly #authorization: string | null

  /**
   * @param proxy `http://`, `https://` or `socks5://`, with the credentials that the proxy asks for
   * @throws TypeError for what is no such URL; SchemeNotSupported
   */
  constructor(reactor: HostnameReactor, proxy: string | URL, options: ProxyAgentOptions = {}) {
    super(reactor, options)
    const text = String(proxy)
    this.#isSOCKS = /^socks5h?:/i.test(text)
    // As if it were one of ours, to be taken apart; SOCKS has a port of its own.
    const url = parseHTTPURL(this.#isSOCKS ? text.replace(/^socks5h?:/i, 'http:') : text)
    this.#proxy = this.#isSOCKS && !hasPort(text) ? { ...url, port: 1080 } : url
    this.#mark = markOf(options.proxyTLS)
    this.#proxyTLS = { ...options.proxyTLS, alpn: ['http/1.1'] }
    this.#except = new Set([...options.except ?? []].map(nameOf))
    const { credentials } = url
    this.#authorization = credentials === null || this.#isSOCKS ? null : basicCredentials(credentials)
  }

  protected override routeFor(url: HTTPURL): Route {
    if (this.#isExcepted(url.host)) return super.routeFor(url)
    const { scheme, host, port, credentials } = this.#proxy
    const proxy = `${this.#isSOCKS ? 'socks5:' : scheme} ${host} ${port} ${JSON.stringify(credentials)} ${this.#mark}`
    const isAbsolute = !this.#isSOCKS && url.scheme === 'http:'
    return {
      // One connection with the proxy serves all hosts that it is asked for by URL.
      key: isAbsolute ? `absolute ${this.keyOf(this.#proxy, proxy)}` : this.keyOf(url, proxy),
      limits: this.limits,
      lenient: this.lenient,
      isAbsolute,
      proxyAuthorization: isAbsolute ? this.#authorization : null,
      endpoint: () => isAbsolute ? this.#toProxy() : this.secured(url, this.#tunnel(url)),
    }
  }

  #tunnel({ host, port }: HTTPURL): IStreamClientEndpoint {
    const { credentials } = this.#proxy
    const Kind = this.#isSOCKS ? SOCKS5ClientEndpoint : HTTPConnectClientEndpoint
    return new Kind(this.#toProxy(), host, port, credentials, { timeout: this.timeouts.connect, clock: this.reactor })
  }

  #toProxy(): IStreamClientEndpoint {
    const { scheme, host, port } = this.#proxy
    const plain = this.hostEndpoint(host, port)
    return scheme === 'http:' ? plain : wrapClientTLS({ serverName: host, ...this.#proxyTLS }, plain)
  }

  #isExcepted(host: string): boolean {
    if (this.#except.has(host)) return true
    for (let dot = host.indexOf('.'); dot >= 0; dot = host.indexOf('.', dot + 1)) {
      if (this.#except.has(host.slice(dot + 1))) return true
    }
    return false
  }
}

/** As URLs have it, however it was written: `[::1]`, `.example.com`. */
function nameOf(host: string): string {
  return host.toLowerCase().replace(/^\[(.*)\]$/, '$1').replace(/^\./, '')
}

/** A port that is the scheme's own is gone from a URL that was taken apart. */
function hasPort(text: string): boolean {
  return /^[^/]*\/\/(?:[^/?#]*@)?(?:\[[^\]]*\]|[^:/?#]*):\d/.test(text)
}
