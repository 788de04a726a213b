/**
 * What a simulated host's reactor is composed of, good for one life.
 *
 * Owns: keeping code of a former life from opening anything: it gets handles of nothing, and is told nothing. Must not
 * know: the network's inside; that silences what was open itself.
 */

import type {
  ConnectHandle, ConnectSink, DatagramHandle, DatagramHost, DatagramRequest, DatagramSink, IHostnameResolver,
  ListenHandle, ListenSink, ReactorParts,
} from '../../interfaces/index.js'
import { SharedResolver } from '../../transports/resolve-shared.js'
import type { Engine } from './engine.js'
import type { Life } from './life.js'
import type { Network } from './network/network.js'
import type { LifeCore } from './sim-core.js'

/** How long a name server takes to answer, ms. */
const LOOKUP = 0.5

/** @internal */
export function lifeParts(engine: Engine, network: Network, life: Life, core: LifeCore): ReactorParts {
  const { host } = life
  return {
    core: () => core,
    host: life,
    tcp: new LifeStreams(life, network.tcp(host)),
    unix: new LifeStreams(life, network.unix(host)),
    udp: new LifeUDP(life, network.udp(host)),
    tls: network.tls(host),
    resolver: lifeResolver(engine, life),
  }
}

/** What TCP and UNIX sockets have in common. */
interface StreamHost<Listen, Connect> {
  listen(request: Listen, sink: ListenSink): ListenHandle
  connect(request: Connect, sink: ConnectSink): ConnectHandle
}

class LifeStreams<Listen, Connect> implements StreamHost<Listen, Connect> {
  readonly #life: Life
  readonly #host: StreamHost<Listen, Connect>

  constructor(life: Life, host: StreamHost<Listen, Connect>) {
    this.#life = life
    this.#host = host
  }

  listen(request: Listen, sink: ListenSink): ListenHandle {
    return this.#life.isOver ? NOTHING : this.#host.listen(request, sink)
  }

  connect(request: Connect, sink: ConnectSink): ConnectHandle {
    return this.#life.isOver ? NOTHING : this.#host.connect(request, sink)
  }
}

class LifeUDP implements DatagramHost {
  readonly #life: Life
  readonly #udp: DatagramHost

  constructor(life: Life, udp: DatagramHost) {
    this.#life = life
    this.#udp = udp
  }

  bind(request: DatagramRequest, sink: DatagramSink): DatagramHandle {
    return this.#life.isOver ? NOTHING : this.#udp.bind(request, sink)
  }
}

/** Does nothing. */
const NOTHING: ListenHandle & ConnectHandle & DatagramHandle = Object.freeze({
  close: nothing, cancel: nothing, send: nothing, connect: nothing, setBroadcast: nothing, addMembership: nothing,
  dropMembership: nothing, setTTL: nothing, setLoopback: nothing, setInterface: nothing, pause: nothing,
  resume: nothing,
})

function nothing(): void {}

/** Names of hosts, whether they are up or not, and localhost. Names have no upper and lower case. */
function lifeResolver(engine: Engine, life: Life): IHostnameResolver {
  return new SharedResolver((name, family, done) => {
    if (life.isOver) return
    engine.at(engine.now + LOOKUP, {
      fire: () => {
        if (life.isOver) return
        engine.current = life
        const plain = name.toLowerCase().replace(/\.$/, '')
        const found = plain === 'localhost' ? { ipv4: '127.0.0.1', ipv6: '::1' } : engine.findHost(plain)
        if (found === null) {
          done(Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: 'ENOTFOUND' }), [])
          return
        }
        const { ipv4, ipv6 } = found
        const reactor = life.host.reactorOf(life)
        reactor?.enter()
        done(null, family === 4 ? [ipv4] : family === 6 ? [ipv6] : [ipv4, ipv6])
        reactor?.exit()
      },
    })
  })
}
