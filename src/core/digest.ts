/**
 * Digests: 128 bits that tell whether two long runs of bytes are the same.
 *
 * Owns: a digest's handle. Must not know: what is hashed.
 * The hash is MurmurHash3_x86_128 (Austin Appleby), computed in the core. It is no cryptographic hash: who wants to can
 * make other bytes of the same digest. Use it to compare runs of one's own, never to trust what came from outside.
 */
import { STAGE_BYTES } from '../../assembly/abi/layout.js'
import { CoreError } from '../errors/core.js'
import type { Core } from './core.js'
import { check } from './status.js'

/** Words of a result. */
const WORDS = 4

/** A digest of bytes that come in pieces; where the pieces begin and end does not matter. */
export class Digest {
  readonly #core: Core
  readonly #digest: number
  #isFreed = false

  /** Made by {@link Core.digest}. @param seed an int32; another seed, another digest of the same bytes */
  constructor(core: Core, seed = 0) {
    this.#core = core
    this.#digest = check(core.exports.digestNew(seed | 0), 'digest')
    core.adopt(this, this.#digest, core.exports.digestFree)
  }

  /** Takes more bytes in. They are read now and not kept. */
  update(bytes: Uint8Array): void {
    if (this.#isFreed) throw new CoreError('This digest was freed.')
    const core = this.#core
    for (let at = 0; at < bytes.length; at += STAGE_BYTES) {
      const part = bytes.length <= STAGE_BYTES ? bytes : bytes.subarray(at, at + STAGE_BYTES)
      check(core.exports.digestUpdate(this.#digest, core.lend(part), part.length), 'digest')
    }
  }

  /** The digest of all bytes so far, as 32 hexadecimal digits; more bytes may follow. */
  hex(): string {
    let text = ''
    for (const word of this.words()) text += word.toString(16).padStart(8, '0')
    return text
  }

  /** The same, as four uint32. */
  words(): Uint32Array {
    if (this.#isFreed) throw new CoreError('This digest was freed.')
    const at = check(this.#core.exports.digestResult(this.#digest), 'digest') >> 2
    return Uint32Array.from(this.#core.words().subarray(at, at + WORDS))
  }

  /** Gives the digest back to the core. */
  free(): void {
    if (this.#isFreed) return
    this.#isFreed = true
    this.#core.disown(this)
    this.#core.exports.digestFree(this.#digest)
  }
}
