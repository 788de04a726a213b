/**
 * Joining the pieces of a message. Owns: one function.
 */

const NOTHING = /* @__PURE__ */ new Uint8Array(0)

/** One array of all pieces, which have `length` bytes together; the very piece when there is but one. */
export function join(pieces: readonly Uint8Array[], length: number): Uint8Array {
  if (pieces.length === 0) return NOTHING
  if (pieces.length === 1) return pieces[0]!
  const whole = new Uint8Array(length)
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}
