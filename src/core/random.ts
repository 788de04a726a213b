/**
 * Numbers from a seed: the same seed gives the same numbers on every machine, engine and build of the core.
 *
 * Owns: how a seed becomes a generator's state, and numbers of other kinds made of its words. Must not know: what the
 * numbers are for. The words are those of xoshiro128** (Blackman and Vigna), drawn in the core a block at a time; seeds
 * and labels become states by the core's digest. Nothing secret may hang on these numbers.
 */
import { RANDOM_WORDS } from '../../assembly/abi/layout.js'
import { CoreError } from '../errors/core.js'
import type { Core } from './core.js'
import { Digest } from './digest.js'
import { check } from './status.js'

/** The seed of the digests that become states; with 0, the empty text would become the one state without numbers. */
const STATES = 0x77686f72
const TWO_32 = 2 ** 32
const TWO_53 = 2 ** 53

/** A generator of numbers that depend on a seed only. */
export class SeededRandom {
  readonly #core: Core
  readonly #random: number
  /** What tells this generator from all others: its state before the first number. */
  readonly #state: Uint32Array
  #at = 0
  #end = 0
  #isFreed = false

  /**
   * Made by {@link Core.random}.
   *
   * @param seed a number or text, where 1 and '1' are the same seed; or the generator's state, four uint32
   */
  constructor(core: Core, seed: number | string | Uint32Array) {
    this.#core = core
    this.#state = typeof seed === 'object' ? Uint32Array.from(seed.subarray(0, 4)) : stateOf(core, null, String(seed))
    const [s0, s1, s2, s3] = this.#state as unknown as [number, number, number, number]
    this.#random = check(core.exports.randomNew(s0 | 0, s1 | 0, s2 | 0, s3 | 0), 'random')
    core.adopt(this, this.#random, core.exports.randomFree)
  }

  /** The next word: a whole number in [0, 2^32). */
  next(): number {
    if (this.#at === this.#end) this.#draw()
    return this.#core.words()[this.#at++] >>> 0
  }

  /** A number in [0, 1), a multiple of 2^-53; takes two words. */
  float(): number {
    const high = this.next() >>> 5
    return (high * 0x4000000 + (this.next() >>> 6)) / TWO_53
  }

  /** A whole number in [0, n), each as likely as any other. @param n a whole number, 1 … 2^53 */
  below(n: number): number {
    if (!Number.isInteger(n) || n < 1 || n > TWO_53) throw new RangeError(`below(${n}): not a whole number from 1 on`)
    // What lies above the greatest multiple of n would make small numbers likelier, and is drawn again.
    if (n <= TWO_32) {
      const fair = TWO_32 - (TWO_32 % n)
      let word = this.next()
      while (word >= fair) word = this.next()
      return word % n
    }
    const fair = TWO_53 - (TWO_53 % n)
    let number = this.float() * TWO_53
    while (number >= fair) number = this.float() * TWO_53
    return number % n
  }

  /** A number in [lo, hi), or lo when both are the same. */
  between(lo: number, hi: number): number {
    const number = lo + (hi - lo) * this.float()
    // Rounding may reach the end that does not belong to it.
    return number < hi ? number : lo
  }

  /** True with this probability. One word is drawn, unless the answer is certain: 0 and below, 1 and above. */
  chance(probability: number): boolean {
    if (probability >= 1) return true
    return probability > 0 && this.next() < probability * TWO_32
  }

  /** Fills an array with bytes: of each word the lowest first. */
  fill(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += 4) {
      const word = this.next()
      bytes[at] = word
      bytes[at + 1] = word >>> 8
      bytes[at + 2] = word >>> 16
      bytes[at + 3] = word >>> 24
    }
  }

  /**
   * Another generator, which depends on this one's seed and the label only, and not on what was drawn from it: so that
   * what is taken away or added in one place does not change the numbers in another.
   */
  fork(label: string): SeededRandom {
    return new SeededRandom(this.#core, stateOf(this.#core, this.#state, label))
  }

  /** Gives the generator back to the core; its forks live on. */
  free(): void {
    if (this.#isFreed) return
    this.#isFreed = true
    this.#at = this.#end = 0
    this.#core.disown(this)
    this.#core.exports.randomFree(this.#random)
  }

  #draw(): void {
    if (this.#isFreed) throw new CoreError('This generator was freed.')
    this.#at = check(this.#core.exports.randomBlock(this.#random), 'random') >> 2
    this.#end = this.#at + RANDOM_WORDS
  }
}

/** The state that a text stands for, below another state or by itself. */
function stateOf(core: Core, above: Uint32Array | null, text: string): Uint32Array {
  const digest = new Digest(core, STATES)
  if (above !== null) {
    const bytes = new Uint8Array(above.length * 4)
    const view = new DataView(bytes.buffer)
    above.forEach((word, i) => view.setUint32(i * 4, word, true))
    digest.update(bytes)
  }
  digest.update(core.text.encode(text))
  const state = digest.words()
  digest.free()
  return state
}
