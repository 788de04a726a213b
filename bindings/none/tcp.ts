/**
 * TCP inside: listening and connecting by asking the gateway.
 *
 * Owns: ports and attempts. Must not know: factories and protocols.
 */
import { failureOf, Kind, ListenFlag } from '../../src/embedding/index.js'
import type { Field } from '../../src/embedding/index.js'
import type {
  ConnectHandle, ConnectSink, ListenHandle, ListenSink, TCPConnectRequest, TCPHost, TCPListenRequest,
} from '../../src/interfaces/index.js'
import { tcpAddress } from '../../src/transports/address.js'
import { WINDOW } from './border.js'
import type { Border, Insider } from './border.js'
import { NoneChannel } from './channel.js'

/** TCP for one reactor. */
export class NoneTCP implements TCPHost {
  readonly #border: Border
  readonly #soon: (fn: () => void) => void

  constructor(border: Border, soon: (fn: () => void) => void) {
    this.#border = border
    this.#soon = soon
  }

  listen(request: TCPListenRequest, sink: ListenSink): ListenHandle {
    return new Listener(this.#border, this.#soon, request, sink)
  }

  connect(request: TCPConnectRequest, sink: ConnectSink): ConnectHandle {
    return new Attempt(this.#border, this.#soon, request, sink)
  }
}

class Listener implements ListenHandle, Insider {
  readonly #border: Border
  readonly #soon: (fn: () => void) => void
  readonly #sink: ListenSink
  readonly #id: number

  constructor(border: Border, soon: (fn: () => void) => void, request: TCPListenRequest, sink: ListenSink) {
    const { host, port, backlog = 0, reusePort = false, ipv6Only = false } = request
    this.#border = border
    this.#soon = soon
    this.#sink = sink
    this.#id = border.enter(this)
    const flags = (reusePort ? ListenFlag.REUSE_PORT : 0) | (ipv6Only ? ListenFlag.IPV6_ONLY : 0)
    border.tell(Kind.LISTEN, this.#id, WINDOW, host, port, backlog, flags)
  }

  close(): void {
    this.#border.leave(this.#id)
    this.#border.tell(Kind.CLOSE, this.#id)
  }

  message(kind: number, fields: readonly Field[]): void {
    if (kind === Kind.LISTENING) {
      const [, host, port] = fields as [number, string, number]
      this.#sink.listening(tcpAddress(host, port))
    } else if (kind === Kind.ACCEPTED) {
      const [id, ...rest] = fields as [number, number, string, number, string, number]
      const channel = new NoneChannel(this.#border, this.#soon, id, rest)
      this.#border.set(id, channel)
      this.#sink.accepted(channel)
    } else if (kind === Kind.FAILED) {
      const [code, message] = fields as [string, string]
      this.#border.leave(this.#id)
      this.#sink.failed(failureOf(code, message))
    }
  }
}

class Attempt implements ConnectHandle, Insider {
  readonly #border: Border
  readonly #soon: (fn: () => void) => void
  readonly #sink: ConnectSink
  readonly #id: number

  constructor(border: Border, soon: (fn: () => void) => void, request: TCPConnectRequest, sink: ConnectSink) {
    const { host, port, localHost = '', localPort = 0 } = request
    this.#border = border
    this.#soon = soon
    this.#sink = sink
    this.#id = border.enter(this)
    border.tell(Kind.CONNECT, this.#id, WINDOW, host, port, localHost, localPort)
  }

  cancel(): void {
    this.#border.leave(this.#id)
    this.#border.tell(Kind.CLOSE, this.#id)
  }

  message(kind: number, fields: readonly Field[]): void {
    if (kind === Kind.OPENED) {
      const described = fields as [number, string, number, string, number]
      const channel = new NoneChannel(this.#border, this.#soon, this.#id, described)
      this.#border.set(this.#id, channel)
      this.#sink.connected(channel)
    } else if (kind === Kind.FAILED) {
      const [code, message] = fields as [string, string]
      this.#border.leave(this.#id)
      this.#sink.failed(failureOf(code, message))
    }
  }
}
