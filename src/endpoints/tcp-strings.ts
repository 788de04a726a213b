/**
 * The endpoint strings `tcp:` and `tcp6:`, for both sides.
 *
 *   server   tcp:<port>[:interface=<address>][:backlog=<n>][:reusePort=yes]
 *   client   tcp:<host>:<port>[:timeout=<duration>][:bindAddress=<address>]
 *
 * Owns: their fields. Must not know: how strings are split. Source: the page of exact behaviour, E08, E10, E12, E14.
 */
import type {
  ConnectTCPOptions, IReactorTCP, IStreamClientEndpoint, IStreamServerEndpoint, ListenTCPOptions,
} from '../interfaces/index.js'
import { EndpointFields } from './fields.js'
import { TCP4ClientEndpoint, TCP6ClientEndpoint } from './tcp-client.js'
import { TCP4ServerEndpoint, TCP6ServerEndpoint } from './tcp-server.js'

type ServerClass = new (reactor: IReactorTCP, port: number, options: ListenTCPOptions) => IStreamServerEndpoint
type ClientClass =
  new (reactor: IReactorTCP, host: string, port: number, options: ConnectTCPOptions) => IStreamClientEndpoint

/** `tcp:` */
export const tcp = strings('tcp', TCP4ServerEndpoint, TCP4ClientEndpoint)
/** `tcp6:` */
export const tcp6 = strings('tcp6', TCP6ServerEndpoint, TCP6ClientEndpoint)

function strings(prefix: string, Server: ServerClass, Client: ClientClass) {
  return {
    server(reactor: IReactorTCP, args: string[], options: Record<string, string>): IStreamServerEndpoint {
      const fields = new EndpointFields(`${prefix}:<port>[:interface=<address>][:backlog=<n>][:reusePort=yes]`,
        ['port', 'interface', 'backlog'], ['reusePort'], args, options)
      return new Server(reactor, fields.port('port'), {
        ...given('interface', fields.text('interface') || undefined),
        ...given('backlog', fields.integer('backlog')),
        ...given('reusePort', fields.flag('reusePort')),
      })
    },

    client(reactor: IReactorTCP, args: string[], options: Record<string, string>): IStreamClientEndpoint {
      const fields = new EndpointFields(`${prefix}:<host>:<port>[:timeout=<duration>][:bindAddress=<address>]`,
        ['host', 'port'], ['timeout', 'bindAddress'], args, options)
      const local = fields.text('bindAddress')
      return new Client(reactor, fields.required('host'), fields.port('port'), {
        ...given('timeout', fields.duration('timeout')),
        ...given('bindAddress', local === undefined ? undefined : { host: local }),
      })
    },
  }
}

/** An object with this property, or an empty one, so that a default is not overwritten with undefined. */
function given<K extends string, V>(key: K, value: V | undefined): { [name in K]?: V } {
  return value === undefined ? {} : { [key]: value } as { [name in K]?: V }
}
