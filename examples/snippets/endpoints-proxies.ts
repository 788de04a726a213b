/** Proxies, as the guide to endpoints shows them. */
import {
  HAProxyServerEndpoint, HTTPConnectClientEndpoint, HTTPConnectError, proxyHeaderOf, Protocol, quoteStringArgument,
  SOCKS5ClientEndpoint, SOCKSConnectionRefused, TCP4ClientEndpoint, TCP4ServerEndpoint, wrapClientTLS,
} from 'whorl'
import type { Failure, IReactorTCP, IStreamClientEndpoint, IStreamServerEndpoint } from 'whorl'

/** TLS with a host, in a tunnel of an HTTP proxy that is itself reached through a SOCKS5 proxy. */
export function twoProxies(reactor: IReactorTCP): IStreamClientEndpoint {
  const socks = new TCP4ClientEndpoint(reactor, '127.0.0.1', 1080)
  const http = new SOCKS5ClientEndpoint(socks, 'proxy.example', 8888, { username: 'me', password: 'secret' })
  return wrapClientTLS({ alpn: ['http/1.1'] }, new HTTPConnectClientEndpoint(http, 'example.com', 443))
}

/** The same as a string: what is inside is quoted, once for each level. */
export function asString(): string {
  const socks = 'tcp:127.0.0.1:1080'
  const http = `socks5:proxy.example:8888:proxy=${quoteStringArgument(socks)}:username=me:password=secret`
  const tunnel = `connect:example.com:443:proxy=${quoteStringArgument(http)}`
  return `tls:example.com:443:endpoint=${quoteStringArgument(tunnel)}:alpn=http/1.1`
}

/** What a proxy's refusal means. */
export function explain(reason: Failure): string {
  if (reason.check(SOCKSConnectionRefused) !== null) return 'nobody listens there'
  const { value } = reason
  if (value instanceof HTTPConnectError && value.status === 407) return 'the proxy wants other credentials'
  return value.message
}

/** Behind a load balancer that speaks the PROXY protocol. */
export function behindBalancer(reactor: IReactorTCP): IStreamServerEndpoint {
  return new HAProxyServerEndpoint(new TCP4ServerEndpoint(reactor, 8080, { interface: '127.0.0.1' }), { timeout: 5_000 })
}

export class Greeter extends Protocol {
  override connectionMade(): void {
    const peer = this.transport.getPeer()
    const name = proxyHeaderOf(this.transport)?.authority ?? 'no name'
    this.transport.write(`hello ${'host' in peer ? peer.host : 'somebody'}, who asked for ${name}\r\n`)
  }
}
