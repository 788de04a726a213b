/**
 * StatefulProtocol: a protocol whose states each want a fixed number of bytes.
 *
 * Owns: collecting those bytes. Must not know: what a state means.
 * Source: twisted.protocols.stateful.StatefulProtocol.
 */
import { concat } from '../core/bytes.js'
import { Protocol } from './protocol.js'
import { abortAsSpoilt, securityOf } from './spoilt.js'

/** Takes exactly the bytes it asked for; returns the next state, or nothing to stay as it is. */
export type StateHandler = (data: Uint8Array) => State | void
/** A handler and how many bytes (1 …) it wants. */
export type State = [handler: StateHandler, byteCount: number]

/** A protocol made of states. */
export abstract class StatefulProtocol extends Protocol {
  #state: State | null = null
  #parts: Uint8Array[] = []
  #have = 0
  #isBusy = false
  #security: unknown = undefined

  /** The state to begin with. */
  abstract getInitialState(): State

  override makeConnection(transport: Parameters<Protocol['makeConnection']>[0]): void {
    this.#state = null
    this.#forget()
    this.#security = securityOf(transport)
    super.makeConnection(transport)
    // As in Twisted after connectionMade, which may prepare what the first state depends on.
    this.#begin()
  }

  override dataReceived(data: Uint8Array): void {
    if (this.#isClosing || this.#isSpoilt()) {
      this.#forget()
      return
    }
    this.#parts.push(data)
    this.#have += data.length
    if (this.#isBusy) return
    this.#isBusy = true
    try {
      this.#run()
    } finally {
      this.#isBusy = false
    }
  }

  #run(): void {
    for (;;) {
      const [handler, count] = this.#begin()
      if (this.#have < count || this.#isClosing) return
      const all = concat(this.#parts)
      this.#parts = all.length > count ? [all.subarray(count)] : []
      this.#have = all.length - count
      const next = handler.call(this, all.subarray(0, count))
      if (next) this.#enter(next)
      if (this.#isSpoilt()) return
    }
  }

  get #isClosing(): boolean {
    return this.transport?.disconnecting === true
  }

  /** Whether TLS was begun while bytes in plain text were still here (N21): those are never looked at. */
  #isSpoilt(): boolean {
    if (this.transport === undefined) return false
    const security = securityOf(this.transport)
    if (security === this.#security) return false
    this.#security = security
    if (this.#have === 0) return false
    this.#forget()
    abortAsSpoilt(this.transport)
    return true
  }

  #forget(): void {
    this.#parts = []
    this.#have = 0
  }

  /** The state it is in; the initial one at first. */
  #begin(): State {
    return this.#state ?? this.#enter(this.getInitialState())
  }

  #enter(state: State): State {
    if (!(state[1] >= 1)) throw new RangeError(`A state wants at least one byte; this one asks for ${state[1]}.`)
    return (this.#state = state)
  }
}
