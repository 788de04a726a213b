/**
 * Takes the commands of `telnet` out of a stream of bytes, and declines every option it offers. Owns: the state between
 * chunks, because a command may be cut anywhere. Must not know: lines, chat. Source: RFC 854.
 *
 *   text ──IAC──▶ command ──WILL WONT DO DONT──▶ option ──any──▶ text
 *    ▲               │ IAC IAC: the byte 255 itself
 *    │               │ any other: nothing
 *    └───────────────┤
 *    ▲               └──SB──▶ sub ──IAC──▶ subCommand ──SE──▶ text
 */

const IAC = 0xff
const DONT = 0xfe
const DO = 0xfd
const WONT = 0xfc
const WILL = 0xfb
const SB = 0xfa
const SE = 0xf0

type State = 'text' | 'command' | 'option' | 'sub' | 'subCommand'

/** One direction of one connection. UTF-8 has no byte 255, so other clients are never mistaken for telnet. */
export class TelnetFilter {
  readonly #answer: (bytes: Uint8Array) => void
  #state: State = 'text'
  #verb = 0

  /** @param answer gets what is to be sent back */
  constructor(answer: (bytes: Uint8Array) => void) {
    this.#answer = answer
  }

  /** @returns the text that is in `data`: `data` itself where there is nothing else in it */
  filter(data: Uint8Array): Uint8Array {
    if (this.#state === 'text' && !data.includes(IAC)) return data
    const text = new Uint8Array(data.length)
    const answers: number[] = []
    let length = 0
    for (const byte of data) {
      if (this.#isText(byte, answers)) text[length++] = byte
    }
    if (answers.length > 0) this.#answer(Uint8Array.from(answers))
    return text.subarray(0, length)
  }

  #isText(byte: number, answers: number[]): boolean {
    switch (this.#state) {
      case 'text':
        if (byte === IAC) this.#state = 'command'
        return byte !== IAC
      case 'command':
        this.#verb = byte
        this.#state = byte === SB ? 'sub' : byte >= WILL && byte <= DONT ? 'option' : 'text'
        return byte === IAC
      case 'option':
        // WONT and DONT are answers or refusals themselves; to answer them could go on for ever.
        if (this.#verb === DO) answers.push(IAC, WONT, byte)
        if (this.#verb === WILL) answers.push(IAC, DONT, byte)
        this.#state = 'text'
        return false
      case 'sub':
        if (byte === IAC) this.#state = 'subCommand'
        return false
      case 'subCommand':
        this.#state = byte === SE ? 'text' : 'sub'
        return false
    }
  }
}
