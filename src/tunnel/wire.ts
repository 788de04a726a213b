/**
 * The messages of a tunnel: one WebSocket carries one stream to a host, each binary message is one of these.
 *
 *   page                                   relay                        kind and fields; numbers are big-endian
 *    │── OPEN ────────────────────────────▶│                            1  port:16 window:32 length:8 host length:16
 * token
 *    │◀─────────────── OPENED or REFUSED ──│                            2  window:32 port:16 address
 *    │                                     │                            3  code:8 text
 *    │◀═════════ DATA, CREDIT, END ═══════▶│                            4  bytes   5  —   7  bytes:32
 *    │◀═════════════ RESET ═══════════════▶│                            6  —
 *
 * Owns: how messages are written and read, and what is none. Must not know: connections.
 * Source: the project's own; docs/tunnel.md describes it for those who write another.
 */

/** Named while a WebSocket is opened; a later version has another number. */
export const SUBPROTOCOL = 'whorl-tunnel-1'

/** The first byte of each message. */
export const KIND = Object.freeze({
  open: 1, opened: 2, refused: 3, data: 4, end: 5, reset: 6, credit: 7,
})

/** Bytes of one DATA message at most, its first byte not counted. */
export const MOST_DATA = 65_536
/** Bytes of a host's name (RFC 1035), or address. */
export const MOST_HOST = 255
/** Bytes of a token. */
export const MOST_TOKEN = 4096
/** Bytes of the text of a refusal. */
export const MOST_TEXT = 1024
/** The smallest window that makes sense. */
export const LEAST_WINDOW = 1024
const MOST_WINDOW = 0x7fffffff

/** A message. */
export type Frame =
  | {
    readonly kind: 'open', readonly port: number, readonly window: number, readonly host: Uint8Array,
    readonly token: Uint8Array,
  }
  | { readonly kind: 'opened', readonly window: number, readonly port: number, readonly address: Uint8Array }
  | { readonly kind: 'refused', readonly code: number, readonly text: Uint8Array }
  | { readonly kind: 'data', readonly bytes: Uint8Array }
  | { readonly kind: 'credit', readonly bytes: number }
  | { readonly kind: 'end' | 'reset' }

/** Something that is no message. */
export class FrameError extends Error {
  override readonly name = 'FrameError'
}

const END = Uint8Array.of(KIND.end)
const RESET = Uint8Array.of(KIND.reset)

/** @throws RangeError for a host or token that is too long */
export function openFrame(
  { port, window, host, token }: { port: number, window: number, host: Uint8Array, token: Uint8Array }): Uint8Array {
  if (host.length === 0 || host.length > MOST_HOST) throw new RangeError(`a host has 1 to ${MOST_HOST} bytes`)
  if (token.length > MOST_TOKEN) throw new RangeError(`a token has ${MOST_TOKEN} bytes at most`)
  const frame = new Uint8Array(10 + host.length + token.length)
  const view = new DataView(frame.buffer)
  frame[0] = KIND.open
  view.setUint16(1, port)
  view.setUint32(3, window)
  frame[7] = host.length
  frame.set(host, 8)
  view.setUint16(8 + host.length, token.length)
  frame.set(token, 10 + host.length)
  return frame
}

export function openedFrame(window: number, port: number, address: Uint8Array): Uint8Array {
  const frame = new Uint8Array(7 + address.length)
  const view = new DataView(frame.buffer)
  frame[0] = KIND.opened
  view.setUint32(1, window)
  view.setUint16(5, port)
  frame.set(address, 7)
  return frame
}

export function refusedFrame(code: number, text: Uint8Array): Uint8Array {
  const frame = new Uint8Array(2 + Math.min(text.length, MOST_TEXT))
  frame[0] = KIND.refused
  frame[1] = code
  frame.set(text.subarray(0, MOST_TEXT), 2)
  return frame
}

/** A copy, so that the bytes may be changed at once. */
export function dataFrame(bytes: Uint8Array): Uint8Array {
  const frame = new Uint8Array(1 + bytes.length)
  frame[0] = KIND.data
  frame.set(bytes, 1)
  return frame
}

export function creditFrame(bytes: number): Uint8Array {
  const frame = new Uint8Array(5)
  frame[0] = KIND.credit
  new DataView(frame.buffer).setUint32(1, bytes)
  return frame
}

export function endFrame(): Uint8Array {
  return END.slice()
}

export function resetFrame(): Uint8Array {
  return RESET.slice()
}

/** Reads a message; arrays in it are parts of it. @throws FrameError for what is none */
export function readFrame(message: Uint8Array): Frame {
  const view = new DataView(message.buffer, message.byteOffset, message.length)
  const rest = message.length - 1
  switch (message[0]) {
    case KIND.open: return readOpen(message, view)
    case KIND.opened:
      need(rest > 6 && rest <= 6 + MOST_HOST, 'OPENED')
      return { kind: 'opened', window: windowAt(view, 1), port: view.getUint16(5), address: message.subarray(7) }
    case KIND.refused:
      need(rest >= 1 && rest <= 1 + MOST_TEXT, 'REFUSED')
      return { kind: 'refused', code: message[1]!, text: message.subarray(2) }
    case KIND.data:
      need(rest >= 1 && rest <= MOST_DATA, 'DATA')
      return { kind: 'data', bytes: message.subarray(1) }
    case KIND.end:
      need(rest === 0, 'END')
      return { kind: 'end' }
    case KIND.reset:
      need(rest === 0, 'RESET')
      return { kind: 'reset' }
    case KIND.credit: {
      need(rest === 4, 'CREDIT')
      const bytes = view.getUint32(1)
      need(bytes >= 1 && bytes <= MOST_WINDOW, 'CREDIT')
      return { kind: 'credit', bytes }
    }
    default: throw new FrameError(message.length === 0 ? 'an empty message' : `a message of unknown kind ${message[0]}`)
  }
}

function readOpen(message: Uint8Array, view: DataView): Frame {
  need(message.length >= 11, 'OPEN')
  const length = message[7]!
  need(length > 0 && message.length >= 10 + length, 'OPEN')
  const tokenLength = view.getUint16(8 + length)
  need(tokenLength <= MOST_TOKEN && message.length === 10 + length + tokenLength, 'OPEN')
  return {
    kind: 'open', port: view.getUint16(1), window: windowAt(view, 3), host: message.subarray(8, 8 + length),
    token: message.subarray(10 + length),
  }
}

function windowAt(view: DataView, at: number): number {
  const window = view.getUint32(at)
  if (window < LEAST_WINDOW || window > MOST_WINDOW) throw new FrameError(`a window of ${window} bytes`)
  return window
}

function need(holds: boolean, name: string): void {
  if (!holds) throw new FrameError(`a malformed ${name} message`)
}
