/**
 * HostBase: what a host port does the same on every host that has no better way.
 *
 * Owns: SIGINT and SIGTERM as two signals like any other, text, arrays, and entropy in parts. Must not know: any host.
 */
import { Slab } from '../core/slab.js'

/** What ends a program, unless it asks for something else. */
const ENDING = ['SIGINT', 'SIGTERM'] as const

/** The most that `crypto.getRandomValues` fills at once, bytes (Web Cryptography, 10.1.1). */
const MOST_RANDOM = 65_536

/** The longest that timers can wait, ms: an int32. A reactor looks again when one went off early. */
export const LONGEST_TIMER = 2 ** 31 - 1

/** What a binding's host begins with. */
export abstract class HostBase {
  readonly #slab = new Slab()

  /** Missing where there are no signals. */
  onSignal?(signal: string, fn: () => void): () => void

  /** Nothing, for those that live as long as somebody else decides. */
  keepAlive(_wanted: boolean): void {}

  installSignals(fn: (signal: string) => void): () => void {
    const removes = this.onSignal === undefined ? []
      : ENDING.map((signal) => this.onSignal!(signal, () => fn(signal)))
    return () => {
      for (const remove of removes) remove()
    }
  }

  encode(text: string): Uint8Array {
    return this.#slab.encode(text)
  }

  allocate(length: number): Uint8Array {
    return new Uint8Array(length)
  }

  entropy(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += MOST_RANDOM) this.fillRandom(bytes.subarray(at, at + MOST_RANDOM))
  }

  /** Fills at most 65,536 bytes. */
  protected abstract fillRandom(bytes: Uint8Array): void
}
