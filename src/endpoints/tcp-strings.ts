/**
 * The endpoint strings `tcp:` and `tcp6:`, for both sides, and `hostname:` for clients.
 *
 *   server   tcp:<port>[:interface=<address>][:backlog=<n>][:reusePort=yes]
 *   client   tcp:<host>:<port>[:timeout=<duration>][:bindAddress=<address>]        hostname: takes the same
 *
 * Owns: their fields. Must not know: how strings are split. Source: the page of exact behaviour, E08, E10, E12, E14.
 */
import type {
  ConnectTCPOptions, IReactorTCP, IStreamClientEndpoint, IStreamServerEndpoint, ListenTCPOptions,
} from '../interfaces/index.js'
import { EndpointFields, given } from './fields.js'
import { HostnameEndpoint } from './hostname.js'
import type { HostnameReactor } from './hostname.js'
import { TCP4ClientEndpoint, TCP6ClientEndpoint } from './tcp-client.js'
import { TCP4ServerEndpoint, TCP6ServerEndpoint } from './tcp-server.js'

type ServerClass = new (reactor: IReactorTCP, port: number, options: ListenTCPOptions) => IStreamServerEndpoint
type ClientClass<R extends IReactorTCP = IReactorTCP> =
  new (reactor: R, host: string, port: number, options: ConnectTCPOptions) => IStreamClientEndpoint

/** `tcp:` */
export const tcp = strings('tcp', TCP4ServerEndpoint, TCP4ClientEndpoint)
/** `tcp6:` */
export const tcp6 = strings('tcp6', TCP6ServerEndpoint, TCP6ClientEndpoint)
/** `hostname:`, whichever address of a name answers first */
export const hostname = { client: clientStrings<HostnameReactor>('hostname', HostnameEndpoint) }

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

    client: clientStrings(prefix, Client),
  }
}

function clientStrings<R extends IReactorTCP>(prefix: string, Client: ClientClass<R>) {
  return (reactor: R, args: string[], options: Record<string, string>): IStreamClientEndpoint => {
    const fields = new EndpointFields(`${prefix}:<host>:<port>[:timeout=<duration>][:bindAddress=<address>]`,
      ['host', 'port'], ['timeout', 'bindAddress'], args, options)
    const local = fields.optional('bindAddress')
    return new Client(reactor, fields.required('host'), fields.port('port'), {
      ...given('timeout', fields.duration('timeout')),
      ...given('bindAddress', local === undefined ? undefined : { host: local }),
    })
  }
}
