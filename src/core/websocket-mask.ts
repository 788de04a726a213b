/**
 * Masking in place: short bytes in JavaScript, long ones in the core.
 *
 * Owns: from what length on crossing into the core pays. Must not know: frames. Source: RFC 6455, 5.3.
 */
import { STAGE } from '../../assembly/abi/layout.js'
import type { Core } from './core.js'

/** From this length on, the core is quicker: measured on Node 20, where a crossing costs as much as 190 bytes do. */
const LONG = 192
/** Bytes that cross at once: what is crossing and its copy fit the fastest cache. */
const WINDOW = 16384

/** The key as the core takes it: its first byte lowest. */
export function keyWord(key: Uint8Array, at = 0): number {
  return key[at] | (key[at + 1] << 8) | (key[at + 2] << 16) | (key[at + 3] << 24)
}

/** Masks or unmasks bytes [from, to) of an array where they are. @param key four bytes */
export function maskBytes(core: Core, bytes: Uint8Array, key: Uint8Array, from = 0, to = bytes.length): void {
  if (to - from < LONG) maskShort(bytes, from, to, key[0], key[1], key[2], key[3])
  else maskLong(core, bytes, from, to, keyWord(key))
}

/** The same, byte by byte. */
export function maskShort(
  bytes: Uint8Array, from: number, to: number, k0: number, k1: number, k2: number, k3: number,
): void {
  let at = from
  for (const whole = to - 3; at < whole; at += 4) {
    bytes[at] ^= k0
    bytes[at + 1] ^= k1
    bytes[at + 2] ^= k2
    bytes[at + 3] ^= k3
  }
  if (at < to) bytes[at] ^= k0
  if (at + 1 < to) bytes[at + 1] ^= k1
  if (at + 2 < to) bytes[at + 2] ^= k2
}

function maskLong(core: Core, bytes: Uint8Array, from: number, to: number, word: number): void {
  const { buffer } = bytes
  const origin = bytes.byteOffset
  for (let at = from; at < to; at += WINDOW) {
    const length = Math.min(WINDOW, to - at)
    core.lend(length === bytes.length ? bytes : new Uint8Array(buffer, origin + at, length))
    core.exports.websocketMask(STAGE, length, word)
    bytes.set(core.stageView(length), at)
  }
}
