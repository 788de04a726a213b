/**
 * Bytes to strings and back: a port that a binding fills with what its host does best.
 *
 * Owns: the interface, and a portable default that works even where TextDecoder is missing. Must not know: frames.
 * Invalid UTF-8 becomes U+FFFD as the WHATWG Encoding Standard says; a byte order mark is kept as U+FEFF.
 */
import { concat } from './bytes.js'

/** Text conversion over the bytes [start, end) of a view. */
export interface TextPort {
  /** Bytes that are known to be below 0x80. */
  ascii(bytes: Uint8Array, start: number, end: number): string
  /** ISO 8859-1: each byte is the code point of the same number. */
  latin1(bytes: Uint8Array, start: number, end: number): string
  utf8(bytes: Uint8Array, start: number, end: number): string
  /** UTF-8; a lone surrogate becomes U+FFFD. */
  encode(text: string): Uint8Array
}

const RUN = 4096

/** ISO 8859-1, which no TextDecoder knows. @internal */
export function latin1(bytes: Uint8Array, start: number, end: number): string {
  let text = ''
  for (let at = start; at < end; at += RUN) {
    text += String.fromCharCode.apply(null, bytes.subarray(at, Math.min(at + RUN, end)) as unknown as number[])
  }
  return text
}

/** One sequence of UTF-8 per step; the ranges are those of the Encoding Standard's decoder. */
function decodeByHand(bytes: Uint8Array, start: number, end: number): string {
  let text = ''
  let at = start
  while (at < end) {
    const first = bytes[at++]
    if (first < 0x80) {
      text += String.fromCharCode(first)
      continue
    }
    const more = first < 0xc2 || first > 0xf4 ? 0 : first <= 0xdf ? 1 : first <= 0xef ? 2 : 3
    let low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80
    let high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf
    let point = more === 0 ? -1 : first & (0x3f >> more)
    for (let i = 0; i < more; i++) {
      const next = at < end ? bytes[at] : 0
      if (next < low || next > high) {
        point = -1
        break
      }
      at++
      point = (point << 6) | (next & 0x3f)
      low = 0x80
      high = 0xbf
    }
    text += point < 0 ? '\ufffd' : String.fromCodePoint(point)
  }
  return text
}

function encodeByHand(text: string): Uint8Array {
  const bytes: number[] = []
  for (const character of text) {
    let point = character.codePointAt(0) as number
    if (point >= 0xd800 && point <= 0xdfff) point = 0xfffd
    if (point < 0x80) bytes.push(point)
    else if (point < 0x800) bytes.push(0xc0 | (point >> 6), 0x80 | (point & 0x3f))
    else if (point < 0x10000) bytes.push(0xe0 | (point >> 12), 0x80 | ((point >> 6) & 0x3f), 0x80 | (point & 0x3f))
    else {
      bytes.push(0xf0 | (point >> 18), 0x80 | ((point >> 12) & 0x3f))
      bytes.push(0x80 | ((point >> 6) & 0x3f), 0x80 | (point & 0x3f))
    }
  }
  return Uint8Array.from(bytes)
}

/** The port that needs nothing; `native` false leaves TextDecoder and TextEncoder aside (for tests). */
export function portableText(native = true): TextPort {
  const decoder =
    native && typeof TextDecoder !== 'undefined' ? new TextDecoder('utf-8', { ignoreBOM: true, fatal: false }) : null
  const encoder = native && typeof TextEncoder !== 'undefined' ? new TextEncoder() : null
  const utf8 =
    decoder === null
      ? decodeByHand
      : (bytes: Uint8Array, start: number, end: number): string => decoder.decode(bytes.subarray(start, end))
  return {
    ascii: decoder === null ? latin1 : utf8,
    latin1,
    utf8,
    encode: encoder === null ? encodeByHand : (text) => encoder.encode(text),
  }
}

let encoder: TextEncoder | null | undefined

/** The host's own TextEncoder, null where there is none. */
export function hostEncoder(): TextEncoder | null {
  return encoder === undefined ? encoder = typeof TextEncoder === 'undefined' ? null : new TextEncoder() : encoder
}

let shared: TextPort | undefined

/** A text as UTF-8, wherever this runs; for what is no frame of a core, whose own port is faster. */
export function encodeText(text: string): Uint8Array<ArrayBuffer> {
  return (shared ??= portableText()).encode(text) as Uint8Array<ArrayBuffer>
}

/** The text of bytes that are UTF-8, wherever this runs. */
export function decodeText(bytes: Uint8Array): string {
  return decodeBytes(bytes, 0, bytes.length)
}

/** The same of the bytes [start, end). @internal */
export function decodeBytes(bytes: Uint8Array, start: number, end: number): string {
  return (shared ??= portableText()).utf8(bytes, start, end)
}

/** The text of bytes that come in pieces, whose edges may be inside of a code point. */
export class TextInPieces {
  #rest: Uint8Array = new Uint8Array(0)

  /** The text of what came, but for a code point whose bytes are not all there. */
  write(piece: Uint8Array): string {
    const bytes = concat([this.#rest, piece])
    const whole = bytes.length - unfinished(bytes)
    this.#rest = bytes.slice(whole)
    return decodeText(bytes.subarray(0, whole))
  }
}

/** How many bytes at the end may be the beginning of a code point. */
function unfinished(bytes: Uint8Array): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back]
    if (byte >= 0xc0) return byte >= (back === 1 ? 0xc0 : back === 2 ? 0xe0 : 0xf0) ? back : 0
    if (byte < 0x80) return 0
  }
  return 0
}
