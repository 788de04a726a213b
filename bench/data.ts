/**
 * The data of the benchmarks: the same bytes and the same delays in every run, on every machine and for every side.
 */

/** A linear congruential generator: integers from 0 to `below` − 1. */
export function randomIntegers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor(state / 4294967296 * below)
  }
}

/** Makes something at first use only: subjects are all imported, few of them run. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null
  return () => (made ??= { value: make() }).value
}

/** `count` lines of `size` bytes each, printable ASCII, CR LF included. */
export function lineStream(count: number, size: number): Buffer {
  return repeated(count, (random) => text(random, size - 2) + '\r\n')
}

/** `count` netstrings of `size` payload bytes. */
export function netstringStream(count: number, size: number): Buffer {
  return repeated(count, (random) => `${size}:${text(random, size)},`)
}

/** `count` strings of `size` payload bytes, each behind a big-endian length of four bytes. */
export function int32Stream(count: number, size: number): Buffer {
  const prefix = String.fromCharCode(size >>> 24, size >>> 16 & 255, size >>> 8 & 255, size & 255)
  return repeated(count, (random) => prefix + text(random, size))
}

function repeated(count: number, make: (random: (below: number) => number) => string): Buffer {
  const random = randomIntegers(1)
  const parts: string[] = []
  for (let i = 0; i < count; i++) parts.push(make(random))
  return Buffer.from(parts.join(''), 'latin1')
}

function text(random: (below: number) => number, length: number): string {
  let line = ''
  for (let i = 0; i < length; i++) line += String.fromCharCode(32 + random(95))
  return line
}

/** The stream as a socket would bring it: each chunk a Buffer of its own, not a view of one large one. */
export function cut(stream: Buffer, size: number): Buffer[] {
  const chunks: Buffer[] = []
  for (let at = 0; at < stream.length; at += size) {
    const chunk = Buffer.allocUnsafeSlow(Math.min(size, stream.length - at))
    stream.copy(chunk, 0, at)
    chunks.push(chunk)
  }
  return chunks
}

/** Delays for n timers, and where each is moved to by a reset (even ones earlier, odd ones later), in what order. */
export function timerPlan(
  n: number, least: number, longest: number,
): { delays: Int32Array; moved: Int32Array; order: Int32Array } {
  const random = randomIntegers(7)
  const delays = new Int32Array(n)
  const moved = new Int32Array(n)
  const order = new Int32Array(n)
  for (let i = 0; i < n; i++) {
    const delay = least + random(longest - least + 1)
    delays[i] = delay
    moved[i] = i % 2 === 0 ? least + random(delay - least + 1) : delay + random(longest)
    order[i] = i
  }
  for (let i = n - 1; i > 0; i--) {
    const other = random(i + 1)
    const held = order[i]
    order[i] = order[other]
    order[other] = held
  }
  return { delays, moved, order }
}
