/**
 * Makes the short list of copies and insertions that turns one file into another that is nearly the same.
 *
 * Owns: the finding of what is equal. What applies it, and what the bytes mean, is src/core/patch.ts: the package
 * carries the core once, with SIMD, and what makes the build without SIMD of it.
 */

/** Shorter equal parts cost more to name than to insert. */
const SHORTEST = 8

/**
 * @param {Uint8Array} from what who applies the patch has
 * @param {Uint8Array} to what he gets
 * @returns {Buffer} groups of: how many bytes to insert, they, how far to go on in `from`, how many bytes to copy
 */
export function makePatch(from, to) {
  const places = placesOf(from)
  const patch = []
  let inserted = []
  let next = 0
  const say = (start, length) => {
    patch.push(...unsigned(inserted.length), ...inserted, ...signed(start - next), ...unsigned(length))
    inserted = []
    next = start + length
  }
  for (let at = 0; at < to.length;) {
    const { start, length } = longest(places.get(keyAt(to, at)) ?? [], from, to, at, next)
    if (length > 0) say(start, length)
    else inserted.push(to[at])
    at += length || 1
  }
  if (inserted.length > 0) say(next, 0)
  return Buffer.from(patch)
}

function placesOf(bytes) {
  const places = new Map()
  for (let at = 0; at + SHORTEST <= bytes.length; at++) {
    const key = keyAt(bytes, at)
    const known = places.get(key)
    if (known === undefined) places.set(key, [at])
    else known.push(at)
  }
  return places
}

const keyAt = ({ buffer, byteOffset, length }, at) =>
  Buffer.from(buffer, byteOffset, length).toString('latin1', at, at + SHORTEST)

/** The longest equal part; of several the one that is nearest to where the last one ended. */
function longest(starts, from, to, at, next) {
  let best = { start: 0, length: 0 }
  for (const start of starts) {
    let length = 0
    while (start + length < from.length && at + length < to.length && from[start + length] === to[at + length]) length++
    const nearer = Math.abs(start - next) < Math.abs(best.start - next)
    if (length >= SHORTEST && (length > best.length || (length === best.length && nearer))) best = { start, length }
  }
  return best
}

function unsigned(value) {
  const bytes = []
  for (; value > 0x7f; value >>>= 7) bytes.push((value & 0x7f) | 0x80)
  return [...bytes, value]
}

const signed = (value) => unsigned(value < 0 ? -value * 2 - 1 : value * 2)
