/**
 * Bytes for tests: written as strings of code points below 256, cut into chunks in every way.
 */

/** Each character is one byte. */
export function bytes(text: string): Uint8Array {
  const all = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) all[i] = text.charCodeAt(i)
  return all
}

/** Each byte becomes one character. */
export function chars(data: Uint8Array): string {
  let text = ''
  for (let at = 0; at < data.length; at += 8192) text += String.fromCharCode(...data.subarray(at, at + 8192))
  return text
}

/** One chunk for each piece between two cuts. */
export function cutAt(data: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [...new Set(cuts.map((cut) => Math.min(cut, data.length)))].sort((a, b) => a - b)
  const chunks: Uint8Array[] = []
  let from = 0
  for (const to of [...places, data.length]) {
    if (to > from) chunks.push(data.slice(from, to))
    from = to
  }
  return chunks
}

/** Chunks of `size` bytes. */
export function piecesOf(data: Uint8Array, size: number): Uint8Array[] {
  const chunks: Uint8Array[] = []
  for (let at = 0; at < data.length; at += size) chunks.push(data.slice(at, at + size))
  return chunks
}

/** Every way that the tests cut a stream: whole, byte by byte, each two-way cut, and a few sizes. */
export function* everyCut(data: Uint8Array): Generator<Uint8Array[]> {
  yield [data]
  yield piecesOf(data, 1)
  for (let at = 1; at < data.length; at++) yield cutAt(data, [at])
  for (const size of [2, 3, 5, 7, 16, 17]) yield piecesOf(data, size)
}

/** Pseudo-random numbers in [0, 1) that are the same in every run. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
