/**
 * Slab: small arrays for what is soon gone, cut from larger ones.
 *
 * Owns: how far the present one is used up. Must not know: what is put into them. Engines allocate and free every
 * buffer by itself, beside their heap: for a line or a head of HTTP that takes longer than to fill it.
 *
 * Only for what is held until a host has sent it: whoever keeps one array keeps its neighbours' memory too.
 */

import { encodeText, hostEncoder } from './text.js'

/** Bytes of a slab. */
const SLAB = 8_192

/** The largest that is cut, bytes: at most an eighth of a slab is left over. */
export const LARGEST_CUT = 1_024

/** See the header. */
export class Slab {
  #room = new Uint8Array(0)
  #used = 0

  /** A text as UTF-8; a lone surrogate becomes U+FFFD. */
  encode(text: string): Uint8Array {
    const encoder = hostEncoder()
    if (encoder === null || text.length > LARGEST_CUT / 3) return encodeText(text)
    this.#makeRoom(text.length * 3)
    const { written } = encoder.encodeInto(text, this.#room.subarray(this.#used))
    return this.#room.subarray(this.#used, this.#used += written)
  }

  /**
   * An array whose contents do not matter.
   *
   * @param length at most {@link LARGEST_CUT}, bytes
   */
  cut(length: number): Uint8Array {
    this.#makeRoom(length)
    return this.#room.subarray(this.#used, this.#used += length)
  }

  #makeRoom(length: number): void {
    if (this.#room.length - this.#used >= length) return
    this.#used = 0
    this.#room = new Uint8Array(SLAB)
  }
}
