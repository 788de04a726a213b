/**
 * The endpoint strings that make sense in pages.
 *
 *   client   tunnel:<relay URL>:<host>:<port>[:token=<secret>][:timeout=<duration>]
 *   client   ws://<host>[:<port>]/<path>, wss://…, with the colons escaped: wss\://host/path[:subprotocol=<name>]
 *   client   broadcast:<name>[:timeout=<duration>]
 *   server   broadcast:<name>
 *
 * Owns: their fields. Must not know: what they become.
 */
import { EndpointFields, given } from '../../src/endpoints/fields.js'
import { registerEndpoint } from '../../src/endpoints/index.js'
import type { StreamReactor } from '../../src/transports/index.js'
import { registerTunnelEndpoints } from '../../src/tunnel/client.js'
import type { BroadcastReactor } from '../../src/endpoints/broadcast.js'
import { BroadcastClientEndpoint, BroadcastServerEndpoint } from './ports.js'
import { WebSocketEndpoint } from './websocket.js'

/**
 * Makes `tunnel:`, `ws:`, `wss:` and `broadcast:` known to `clientFromString` and `serverFromString`. Twice
 * does no harm.
 */
export function registerWebEndpoints(): void {
  registerTunnelEndpoints()
  for (const scheme of ['ws', 'wss'] as const) {
    registerEndpoint(scheme, {
      client(reactor: StreamReactor, args, { subprotocol, timeout, ...query }) {
        // The colons of a URL, and perhaps an = in its query, have made fields of it.
        const rest = [...args, ...Object.entries(query).map(([name, value]) => `${name}=${value}`)].join(':')
        const named = { ...given('subprotocol', subprotocol), ...given('timeout', timeout) } as Record<string, string>
        const fields = new EndpointFields(
          `${scheme}://<host>[:<port>]/<path>[:subprotocol=<name>][:timeout=<duration>]`, ['url'],
          ['subprotocol', 'timeout'], [rest], named)
        const name = fields.optional('subprotocol')
        try {
          return new WebSocketEndpoint(reactor, `${scheme}:${fields.required('url')}`, {
            ...name === undefined ? {} : { subprotocols: [name] }, ...given('timeout', fields.duration('timeout')),
          })
        } catch (error) {
          throw fields.error('url', `cannot be used (${(error as Error).message})`, error)
        }
      },
    })
  }
  registerEndpoint('broadcast', {
    client(reactor: BroadcastReactor, args, options) {
      const fields = new EndpointFields('broadcast:<name>[:timeout=<duration>]', ['name'], ['timeout'], args, options)
      return new BroadcastClientEndpoint(reactor, fields.required('name'), given('timeout', fields.duration('timeout')))
    },
    server(reactor: BroadcastReactor, args, options) {
      const fields = new EndpointFields('broadcast:<name>', ['name'], [], args, options)
      return new BroadcastServerEndpoint(reactor, fields.required('name'))
    },
  })
}
