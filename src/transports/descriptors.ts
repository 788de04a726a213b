/**
 * adoptStreamPort and adoptStreamConnection: sockets that this program was started with.
 *
 * Owns: that a descriptor is used once, and is of the family that was said. Must not know: hosts.
 * Source: twisted.internet.interfaces.IReactorSocket.
 */

import type { Failure } from '../defer/index.js'
import type { IAddress } from '../interfaces/address.js'
import type { IProtocolFactory } from '../interfaces/factory.js'
import type { IListeningPort } from '../interfaces/listening-port.js'
import type { DescriptorHost } from '../interfaces/process-host.js'
import type { AddressFamily } from '../interfaces/reactor-socket.js'
import type { StreamChannel } from '../interfaces/stream-channel.js'
import type { ListenHandle, ListenSink } from '../interfaces/stream-host.js'
import { checkFactory } from './check-factory.js'
import { connectError } from './host-errors.js'
import { StreamPort } from './stream-port.js'
import type { StreamReactor } from './stream-reactor.js'
import { StreamTransport } from './stream-transport.js'
import { unixAddress } from './unix.js'

/** What a port says of itself until it is bound, which it is at once. */
const UNBOUND: Readonly<Record<AddressFamily, IAddress>> = {
  IPv4: { family: 'IPv4', type: 'TCP', host: '0.0.0.0', port: 0 },
  IPv6: { family: 'IPv6', type: 'TCP', host: '::', port: 0 },
  UNIX: unixAddress(null),
}

/** See IReactorSocket. @internal */
export function adoptStreamPort(
  reactor: StreamReactor, host: DescriptorHost, fd: number, family: AddressFamily, factory: IProtocolFactory,
): IListeningPort {
  checkDescriptor(fd)
  checkFactory(factory, 'server')
  if (!Object.hasOwn(UNBOUND, family)) {
    throw new TypeError(`an address family is IPv4, IPv6 or UNIX, not ${String(family)}`)
  }
  let used = false
  const request = { interface: '', port: `descriptor ${fd}`, address: UNBOUND[family] }
  const port = new StreamPort(reactor, factory, request, (sink) => {
    // The number may mean another file by now.
    if (used) throw new Error('an adopted descriptor is closed with its port')
    used = true
    return new FamilyCheck(sink, family, (checked) => host.adoptPort(fd, checked))
  })
  port.startListening()
  return port
}

/** See IReactorSocket. @internal */
export function adoptStreamConnection(
  reactor: StreamReactor, host: DescriptorHost, fd: number, factory: IProtocolFactory): StreamTransport | null {
  checkDescriptor(fd)
  checkFactory(factory, 'server')
  let adopted: StreamChannel | undefined
  let failure: unknown
  host.adoptConnection(fd, {
    connected: (channel) => { adopted = channel },
    failed: (error) => { failure = error },
  })
  if (adopted === undefined) throw connectError(failure)
  reactor.enter()
  try {
    return connect(reactor, adopted, factory)
  } finally {
    reactor.exit()
  }
}

function connect(reactor: StreamReactor, channel: StreamChannel, factory: IProtocolFactory): StreamTransport | null {
  const call = (what: string, fn: () => void): void => {
    try {
      fn()
    } catch (error) {
      reactor.logFailure(`${what} failed`, error)
    }
  }
  call('startFactory', () => factory.doStart())
  const stop = (): void => call('stopFactory', () => factory.doStop())
  try {
    const protocol = factory.buildProtocol(channel.peer) ?? null
    if (protocol === null) {
      channel.close(false)
      stop()
      return null
    }
    const owner = { connectionEnded: (_transport: StreamTransport, _reason: Failure): void => stop() }
    const transport = new StreamTransport(reactor, channel, owner)
    transport.start(protocol)
    return transport
  } catch (error) {
    channel.close(false)
    stop()
    throw error
  }
}

/** Passes on what a listening socket says, unless its address is of another family than was said. */
class FamilyCheck implements ListenSink, ListenHandle {
  readonly #sink: ListenSink
  readonly #family: AddressFamily
  readonly #handle: ListenHandle

  constructor(sink: ListenSink, family: AddressFamily, open: (sink: ListenSink) => ListenHandle) {
    this.#sink = sink
    this.#family = family
    this.#handle = open(this)
  }

  listening(address: IAddress): void {
    if (address.family === this.#family) this.#sink.listening(address)
    else this.#sink.failed(new Error(`this is a socket of the family ${address.family}, not ${this.#family}`))
  }

  failed(error: unknown): void {
    this.#sink.failed(error)
  }

  accepted(channel: StreamChannel): void {
    this.#sink.accepted(channel)
  }

  acceptFailed(error: unknown): void {
    this.#sink.acceptFailed(error)
  }

  close(): void | Promise<void> {
    return this.#handle.close()
  }
}

/** @throws RangeError */
function checkDescriptor(fd: number): void {
  if (!Number.isInteger(fd) || fd < 0 || fd > 0x7fffffff) {
    throw new RangeError(`a descriptor is a whole number, zero or more, not ${String(fd)}`)
  }
}
