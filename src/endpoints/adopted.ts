/**
 * Endpoints over sockets that this program was started with, or was handed: descriptors of systemd or inetd.
 *
 * Owns: one use of a descriptor by each endpoint. Must not know: hosts.
 * Source: twisted.internet.endpoints.AdoptedStreamServerEndpoint; the client side goes beyond it.
 */
import { Deferred, fail } from '../defer/index.js'
import { ConnectError } from '../errors/index.js'
import type {
  AddressFamily, IAddress, IListeningPort, IProtocol, IProtocolFactory, IReactorSocket, IStreamClientEndpoint,
  IStreamServerEndpoint,
} from '../interfaces/index.js'
import { keepClock } from './clock.js'
import { onceConnected } from './connecting.js'
import { listening } from './listening.js'

/** @throws RangeError for what is no descriptor */
function checkDescriptor(fd: number): void {
  if (!Number.isInteger(fd) || fd < 0) throw new RangeError(`a descriptor is a whole number, not ${String(fd)}`)
}

/** Takes connections from a socket that is bound already. */
export class AdoptedStreamServerEndpoint implements IStreamServerEndpoint {
  readonly #reactor: IReactorSocket
  readonly #fd: number
  readonly #family: AddressFamily

  /** @param fd belongs to the reactor once it listens; it is closed with the port */
  constructor(reactor: IReactorSocket, fd: number, addressFamily: AddressFamily = 'IPv4') {
    checkDescriptor(fd)
    keepClock(this, reactor)
    this.#reactor = reactor
    this.#fd = fd
    this.#family = addressFamily
  }

  /** Fires with the port, fails with CannotListenError. */
  listen(factory: IProtocolFactory): Deferred<IListeningPort> {
    return listening(() => this.#reactor.adoptStreamPort(this.#fd, this.#family, factory))
  }
}

/** Takes over a connection that somebody else has made. */
export class AdoptedStreamClientEndpoint implements IStreamClientEndpoint {
  readonly #reactor: IReactorSocket
  readonly #fd: number

  /** @param fd belongs to the reactor once it is connected; it is closed with the connection */
  constructor(reactor: IReactorSocket, fd: number) {
    checkDescriptor(fd)
    keepClock(this, reactor)
    this.#reactor = reactor
    this.#fd = fd
  }

  /** Fires with the protocol, fails with a ConnectError for what is no connected socket. */
  connect(factory: IProtocolFactory): Deferred<IProtocol> {
    const connected = new Deferred<IProtocol>()
    const adopting: IProtocolFactory = {
      doStart: () => factory.doStart(),
      doStop: () => factory.doStop(),
      buildProtocol: (address: IAddress) => {
        const protocol = factory.buildProtocol(address)
        if (protocol !== null) {
          onceConnected(protocol, (error) => {
            if (error === null) connected.callback(protocol)
            else connected.errback(error.value)
          })
        }
        return protocol
      },
    }
    try {
      const transport = this.#reactor.adoptStreamConnection(this.#fd, adopting)
      if (transport === null) throw new ConnectError('The factory made no protocol for the connection.')
    } catch (error) {
      return fail(error) as Deferred<IProtocol>
    }
    return connected
  }
}
