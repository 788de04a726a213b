/**
 * Making a tunnel, from the side that wants one.
 *
 * Owns: the request, and what may be answered. Must not know: factories, timeouts; those who give up call `cancel`.
 */
import { NotSupportedError, ProxyClosedError, ProxyReplyError } from '../errors/index.js'
import type { ConnectHandle, ConnectSink, HostPort, IAddress } from '../interfaces/index.js'
import { portableText } from '../core/index.js'
import { CREDIT_WINDOW, tcpAddress } from '../transports/index.js'
import type { StreamReactor } from '../transports/index.js'
import { TunnelLink } from './link.js'
import { errorOf } from './refusals.js'
import { hostSocket } from './socket.js'
import type { TunnelOpener, TunnelSocket, TunnelSocketSink } from './socket.js'
import { FrameError, openFrame, readFrame, SUBPROTOCOL } from './wire.js'
import type { Frame } from './wire.js'

/** Who one is, and how the relay is reached. */
export interface TunnelOptions {
  /** What the relay knows this client by; none if not given. Sent inside of the WebSocket, never in the URL. */
  token?: string
  /** Opens the WebSocket; the host's own if not given. `openWebSocket` of `whorl/tunnel` is one for all others. */
  open?: TunnelOpener
  /** Bytes that may be under way to this side; 262,144 if not given. */
  window?: number
}

/** What a tunnel needs of a reactor. */
export interface TunnelReactor extends Pick<StreamReactor, 'queue' | 'callLater'> {
  readonly host: Pick<HostPort, 'encode'> & Partial<Pick<HostPort, 'name' | 'webSocket'>>
}

/** Asks a relay for a tunnel to a TCP port. The sink hears of it in a later turn, or not at all once cancelled. */
export function openTunnel(
  reactor: TunnelReactor, relay: string, destination: { host: string, port: number }, options: TunnelOptions,
  sink: ConnectSink): ConnectHandle {
  return new Attempt(reactor, relay, destination, options, sink)
}

class Attempt implements ConnectHandle, TunnelSocketSink {
  readonly #reactor: TunnelReactor
  readonly #sink: ConnectSink
  readonly #request: Uint8Array
  readonly #window: number
  readonly #destination: { host: string, port: number }
  #socket: TunnelSocket | null = null
  #link: TunnelLink | null = null
  #isOver = false

  constructor(
    reactor: TunnelReactor, relay: string, destination: { host: string, port: number }, options: TunnelOptions,
    sink: ConnectSink) {
    const { token = '', open = openerOf(reactor), window = CREDIT_WINDOW } = options
    const { host, port } = destination
    this.#reactor = reactor
    this.#sink = sink
    this.#destination = destination
    this.#window = window
    this.#request = openFrame({ port, window, host: reactor.host.encode(host), token: reactor.host.encode(token) })
    this.#socket = open(relay, SUBPROTOCOL, this)
  }

  cancel(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#socket?.close()
  }

  opened(): void {
    this.#socket?.send(this.#request)
  }

  message(data: Uint8Array | null): void {
    if (this.#isOver) return
    let frame: Frame
    try {
      if (data === null) throw new FrameError('a message of text')
      frame = readFrame(data)
    } catch (error) {
      this.#spoilt((error as Error).message)
      return
    }
    if (this.#link !== null) {
      this.#link.arrived(frame)
    } else if (frame.kind === 'opened') {
      this.#opened(frame.window, frame.port, frame.address)
    } else if (frame.kind === 'refused') {
      this.#failed(errorOf(frame.code, text(frame.text)))
    } else {
      this.#spoilt(`${frame.kind} before anything was opened`)
    }
  }

  closed(error: Error | null): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#socket = null
    if (this.#link !== null) this.#link.channel.linkLost(error)
    else this.#sink.failed(error ?? new ProxyClosedError('The relay closed the WebSocket before it had answered.'))
  }

  #opened(credit: number, port: number, address: Uint8Array): void {
    const { host } = this.#destination
    const peer: IAddress = address.length === 0
      ? tcpAddress(host, this.#destination.port) : tcpAddress(text(address), port)
    this.#link = new TunnelLink(this.#socket!, peer, this.#reactor, this.#window, credit)
    this.#sink.connected(this.#link.channel)
  }

  /** Whatever it is, it speaks something else. */
  #spoilt(what: string): void {
    if (this.#link === null) {
      this.#failed(new ProxyReplyError(`The relay answered with something that is no answer: ${what}.`))
    } else {
      this.#isOver = true
      this.#link.channel.violated(`it sent ${what}`)
    }
  }

  #failed(error: Error): void {
    this.#isOver = true
    this.#socket?.close()
    this.#sink.failed(error)
  }
}

function openerOf(reactor: TunnelReactor): TunnelOpener {
  const { host } = reactor
  if (typeof host.webSocket !== 'function') {
    const reason = 'it has no WebSocket of its own: pass the option open, openWebSocket of whorl/tunnel'
    throw new NotSupportedError(host.name ?? 'this', 'tunnels', { reason })
  }
  return (url, subprotocol, sink) => hostSocket(host.webSocket!(url, [subprotocol]), subprotocol, sink)
}

function text(bytes: Uint8Array): string {
  return portableText().utf8(bytes, 0, bytes.length)
}
