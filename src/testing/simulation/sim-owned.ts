/**
 * What a simulation has of the core, and gives back when it is closed.
 *
 * Owns: that it is all given back, although thousands of simulations may run before the garbage collector gets to say
 * anything, and that the digest outlasts it. Must not know: what it is used for.
 */

import type { Digest, SeededRandom } from '../../core/index.js'
import type { TraceDigest } from '../trace/writer.js'

/** Notes the forks of a generator, and theirs. @returns what frees them */
export function ownForks(random: SeededRandom): () => void {
  const made: SeededRandom[] = []
  own(random, made)
  return () => {
    for (const one of made) one.free()
    made.length = 0
  }
}

function own(random: SeededRandom, made: SeededRandom[]): void {
  const fork = random.fork.bind(random)
  random.fork = (label) => {
    const one = fork(label)
    made.push(one)
    own(one, made)
    return one
  }
}

/** A digest that can still be read when it was given back. */
export class LastingDigest implements TraceDigest {
  readonly #digest: Digest
  #last: string | null = null

  constructor(digest: Digest) {
    this.#digest = digest
  }

  update(bytes: Uint8Array): void {
    if (this.#last === null) this.#digest.update(bytes)
  }

  hex(): string {
    return this.#last ?? this.#digest.hex()
  }

  free(): void {
    if (this.#last !== null) return
    this.#last = this.#digest.hex()
    this.#digest.free()
  }
}
