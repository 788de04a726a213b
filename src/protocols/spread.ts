/**
 * Numbers to spread retries with, so that many clients that lost the same server do not all come back at once.
 *
 * Owns: a small generator. Must not know: hosts; chance comes from the moment that a clock shows, which differs between
 * programs by microseconds, and is the same in every run of a simulation. Not for secrets.
 * Source: mulberry32, a generator with 32 bits of state.
 */
import type { IReactorTime } from '../interfaces/index.js'

/** How many generators each clock has seeded, so that two made at the same moment differ. */
const made = new WeakMap<IReactorTime, number>()

/** @returns gives numbers from 0 to below 1 */
export function spreadOf(clock: IReactorTime): () => number {
  const count = (made.get(clock) ?? 0) + 1
  made.set(clock, count)
  const [low, high] = new Uint32Array(new Float64Array([clock.now()]).buffer) as unknown as [number, number]
  return generator(low ^ high ^ Math.imul(count, 0x9e3779b1))
}

/** @param seed any 32 bits */
export function generator(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
