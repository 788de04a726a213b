/**
 * Records of the TLS stand-in: framed as TLS frames them, with nothing encrypted.
 *
 * Owns: the five bytes before each record, splitting and joining. Must not know: what handshakes say.
 * Source: RFC 8446 section 5.1.
 */

export const ALERT = 21
export const HANDSHAKE = 22
export const DATA = 23

const HEADER = 5
const MOST = 16_384
/** A record may be longer by what encryption adds; nothing does here, but others' may. */
const MOST_ACCEPTED = MOST + 256

/** Bytes as records of one type, all in one array. */
export function records(type: number, pieces: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const piece of pieces) length += piece.length
  const count = Math.max(1, Math.ceil(length / MOST))
  const made = new Uint8Array(length + count * HEADER)
  let at = 0
  let left = length
  let room = 0
  const begin = (): void => {
    room = Math.min(left, MOST)
    left -= room
    made.set([type, 3, 3, room >>> 8, room & 255], at)
    at += HEADER
  }
  begin()
  for (const piece of pieces) {
    let from = 0
    while (from < piece.length) {
      if (room === 0) begin()
      const part = piece.subarray(from, from + room)
      made.set(part, at)
      at += part.length
      from += part.length
      room -= part.length
    }
  }
  return made
}

/** A record that has come whole. */
export interface TLSRecord {
  readonly type: number
  readonly body: Uint8Array
}

/** Finds records in what comes. */
export class RecordReader {
  #rest: Uint8Array | null = null

  push(chunk: Uint8Array): void {
    const rest = this.#rest
    if (rest === null) {
      this.#rest = chunk
      return
    }
    const joined = new Uint8Array(rest.length + chunk.length)
    joined.set(rest)
    joined.set(chunk, rest.length)
    this.#rest = joined
  }

  /** The next whole record; null if there is none, 'not-tls' for what cannot be one. */
  next(): TLSRecord | 'not-tls' | null {
    const rest = this.#rest
    if (rest === null) return null
    const [type, major, , high, low] = rest as unknown as [number, number, number, number, number]
    if (type < 20 || type > 23 || (rest.length > 1 && major !== 3)) return 'not-tls'
    if (rest.length < HEADER) return null
    const end = HEADER + (high << 8 | low)
    if (end > MOST_ACCEPTED) return 'not-tls'
    if (rest.length < end) return null
    this.#rest = rest.length === end ? null : rest.subarray(end)
    return { type, body: rest.subarray(HEADER, end) }
  }
}
