/**
 * IP addresses as text and as bytes, for protocols that carry them.
 *
 * Owns: reading both families strictly, and writing them in the one recommended form. Must not know: who sends them.
 * Source: RFC 4291 section 2.2 (IPv6 text), RFC 5952 (how to write it), RFC 6943 section 3.1.1 (strict IPv4).
 */

/** The four bytes of a dotted quad without leading zeros; null for anything else. */
export function bytesOfIPv4(text: string): Uint8Array | null {
  const parts = text.split('.')
  if (parts.length !== 4) return null
  const bytes = new Uint8Array(4)
  for (const [index, part] of parts.entries()) {
    if (!/^(?:0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return null
    bytes[index] = Number(part)
  }
  return bytes
}

/** The sixteen bytes of an IPv6 address without a zone; null for anything else. */
export function bytesOfIPv6(text: string): Uint8Array | null {
  let words = text
  const tail = /^(.*:)([^:]*\..*)$/.exec(text)
  if (tail !== null) {
    // The last four bytes may stand as a dotted quad.
    const quad = bytesOfIPv4(tail[2]!)
    if (quad === null) return null
    words = `${tail[1]}${(quad[0]! << 8 | quad[1]!).toString(16)}:${(quad[2]! << 8 | quad[3]!).toString(16)}`
  }
  const halves = words.split('::')
  if (halves.length > 2) return null
  const [head, rest] = halves.map((half) => half === '' ? [] : half.split(':')) as [string[], string[] | undefined]
  const missing = 8 - head.length - (rest?.length ?? 0)
  if (rest === undefined ? missing !== 0 : missing < 1) return null
  const all = [...head, ...new Array<string>(missing).fill('0'), ...(rest ?? [])]
  const bytes = new Uint8Array(16)
  for (const [index, word] of all.entries()) {
    if (!/^[0-9a-f]{1,4}$/i.test(word)) return null
    const value = parseInt(word, 16)
    bytes[2 * index] = value >> 8
    bytes[2 * index + 1] = value & 0xff
  }
  return bytes
}

/** Text of four bytes. */
export function textOfIPv4(bytes: Uint8Array): string {
  return bytes.join('.')
}

/** Text of sixteen bytes: lower case, the longest run of zero words cut out, IPv4 behind ::ffff: as a dotted quad. */
export function textOfIPv6(bytes: Uint8Array): string {
  const words = Array.from({ length: 8 }, (_, index) => bytes[2 * index]! << 8 | bytes[2 * index + 1]!)
  if (words.slice(0, 5).every((word) => word === 0) && words[5] === 0xffff) {
    return `::ffff:${textOfIPv4(bytes.subarray(12))}`
  }
  let [start, length] = [0, 1]
  for (let at = 0; at < 8;) {
    let end = at
    while (end < 8 && words[end] === 0) end += 1
    if (end - at > length) [start, length] = [at, end - at]
    at = end + 1
  }
  const text = (from: number, to: number): string => words.slice(from, to).map((word) => word.toString(16)).join(':')
  return length === 1 ? text(0, 8) : `${text(0, start)}::${text(start + length, 8)}`
}
