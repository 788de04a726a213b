/**
 * CRC32C, the checksum that a version 2 header of the PROXY protocol may carry.
 *
 * Owns: the table and the sum. Source: RFC 4960 appendix B (Castagnoli's polynomial, reflected: 0x82f63b78).
 */
let table: Uint32Array | null = null

function makeTable(): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, index) => {
    let value = index
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? value >>> 1 ^ 0x82f63b78 : value >>> 1
    return value
  })
}

/** The checksum of all pieces, one after the other; an unsigned 32-bit number. */
export function crc32c(...pieces: readonly Uint8Array[]): number {
  table ??= makeTable()
  let sum = 0xffffffff
  for (const piece of pieces) for (const byte of piece) sum = sum >>> 8 ^ table[(sum ^ byte) & 0xff]!
  return (sum ^ 0xffffffff) >>> 0
}
