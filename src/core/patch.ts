/**
 * Turns one build of the core into another, by the copies and insertions that scripts/patch.mjs found.
 *
 * Owns: the reading of a patch. Two builds differ in a few hundred places: carried as a patch, the second one adds a
 * tenth of what it would whole. Must not know: what the bytes are.
 */

/**
 * @param from the bytes that the patch was made against
 * @param patch groups of: number of bytes to insert, these bytes, how far the copied part begins from the end of the
 *   last one (2 n forward, 2 n - 1 back), its length; numbers are LEB128, lowest seven bits first
 * @param size how many bytes it makes
 */
export function applyPatch(from: Uint8Array, patch: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  const made = new Uint8Array(size)
  let filled = 0
  let next = 0
  let at = 0
  const number = () => {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = patch[at++]
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }
  const put = (part: Uint8Array) => {
    made.set(part, filled)
    filled += part.length
  }
  while (at < patch.length) {
    const inserted = number()
    put(patch.subarray(at, at + inserted))
    at += inserted
    const step = number()
    next += (step & 1) === 1 ? -((step + 1) >> 1) : step >> 1
    const length = number()
    put(from.subarray(next, next + length))
    next += length
  }
  return made
}
