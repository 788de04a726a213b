/**
 * The endpoint strings for connections that go, or come, through somebody else.
 *
 *   client   socks5:<host>:<port>:proxy=<client endpoint>[:username=<name>:password=<secret>][:timeout=<duration>]
 *   client   connect:<host>:<port>:proxy=<client endpoint>[:username=<name>:password=<secret>][:timeout=<duration>]
 *   server   haproxy:<server endpoint>[:headerTimeout=<duration>]
 *   client   haproxy:<client endpoint>[:proxyVersion=1|2]
 *
 * The endpoint in `proxy` is one field, so its own colons are escaped; that of `haproxy:` is the rest of the string.
 *
 * Owns: their fields. Must not know: the handshakes. Source: the page of exact behaviour, E14; haproxy is Twisted's.
 */
import type { IReactorTime, IStreamClientEndpoint, IStreamServerEndpoint } from '../interfaces/index.js'
import { EndpointFields, given } from './fields.js'
import { HAProxyClientEndpoint, HAProxyServerEndpoint } from './haproxy.js'
import { innerEndpoint, joinFields } from './nested.js'
import type { ClientFromString, ServerFromString } from './nested.js'
import { HTTPConnectClientEndpoint, SOCKS5ClientEndpoint } from './proxies.js'

const CLIENT_GRAMMAR = ':<host>:<port>:proxy=<client endpoint>[:username=<name>:password=<secret>][:timeout=<duration>]'

/** `socks5:` or `connect:` */
export function proxyStrings(prefix: 'socks5' | 'connect', fromString: ClientFromString) {
  const Endpoint = prefix === 'socks5' ? SOCKS5ClientEndpoint : HTTPConnectClientEndpoint
  return {
    client(reactor: IReactorTime, args: string[], options: Record<string, string>): IStreamClientEndpoint {
      const fields = new EndpointFields(prefix + CLIENT_GRAMMAR, ['host', 'port'],
        ['proxy', 'username', 'password', 'timeout'], args, options)
      const host = fields.required('host')
      const port = fields.port('port')
      fields.required('proxy')
      const proxy = innerEndpoint(fields, 'proxy', (text) => fromString(reactor, text))!
      const [username, password] = [fields.optional('username'), fields.optional('password')]
      if (username !== undefined && password === undefined) throw fields.error('password', 'is missing beside username')
      if (password !== undefined && username === undefined) throw fields.error('username', 'is missing beside password')
      const auth = username === undefined ? null : { username, password: password! }
      const timeout = fields.duration('timeout')
      try {
        return new Endpoint(proxy, host, port, auth, { clock: reactor, ...given('timeout', timeout) })
      } catch (error) {
        // The port was a number, so it is one of the texts that does not fit into the protocol.
        const { message } = error as Error
        throw fields.error(/username|password|credentials|authentication/i.test(message) ? 'username' : 'host',
          `cannot be sent (${message})`, error)
      }
    },
  }
}

/** What can have something between TLS and the connection under it. */
interface Layered<E> {
  over(wrap: (plain: E) => E): E
}

function around<E extends object>(endpoint: E, wrap: (plain: E) => E): E {
  // The header comes before the TLS handshake, in plain text: so says the protocol.
  const { over } = endpoint as Partial<Layered<E>>
  return typeof over === 'function' ? over.call(endpoint, wrap) : wrap(endpoint)
}

/** `haproxy:` */
export function haproxyStrings(clientFromString: ClientFromString, serverFromString: ServerFromString) {
  return {
    server(reactor: IReactorTime, args: string[], options: Record<string, string>): IStreamServerEndpoint {
      const { headerTimeout, ...inner } = options
      const fields = new EndpointFields('haproxy:<server endpoint>[:headerTimeout=<duration>]', ['endpoint'],
        ['headerTimeout'], args.slice(0, 1), headerTimeout === undefined ? {} : { headerTimeout })
      fields.required('endpoint')
      const timeout = fields.duration('headerTimeout')
      return around(serverFromString(reactor, joinFields(args, inner)), (plain) =>
        new HAProxyServerEndpoint(plain, { clock: reactor, ...given('timeout', timeout) }))
    },

    client(reactor: IReactorTime, args: string[], options: Record<string, string>): IStreamClientEndpoint {
      const { proxyVersion, ...inner } = options
      const fields = new EndpointFields('haproxy:<client endpoint>[:proxyVersion=1|2]', ['endpoint'],
        ['proxyVersion'], args.slice(0, 1), proxyVersion === undefined ? {} : { proxyVersion })
      fields.required('endpoint')
      const version = Number(fields.word('proxyVersion', ['1', '2']) ?? '2') as 1 | 2
      return around(clientFromString(reactor, joinFields(args, inner)), (plain) =>
        new HAProxyClientEndpoint(plain, { version }))
    },
  }
}
