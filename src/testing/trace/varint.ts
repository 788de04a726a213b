/**
 * Numbers, texts and payloads as bytes, and back.
 *
 * Owns: the variable-length integer of traces (7 bits a byte, lowest first, as LEB128; up to 53 bits), and bytes that
 * follow their length. Must not know: records.
 */
import { encodeText } from '../../core/text.js'

/** Below this, copying byte by byte costs less than a call. */
const FEW = 24

/** Writes a whole number from 0 to 2^53 − 1. @returns where it ends */
export function putNumber(block: Uint8Array, at: number, value: number): number {
  if (value < 0x80) {
    block[at] = value
    return at + 1
  }
  return putLong(block, at, value)
}

function putLong(block: Uint8Array, at: number, value: number): number {
  // Not with shifts: they know 32 bits.
  while (value >= 0x8000_0000) {
    block[at++] = value % 128 | 0x80
    value = Math.floor(value / 128)
  }
  while (value >= 0x80) {
    block[at++] = value & 0x7f | 0x80
    value >>>= 7
  }
  block[at] = value
  return at + 1
}

/** Writes a length and so many bytes. @returns where they end */
export function putBytes(block: Uint8Array, at: number, bytes: Uint8Array): number {
  const { length } = bytes
  const from = putNumber(block, at, length)
  if (length > FEW) block.set(bytes, from)
  else for (let i = 0; i < length; i++) block[from + i] = bytes[i]
  return from + length
}

/** UTF-8; lone surrogates become U+FFFD. */
export function asBytes(text: string): Uint8Array {
  const { length } = text
  if (length > FEW) return encodeText(text)
  const bytes = new Uint8Array(length)
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i)
    if (unit > 0x7f) return encodeText(text)
    bytes[i] = unit
  }
  return bytes
}
