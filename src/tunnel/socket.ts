/**
 * TunnelSocket: a WebSocket of any make, as far as a tunnel needs one.
 *
 * Owns: the shape, and how the host's own WebSockets have it. Must not know: the messages.
 * Source: the WHATWG WebSockets Standard.
 */
import { ConnectError, ConnectionLost } from '../errors/index.js'
import type { WebSocketLike } from '../transports/index.js'

/** Sends messages. Neither method calls the sink from inside. */
export interface TunnelSocket {
  send(message: Uint8Array): void
  /** After what was sent. @param code 1000 if not given */
  close(code?: number): void
}

/** Hears of a WebSocket; nothing after `closed`. */
export interface TunnelSocketSink {
  opened(): void
  /** A binary message; null for one of text. */
  message(data: Uint8Array | null): void
  /** @param error null after a close in order */
  closed(error: Error | null): void
}

/** Opens a WebSocket. What it throws is why it cannot be opened. */
export type TunnelOpener = (url: string, subprotocol: string, sink: TunnelSocketSink) => TunnelSocket

const CONNECTING = 0
const OPEN = 1
const NORMAL = 1000
/** Of the range for applications: browsers let programs send no other but 1000. */
const BROKEN = 4000

/** One of the host's own, as browsers have them. */
export function hostSocket(ws: WebSocketLike, subprotocol: string, sink: TunnelSocketSink): TunnelSocket {
  let isOver = false
  let wasOpen = false
  const end = (error: Error | null): void => {
    if (isOver) return
    isOver = true
    sink.closed(error)
  }
  ws.binaryType = 'arraybuffer'
  ws.addEventListener('open', () => {
    if (isOver) return
    wasOpen = true
    const { protocol } = ws as { protocol?: string }
    if (protocol === undefined || protocol === subprotocol) {
      sink.opened()
      return
    }
    ws.close(BROKEN)
    end(new ConnectError('What answers is no relay for tunnels.'))
  })
  ws.addEventListener('message', ({ data }: { data: unknown }) => {
    if (!isOver) sink.message(typeof data === 'string' ? null : bytesOf(data))
  })
  // 'close' follows 'error'; neither says why.
  ws.addEventListener('error', () => undefined)
  ws.addEventListener('close', ({ code }: { code?: number }) => {
    if (!wasOpen) end(new ConnectError('The relay could not be reached, or refused the WebSocket.'))
    else end(code === NORMAL ? null : new ConnectionLost(`The WebSocket to the relay was closed with code ${code}.`))
  })
  return {
    send(message) {
      if (ws.readyState === OPEN) ws.send(message)
    },
    close(code = NORMAL) {
      isOver = true
      if (ws.readyState === CONNECTING || ws.readyState === OPEN) ws.close(code === NORMAL ? NORMAL : BROKEN)
    },
  }
}

/** An ArrayBuffer of any realm, or a view. */
function bytesOf(data: unknown): Uint8Array {
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data as ArrayBuffer)
}
