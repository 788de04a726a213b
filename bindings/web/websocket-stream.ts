/**
 * A WebSocketStream as a stream connection: binary messages, whose borders do not count, with backpressure both ways.
 *
 * A WebSocket has no half-close: ending the sending side closes it.
 * Owns: how two streams and a close map to a channel. Must not know: who made the WebSocketStream.
 * Source: the WebSocketStream proposal (WICG/websocketstream); RFC 6455 for what the codes mean.
 */
import { encodeText } from '../../src/core/text.js'
import { ConnectionLost } from '../../src/errors/index.js'
import type { IAddress, IDelayedCall, StreamChannel, StreamSink } from '../../src/interfaces/index.js'
import { addressOf } from '../../src/transports/bridges-websocket.js'
import { LINGER, WebSocketClosed } from '../../src/transports/index.js'
import type { StreamReactor } from '../../src/transports/index.js'
import type { WebSocketStreamLike } from './api.js'

type Opened = Awaited<WebSocketStreamLike['opened']>

const NORMAL = 1000
const IN_ORDER: readonly unknown[] = [undefined, NORMAL, 1001, 1005]
/** Of the range for applications: browsers let programs send no other. */
const BROKEN_OFF = 4000

/** One that is open. */
export class WebSocketStreamChannel implements StreamChannel {
  readonly peer: IAddress
  readonly host: IAddress = { family: 'memory', type: 'memory', name: 'websocket' }
  readonly #ws: WebSocketStreamLike
  readonly #reactor: StreamReactor
  readonly #reader: ReadableStreamDefaultReader<Uint8Array | ArrayBuffer | string>
  readonly #writer: WritableStreamDefaultWriter<Uint8Array | ArrayBuffer | string>
  #sink: StreamSink | null = null
  #isReading = false
  #isPaused = false
  #isFinishing = false
  #isClosing = false
  #held: Uint8Array | null = null
  #isClosed = false
  /** Everything has been read. */
  #isDone = false
  #linger: IDelayedCall | null = null

  constructor(ws: WebSocketStreamLike, { readable, writable }: Opened, reactor: StreamReactor) {
    this.peer = addressOf(ws.url)
    this.#ws = ws
    this.#reactor = reactor
    this.#reader = readable.getReader()
    this.#writer = writable.getWriter()
    this.#writer.closed.catch(() => undefined)
    ws.closed.then(({ closeCode, reason }) => {
      if (!IN_ORDER.includes(closeCode)) this.#over(lost(closeCode!, reason))
      // What came before may still be on its way through the stream.
      this.#isClosed = true
      this.#read()
    }, (cause: unknown) => this.#over(new ConnectionLost(undefined, { cause })))
  }

  open(sink: StreamSink): void {
    this.#sink = sink
    this.#read()
  }

  send(piece: Uint8Array): boolean {
    return this.sendList([piece])
  }

  sendList(pieces: Uint8Array[]): boolean {
    // What becomes of each is told by `closed`.
    for (const piece of pieces) this.#writer.write(piece).catch(() => undefined)
    this.#writer.ready.then(() => this.#sink?.sent(), () => undefined)
    return false
  }

  finish(): void {
    this.#isFinishing = true
    this.#end()
  }

  close(linger: boolean): void {
    if (!linger) this.#forget()
    this.#isClosing = true
    this.#end()
  }

  reset(): void {
    this.#forget()
    this.#writer.abort().catch(() => undefined)
    this.#ws.close({ closeCode: BROKEN_OFF, reason: 'broken off' })
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    // Not from inside this call.
    this.#reactor.queue.post(() => this.#read())
  }

  setNoDelay(_enabled: boolean): void {
    // The WebSocket's own affair.
  }

  setKeepAlive(_enabled: boolean, _delayMs?: number): void {
    // The same.
  }

  /** One at a time; what is not asked for is not sent, once the browser's own room is full. */
  #read(): void {
    if (this.#isPaused || this.#sink === null) return
    const held = this.#held
    if (held !== null) {
      this.#held = null
      if (!this.#isClosing) this.#sink.received(held)
      this.#read()
    } else if (this.#isDone) {
      if (this.#isClosed) this.#over(null)
    } else if (!this.#isReading) {
      this.#isReading = true
      this.#reader.read().then(({ done, value }) => {
        this.#isReading = false
        if (done === true) this.#isDone = true
        else this.#took(value)
        this.#read()
      }, () => {
        // Why is told by `closed`.
        this.#isDone = true
        this.#read()
      })
    }
  }

  #took(value: Uint8Array | ArrayBuffer | string): void {
    const bytes = typeof value === 'string' ? encodeText(value) : asBytes(value)
    if (bytes.length > 0) this.#held = bytes
  }

  #end(): void {
    const close = (): void => this.#ws.close({ closeCode: NORMAL })
    // After what was written; and what still comes is dropped, or it would never see the peer's close frame.
    this.#writer.close().then(close, close)
    this.#isPaused = false
    this.#reactor.queue.post(() => this.#read())
    if (this.#sink !== null) this.#linger ??= this.#reactor.callLater(LINGER, () => this.#over(null))
  }

  #over(error: unknown): void {
    if (this.#sink === null) return
    const sink = this.#sink
    this.#forget()
    if (error === null && this.#isFinishing) sink.finished()
    if (error === null) sink.receivedEnd()
    sink.closed(error)
  }

  #forget(): void {
    this.#sink = null
    this.#held = null
    if (this.#linger !== null && this.#linger.active()) this.#linger.cancel()
  }
}

function asBytes(value: Uint8Array | ArrayBuffer): Uint8Array {
  return ArrayBuffer.isView(value) ? value : new Uint8Array(value)
}

function lost(code: number, reason: string | undefined): ConnectionLost {
  const said = reason === undefined || reason === '' ? '' : `: ${reason}`
  return new ConnectionLost(undefined, {
    cause: new WebSocketClosed(`The WebSocket was closed with code ${code}${said}.`, code),
  })
}
