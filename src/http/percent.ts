/**
 * Percent-encoding, as URLs and the parameters of a query have it.
 *
 * Owns: bytes to and from it. Must not know: which characters are to be encoded. Source: WHATWG URL, 1.3.
 */
import { decodeText, encodeText } from '../core/text.js'

/** Each `%` with two hexadecimal digits as the byte it stands for, all of it as UTF-8; any other `%` stays. */
export function percentDecoded(text: string): string {
  if (!text.includes('%')) return text
  const bytes: number[] = []
  const raw = encodeText(text)
  for (let at = 0; at < raw.length; at++) {
    const digits = raw[at] === 0x25 ? String.fromCharCode(...raw.subarray(at + 1, at + 3)) : ''
    const isByte = /^[\da-f]{2}$/i.test(digits)
    if (isByte) at += 2
    bytes.push(isByte ? Number.parseInt(digits, 16) : raw[at]!)
  }
  return decodeText(Uint8Array.from(bytes))
}

/** A character, all of it encoded. */
export function percentEncoded(character: string): string {
  let text = ''
  for (const byte of encodeText(character)) text += `%${byte < 16 ? '0' : ''}${byte.toString(16).toUpperCase()}`
  return text
}
