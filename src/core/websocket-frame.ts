/**
 * WebSocket frames to send.
 *
 * Owns: the header's bytes, and where a client's mask is put on. Must not know: connections, what messages mean, where
 * keys come from. Source: RFC 6455, 5.2.
 */
import type { Core } from './core.js'
import { maskBytes } from './websocket-mask.js'

/** What a frame is. */
export const WebSocketOpcode = Object.freeze({
  continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10,
} as const)

export interface FrameOptions {
  /** The last frame of its message; default true. */
  fin?: boolean
  /** The message is compressed (RFC 7692); default false. */
  rsv1?: boolean
  /** A client's key: four bytes that nobody can foresee, others for each frame. */
  mask?: Uint8Array
}

/** Payloads up to this length join their header: a second array costs more than copying them. */
const SHORT = 128
const LONG = 65536

/**
 * A frame as arrays to be written one behind the other.
 *
 * Without a mask a long payload is one of them as it is, not a copy. With one, header and masked payload are one new
 * array, and the payload stays as it was.
 * @param opcode one of {@link WebSocketOpcode}
 * @throws TypeError for a mask that is not four bytes
 */
export function encodeFrame(
  core: Core, opcode: number, payload: Uint8Array, { fin = true, rsv1 = false, mask }: FrameOptions = {},
): Uint8Array[] {
  if (mask !== undefined && mask.length !== 4) throw new TypeError('a mask is four bytes')
  const { length } = payload
  const extra = length < 126 ? 0 : length < LONG ? 2 : 8
  const body = 2 + extra + (mask === undefined ? 0 : 4)
  const joins = mask !== undefined || length <= SHORT
  const frame = new Uint8Array(joins ? body + length : body)
  frame[0] = (fin ? 0x80 : 0) | (rsv1 ? 0x40 : 0) | opcode
  const masked = mask === undefined ? 0 : 0x80
  if (extra === 0) {
    frame[1] = masked | length
  } else if (extra === 2) {
    frame[1] = masked | 126
    frame[2] = length >>> 8
    frame[3] = length
  } else {
    frame[1] = masked | 127
    const high = Math.floor(length / 2 ** 32)
    for (let i = 0; i < 4; i++) {
      frame[2 + i] = high >>> (24 - 8 * i)
      frame[6 + i] = length >>> (24 - 8 * i)
    }
  }
  if (!joins) return [frame, payload]
  frame.set(payload, body)
  if (mask !== undefined) {
    frame.set(mask, body - 4)
    maskBytes(core, frame, mask, body)
  }
  return [frame]
}
