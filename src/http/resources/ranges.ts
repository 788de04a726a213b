/**
 * Ranges of bytes: what the field Range asks for, of something of a known length.
 *
 * Owns: the grammar, and which requests are not worth being met. Must not know: files, responses.
 *
 *   Range       = "bytes" "=" 1#( first-pos "-" [ last-pos ] / "-" suffix-length )
 *
 * Source: RFC 9110, 14.1.2 and 14.2, which lets a server ignore the field.
 */

/** Bytes from `first` up to and with `last`. */
export interface ByteRange {
  readonly first: number
  readonly last: number
}

/** More ranges than these are ignored: nobody needs them, and each costs a read. */
export const MOST_RANGES = 32

const UNIT = /^bytes=/i
const SPEC = /^(\d+)-(\d*)$|^-(\d+)$/

/**
 * @param value of the field
 * @param size of everything, bytes
 * @returns null to answer with everything: the field is malformed, of another unit, or asks for too much; an empty list
 * if none of the ranges can be met (416)
 */
export function parseRanges(value: string, size: number): ByteRange[] | null {
  if (!UNIT.test(value)) return null
  const ranges: ByteRange[] = []
  let count = 0
  for (const element of value.slice(6).split(',')) {
    const text = element.trim()
    if (text === '') continue
    const match = SPEC.exec(text)
    if (match === null || ++count > MOST_RANGES) return null
    const [, first, last, suffix] = match
    const range = suffix === undefined ? between(Number(first), last!, size) : atEnd(Number(suffix), size)
    if (range === null) return null
    if (range !== UNMET) ranges.push(range)
  }
  if (count === 0) return null
  // The same bytes again and again would be a way to have much made from little.
  const total = ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0)
  return total > size ? null : ranges
}

const UNMET: ByteRange = { first: 0, last: -1 }

function between(first: number, last: string, size: number): ByteRange | null {
  const end = last === '' ? Infinity : Number(last)
  if (end < first) return null
  return first >= size ? UNMET : { first, last: Math.min(end, size - 1) }
}

function atEnd(length: number, size: number): ByteRange | null {
  if (length === 0) return UNMET
  // The last bytes of nothing are nothing, which no Content-Range can say.
  if (size === 0) return null
  return { first: Math.max(size - length, 0), last: size - 1 }
}
