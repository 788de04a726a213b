/**
 * What is exchanged in an interop test: the same frames, computed alike here and in peers/plan.py. Both ends know the
 * plan, so both verify every byte they get.
 */

export const KINDS = ['echo', 'lines', 'netstrings', 'int32'] as const
export type Kind = typeof KINDS[number]

const BIG = [0, 1, 2, 3, 60, 125, 126, 127, 128, 255, 256, 257, 1000, 1459, 1460, 1461, 4095, 4096, 16383, 16384,
  65535, 65536, 65537, 70000, 131072, 300000]

const SIZES = {
  // Many frames in one segment.
  whole: Array.from({ length: 3000 }, (_, i) => i % 61),
  // One write for each frame, among them some above 64 KiB.
  each: [...BIG, ...BIG.toReversed()],
  // One byte at a time.
  dribble: [0, 1, 2, 5, 13, 60, 127, 0, 0, 3],
  // Cut without regard to frames.
  cuts: [...BIG, ...BIG.toReversed()],
}

export type Mode = keyof typeof SIZES
export const MODES = Object.keys(SIZES) as Mode[]

const UTF8 = Buffer.from('é€😀')

/** Frame number `index` of the end that has this salt (client 0, server 1). */
function frame(kind: Kind, index: number, size: number, salt: number): Buffer {
  const start = index * 31 + salt * 13
  if (kind !== 'lines') return cycle(256, (j) => (start + j * 7) % 256, size)
  const text = cycle(94, (j) => (start + j * 7) % 94 + 33, size)
  if (size >= UTF8.length && index % 3 === 0) text.set(UTF8)
  return text
}

function cycle(period: number, byteAt: (j: number) => number, size: number): Buffer {
  return size === 0 ? Buffer.alloc(0) : Buffer.alloc(size, Uint8Array.from({ length: period }, (_, j) => byteAt(j)))
}

/** Bytes from `start` on of a stream that never ends. */
export function stream(length: number, start = 0): Buffer {
  return cycle(251, (j) => (start % 251 + j) % 251 * 7 % 251, length)
}

export function frames(kind: Kind, mode: Mode, salt: number): Buffer[] {
  return SIZES[mode].map((size, index) => frame(kind, index, size, salt))
}

/** A frame on the wire. */
export function encoded(kind: Kind, data: Buffer): Buffer {
  switch (kind) {
    case 'lines': return Buffer.concat([data, Buffer.from('\r\n')])
    case 'netstrings': return Buffer.concat([Buffer.from(`${data.length}:`), data, Buffer.from(',')])
    case 'int32': {
      const prefix = Buffer.alloc(4)
      prefix.writeUInt32BE(data.length)
      return Buffer.concat([prefix, data])
    }
    case 'echo': return data
  }
}

/** The writes, each in a turn of its own. */
export function pieces(mode: Mode, data: Buffer): Buffer[] {
  const cut: Buffer[] = []
  let state = 12345n
  for (let at = 0; at < data.length; at += cut.at(-1)!.length) {
    state = (state * 1103515245n + 12345n) % 2147483648n
    const length = mode === 'dribble' ? 1 : 1 + Number(state >> 8n) % 9000
    cut.push(data.subarray(at, at + length))
  }
  return cut
}
