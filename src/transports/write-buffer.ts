/**
 * Joining what was written in one turn.
 *
 * Owns: which pieces are copied together, and whether they can still be. Must not know: who sends them.
 */

import { LARGEST_CUT, Slab } from '../core/slab.js'
import { JOIN_BLOCK, JOIN_PIECE } from './limits.js'

const slab = new Slab()

/**
 * Whether arrays that were written still have all their bytes: a buffer may be transferred or resized before it is sent.
 * @param rest all pieces, null when `first` is the only one
 * @param length bytes they had when they were written
 */
export function isWhole(first: Uint8Array, rest: Uint8Array[] | null, length: number): boolean {
  if (rest === null) return first.length === length
  let left = length
  for (const piece of rest) left -= piece.length
  return left === 0
}

/**
 * Joins runs of small pieces, so that a host is handed few and none that is tiny; large ones stay as they are.
 * @param pieces in order
 * @param allocate makes an array whose contents do not matter
 */
export function joinPieces(pieces: Uint8Array[], allocate: (length: number) => Uint8Array): Uint8Array[] {
  const joined: Uint8Array[] = []
  for (let start = 0; start < pieces.length;) {
    let end = start
    let length = 0
    while (end < pieces.length && pieces[end].length <= JOIN_PIECE && length + pieces[end].length <= JOIN_BLOCK) {
      length += pieces[end].length
      end += 1
    }
    if (end - start < 2) {
      joined.push(pieces[start])
      start += 1
      continue
    }
    const block = length <= LARGEST_CUT ? slab.cut(length) : allocate(length)
    for (let at = 0; start < end; start += 1) {
      block.set(pieces[start], at)
      at += pieces[start].length
    }
    joined.push(block)
  }
  return joined
}
