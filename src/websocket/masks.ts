/**
 * Keys for the masks of a client's frames: each from the host's entropy, asked for many at a time.
 *
 * Owns: the supply of each reactor. Must not know: frames. Source: RFC 6455, 5.3 and 10.3.
 */
import { NotSupportedError } from '../errors/index.js'
import type { WebSocketReactor } from './settings.js'

const AT_ONCE = 1024

/** The supply of keys of one reactor. */
export class MaskKeys {
  readonly #reactor: WebSocketReactor
  #bytes: Uint8Array = new Uint8Array(0)
  #at = 0

  constructor(reactor: WebSocketReactor) {
    if (typeof reactor.entropy !== 'function') throw new NotSupportedError('this reactor', 'entropy')
    this.#reactor = reactor
  }

  /** Four bytes, which are used once. */
  next(): Uint8Array {
    if (this.#at === this.#bytes.length) {
      this.#bytes = this.#reactor.entropy!(AT_ONCE)
      this.#at = 0
    }
    return this.#bytes.subarray(this.#at, this.#at += 4)
  }
}

const supplies = /* @__PURE__ */ new WeakMap<WebSocketReactor, MaskKeys>()

/** @throws NotSupportedError for a reactor without entropy */
export function masksOf(reactor: WebSocketReactor): MaskKeys {
  let supply = supplies.get(reactor)
  if (supply === undefined) supplies.set(reactor, supply = new MaskKeys(reactor))
  return supply
}
