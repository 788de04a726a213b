/**
 * Is it UTF-8? For bytes that come in pieces.
 *
 * Owns: the state between pieces. Must not know: what the bytes are. Source: RFC 3629.
 */
import { STAGE_BYTES } from '../../assembly/abi/layout.js'
import { UTF8_INSIDE, UTF8_INVALID } from '../../assembly/abi/websocket.js'
import type { Core } from './core.js'
import { check } from './status.js'

/** Looks at bytes piece by piece. */
export class UTF8Check {
  readonly #core: Core
  #state = 0

  constructor(core: Core) {
    this.#core = core
  }

  /** Looks at the next piece: false as soon as the bytes so far are no beginning of UTF-8, and for ever after. */
  write(piece: Uint8Array): boolean {
    const core = this.#core
    let state = this.#state
    for (let at = 0; at < piece.length; at += STAGE_BYTES) {
      const part = piece.length <= STAGE_BYTES ? piece : piece.subarray(at, at + STAGE_BYTES)
      state = check(core.exports.utf8Check(core.lend(part), part.length, state), 'utf8')
    }
    this.#state = state
    return (state & UTF8_INSIDE) !== UTF8_INVALID
  }

  /** Whether all bytes so far are UTF-8, the last code point too; begins anew. */
  end(): boolean {
    const state = this.#state
    this.#state = 0
    return (state & UTF8_INSIDE) === 0
  }
}

/** Whether these bytes are UTF-8. */
export function isUTF8(core: Core, bytes: Uint8Array): boolean {
  const whole = new UTF8Check(core)
  whole.write(bytes)
  return whole.end()
}
