/**
 * TCP of a page: through a relay.
 *
 * Owns: which relay. Must not know: messages; src/tunnel does.
 */
import { NotSupportedError } from '../../src/errors/index.js'
import type {
  ConnectHandle, ConnectSink, ListenHandle, TCPConnectRequest, TCPHost,
} from '../../src/interfaces/index.js'
import { checkTunnel } from '../../src/tunnel/client.js'
import { openTunnel } from '../../src/tunnel/attempt.js'
import type { TunnelOptions, TunnelReactor } from '../../src/tunnel/attempt.js'
import { LACKS } from './lacks.js'

/** Where the relay is, and who one is. */
export interface RelayOptions extends Omit<TunnelOptions, 'open'> {
  /** `wss:` or `ws:`; what has no scheme belongs to the page's own server. */
  url: string | URL
}

/** TCP for one reactor. */
export class RelayedTCP implements TCPHost {
  readonly #reactor: () => TunnelReactor
  readonly #url: string
  readonly #options: TunnelOptions

  /** @throws TypeError, RangeError for a relay that is none */
  constructor(reactor: () => TunnelReactor, { url, ...options }: RelayOptions) {
    this.#reactor = reactor
    this.#url = relayURL(url)
    this.#options = options
    checkTunnel(this.#url, '-', options)
  }

  listen(): ListenHandle {
    throw new NotSupportedError('web', 'listenTCP', { reason: LACKS['listenTCP'] })
  }

  connect({ host, port, localHost, localPort }: TCPConnectRequest, sink: ConnectSink): ConnectHandle {
    if (localHost !== undefined || localPort !== undefined) {
      throw new NotSupportedError('web', 'bindAddress', { reason: 'the relay connects, from an address of its own' })
    }
    return openTunnel(this.#reactor(), this.#url, { host, port }, this.#options, sink)
  }
}

/** `/tunnel` is wss://this.page/tunnel. */
export function relayURL(url: string | URL): string {
  const here = typeof location === 'undefined' ? undefined : location.href
  const absolute = new URL(url, here?.startsWith('http') === true ? here : undefined)
  return absolute.href.replace(/^http/, 'ws')
}
