/**
 * A WebSocket of any host as a stream connection: binary messages, whose borders do not count.
 *
 * Owns: how a WebSocket's events and states map to a channel's. Must not know: who made the WebSocket.
 * Source: the WHATWG WebSockets Standard; RFC 6455 for what the codes mean.
 *
 * A WebSocket has no half-close: closing the sending side closes it, and the standard drops what the peer sends after
 * that. It cannot be told to stop receiving either, unless it has `pause()` and `resume()` of its own: without those,
 * messages are kept while the protocol has paused, up to a limit, beyond which the connection is broken off.
 * How much it has not sent yet it only says when asked, so it is asked, more and more rarely, while that is much.
 */

import { ConnectionLost } from '../errors/index.js'
import type { IAddress } from '../interfaces/address.js'
import type { IProtocol } from '../interfaces/protocol.js'
import type { StreamChannel, StreamSink } from '../interfaces/stream-channel.js'
import type { IDelayedCall } from '../interfaces/time.js'
import { Unclaimed, unowned } from './bridges.js'
import { WebSocketClosed } from './errors.js'
import { LINGER, WEBSOCKET_AHEAD, WEBSOCKET_HELD, WEBSOCKET_LONGEST_LOOK } from './limits.js'
import type { StreamReactor } from './stream-reactor.js'
import { StreamTransport } from './stream-transport.js'

/** What is used of a WebSocket: that of browsers, Deno, Bun, workerd, Node 22, the `ws` package and others. */
export interface WebSocketLike {
  binaryType: string
  readonly readyState: number
  readonly bufferedAmount: number
  readonly url?: string
  // Those of browsers take no bytes of shared memory, which their types say and these do not.
  send(data: any): void
  close(code?: number, reason?: string): void
  addEventListener(type: 'open' | 'message' | 'close' | 'error', listener: (event: any) => void): void
}

/** Has more than the standard says: the `ws` package. */
interface Extended {
  pause?(): void
  resume?(): void
  terminate?(): void
}

/** Options of `fromWebSocket`. */
export interface FromWebSocketOptions {
  /** Whose turns the connection's callbacks run in. */
  reactor: StreamReactor
  /** Who gets the bytes; without one they wait until taken: by `switchProtocol`, `readable`, `for await`. */
  protocol?: IProtocol
  /** Received bytes that are kept at most while the protocol has paused; 16 MiB if not given. */
  maxHeld?: number
}

const CONNECTING = 0
const OPEN = 1
const NORMAL = 1000
const GOING_AWAY = 1001
const NO_STATUS = 1005
/** Of the range for applications: browsers let programs send no other. */
const BROKEN_OFF = 4000

/**
 * A transport over a WebSocket, open or still connecting.
 *
 * @throws TypeError for what is no WebSocket, or without a reactor
 * @example
 * fromWebSocket(new WebSocket('wss://example.com/'), { reactor, protocol: new Chat() })
 */
export function fromWebSocket(ws: WebSocketLike, options: FromWebSocketOptions): StreamTransport {
  const { reactor, protocol = new Unclaimed(), maxHeld = WEBSOCKET_HELD } = options ?? {}
  if (typeof reactor?.flushLater !== 'function') throw new TypeError('fromWebSocket() needs the option reactor')
  for (const method of ['send', 'close', 'addEventListener'] as const) {
    if (typeof ws?.[method] !== 'function') throw new TypeError(`a WebSocket has the method ${method}()`)
  }
  const transport = new StreamTransport(reactor, new WebSocketChannel(ws, reactor, maxHeld), unowned())
  transport.start(protocol)
  return transport
}

/** A WebSocket that is open, or still connecting. @internal */
export class WebSocketChannel implements StreamChannel {
  readonly #ws: WebSocketLike & Extended
  readonly #reactor: StreamReactor
  readonly #maxHeld: number
  readonly #pauses: boolean
  #sink: StreamSink | null = null
  /** Sent before the WebSocket was open. */
  #early: Uint8Array[] | null = null
  #held: Uint8Array[] = []
  #heldSize = 0
  #paused = false
  #finishing = false
  /** Blobs become bytes in their own time; what comes after must wait for them. */
  #order: Promise<void> | null = null
  #look: IDelayedCall | null = null
  #linger: IDelayedCall | null = null
  #ended: { error: unknown } | null = null

  constructor(ws: WebSocketLike, reactor: StreamReactor, maxHeld: number) {
    this.#ws = ws
    this.#reactor = reactor
    this.#maxHeld = maxHeld
    this.#pauses = typeof (ws as Extended).pause === 'function' && typeof (ws as Extended).resume === 'function'
    ws.binaryType = 'arraybuffer'
    ws.addEventListener('open', () => this.#opened())
    ws.addEventListener('message', (event: { data: unknown }) => this.#message(event.data))
    // 'close' follows 'error', and says more.
    ws.addEventListener('error', () => undefined)
    ws.addEventListener('close', (event: { code?: number, reason?: string }) => this.#closed(event))
  }

  open(sink: StreamSink): void {
    this.#sink = sink
    if (this.#ws.readyState > OPEN) this.#reactor.queue.post(() => this.#over(null))
  }

  send(piece: Uint8Array): boolean {
    return this.sendList([piece])
  }

  sendList(pieces: Uint8Array[]): boolean {
    if (this.#ws.readyState === CONNECTING) {
      this.#early = [...this.#early ?? [], ...pieces]
      return false
    }
    // It drops what comes too late without a word; 'close' is about to say so.
    try {
      if (this.#ws.readyState === OPEN) for (const piece of pieces) this.#ws.send(piece)
    } catch (error) {
      // Not from inside this call.
      this.#reactor.queue.post(() => this.#breakOff(error))
      return false
    }
    if (this.#ws.bufferedAmount <= WEBSOCKET_AHEAD) return true
    this.#lookAgain(1)
    return false
  }

  finish(): void {
    this.#finishing = true
    this.#end(NORMAL)
  }

  close(linger: boolean): void {
    if (!linger) this.#forget()
    this.#end(NORMAL)
  }

  reset(): void {
    this.#forget()
    this.#held = []
    if (typeof this.#ws.terminate === 'function') this.#ws.terminate()
    else if (this.#ws.readyState <= OPEN) this.#ws.close(BROKEN_OFF, 'broken off')
  }

  pause(): void {
    this.#paused = true
    if (this.#pauses && this.#ws.readyState === OPEN) this.#ws.pause?.()
  }

  resume(): void {
    this.#paused = false
    if (this.#pauses && this.#ws.readyState === OPEN) this.#ws.resume?.()
    // Not from inside this call.
    if (this.#held.length > 0 || this.#ended !== null) this.#reactor.queue.post(() => this.#release())
  }

  get peer(): IAddress {
    return addressOf(this.#ws.url)
  }

  get host(): IAddress {
    return { family: 'memory', type: 'memory', name: 'websocket' }
  }

  setNoDelay(_enabled: boolean): void {
    // The WebSocket's own affair.
  }

  setKeepAlive(_enabled: boolean, _delayMs?: number): void {
    // The same.
  }

  // --- the WebSocket's events

  #opened(): void {
    if (this.#pauses && this.#paused) this.#ws.pause?.()
    const early = this.#early
    this.#early = null
    if (early !== null && this.sendList(early)) this.#sink?.sent()
  }

  #message(data: unknown): void {
    if (this.#sink === null) return
    if (this.#order === null && !isBlob(data)) {
      this.#bytes(bytesOf(data, this.#reactor.host.encode))
      return
    }
    const former = this.#order ?? Promise.resolve()
    const mine: Promise<void> = former.then(async () => {
      this.#bytes(isBlob(data) ? new Uint8Array(await data.arrayBuffer()) : bytesOf(data, this.#reactor.host.encode))
    }).catch((error: unknown) => this.#over(error)).then(() => {
      if (this.#order === mine) this.#order = null
    })
    this.#order = mine
  }

  #bytes(bytes: Uint8Array): void {
    if (bytes.length === 0 || this.#sink === null) return
    if (!this.#paused && this.#held.length === 0) {
      this.#sink.received(bytes)
      return
    }
    this.#held.push(bytes)
    this.#heldSize += bytes.length
    if (this.#heldSize <= this.#maxHeld) return
    this.#breakOff(new ConnectionLost(`More than ${this.#maxHeld} bytes came in while reading was paused.`))
  }

  #breakOff(error: unknown): void {
    const sink = this.#sink
    if (sink === null) return
    this.reset()
    sink.closed(error)
  }

  #closed({ code = NO_STATUS, reason }: { code?: number, reason?: string }): void {
    const isClean = code === NORMAL || code === GOING_AWAY || code === NO_STATUS
    const said = reason === undefined || reason === '' ? '' : `: ${reason}`
    const error = isClean ? null : new ConnectionLost(undefined, {
      cause: new WebSocketClosed(`The WebSocket was closed with code ${code}${said}.`, code),
    })
    if (this.#order !== null) void this.#order.then(() => this.#over(error))
    else this.#over(error)
  }

  /** What was kept comes first; a clean end is held back by a pause as everything else is. */
  #release(): void {
    while (!this.#paused && this.#held.length > 0 && this.#sink !== null) {
      const bytes = this.#held.shift() as Uint8Array
      this.#heldSize -= bytes.length
      this.#sink.received(bytes)
    }
    if (this.#ended !== null && !this.#paused) this.#over(this.#ended.error)
  }

  #over(error: unknown): void {
    if (this.#sink === null) return
    // What is held comes first also when reading was resumed, and it is about to be told.
    if (error === null && (this.#paused || this.#held.length > 0) && this.#linger === null) {
      this.#ended = { error }
      return
    }
    const sink = this.#sink
    this.#forget()
    if (error === null && this.#finishing) sink.finished()
    if (error === null) sink.receivedEnd()
    sink.closed(error)
  }

  /** Begins the closing handshake, and does not wait for its end without end. */
  #end(code: number): void {
    if (this.#ws.readyState <= OPEN) this.#ws.close(code)
    if (this.#sink === null || this.#linger !== null) return
    // One that does not read would not see the peer's close frame.
    if (this.#pauses && this.#paused) this.#ws.resume?.()
    this.#linger = this.#reactor.callLater(LINGER, () => this.#over(null))
  }

  #forget(): void {
    this.#sink = null
    for (const call of [this.#look, this.#linger]) if (call !== null && call.active()) call.cancel()
  }

  #lookAgain(delay: number): void {
    this.#look = this.#reactor.callLater(delay, () => {
      if (this.#sink === null) return
      if (this.#ws.bufferedAmount <= WEBSOCKET_AHEAD) this.#sink.sent()
      else this.#lookAgain(Math.min(delay * 2, WEBSOCKET_LONGEST_LOOK))
    })
  }
}

interface BlobLike {
  arrayBuffer(): Promise<ArrayBuffer>
}

function isBlob(data: unknown): data is BlobLike {
  return typeof (data as Partial<BlobLike> | null)?.arrayBuffer === 'function'
}

function bytesOf(data: unknown, encode: (text: string) => Uint8Array): Uint8Array {
  if (typeof data === 'string') return encode(data)
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  return new Uint8Array(data as ArrayBuffer)
}

/** Of the host in the URL of a WebSocket. @internal */
export function addressOf(url: string | undefined): IAddress {
  const found = /^(wss?):\/\/(?:[^/?#@]*@)?(\[[^\]]*\]|[^/?#:]*)(?::(\d+))?/i.exec(url ?? '')
  if (found === null) return { family: 'memory', type: 'memory', name: 'websocket' }
  const [, scheme, host, port] = found
  const standard = scheme.toLowerCase() === 'wss' ? 443 : 80
  const number = port === undefined ? standard : Number(port)
  return { family: 'hostname', type: 'TCP', host: host.replace(/^\[|\]$/g, ''), port: number }
}
