/**
 * A receiver of lines as SEMANTICS.md describes it, with one flat buffer that is searched anew every time.
 *
 * Slow, and without any of the machinery of the real one, so that the two can be compared. Source: cases B01 to B15.
 */
import { joined, show } from './basic-support.js'
import type { Action, Player, Trace } from './basic-support.js'

export type Encoding = 'utf8' | 'latin1' | 'bytes'

export class LineModel implements Player {
  #buffer: Uint8Array = new Uint8Array(0)
  #isRaw = false
  #isPaused = false
  #isBusy = false
  #isStopped = false
  #isClosing = false
  #isAborted = false
  #transport = 'producing'
  #delimiter: Uint8Array
  #limit: number
  readonly #trace: Trace
  readonly #encoding: Encoding
  readonly #forgiving: boolean

  constructor(trace: Trace, encoding: Encoding, forgiving: boolean, delimiter: string | Uint8Array, limit: number) {
    this.#trace = trace
    this.#encoding = encoding
    this.#forgiving = forgiving
    this.#delimiter = Buffer.from(delimiter as string)
    this.#limit = limit
  }

  state(): string {
    return [this.#transport, this.#isClosing, this.#isAborted].join(' ')
  }

  act(action: Action): void {
    switch (action.do) {
      case 'receive': {
        if (this.#isClosing) return
        this.#buffer = joined([this.#buffer, action.data])
        return this.#run()
      }
      case 'pause': {
        this.#isPaused = true
        if (!this.#isClosing) this.#transport = 'paused'
        return
      }
      case 'resume': {
        if (this.#stopIfClosing()) return
        this.#isPaused = false
        try {
          this.#run()
        } finally {
          if (!this.#isPaused && !this.#isClosing) this.#transport = 'producing'
        }
        return
      }
      case 'raw': {
        if (this.#stopIfClosing()) return
        this.#isRaw = true
        return this.#run()
      }
      case 'lines': {
        if (this.#stopIfClosing()) return
        // What raw data was given back comes before all that came later; where there was none, it is like new bytes.
        this.#buffer = joined(this.#isRaw ? [action.extra, this.#buffer] : [this.#buffer, action.extra])
        this.#isRaw = false
        return this.#run()
      }
      case 'clear': {
        this.#trace.note(`cleared ${show(this.#isStopped ? new Uint8Array(0) : this.#buffer)}`)
        this.#buffer = new Uint8Array(0)
        return
      }
      case 'abort': {
        this.#isAborted = true
        this.#isClosing = true
        return
      }
      case 'lose': {
        this.#isClosing = true
        return
      }
      case 'delimiter': {
        this.#delimiter = Buffer.from(action.to as string)
        return
      }
      case 'limit': {
        this.#limit = action.to
        return
      }
      default:
    }
  }

  #stopIfClosing(): boolean {
    if (!this.#isClosing) return false
    this.#isStopped = true
    this.#buffer = new Uint8Array(0)
    return true
  }

  #run(): void {
    if (this.#isBusy) return
    this.#isBusy = true
    try {
      while (!this.#isPaused && !this.#isStopped && this.#buffer.length > 0 && this.#step()) this.#stopIfClosing()
    } finally {
      this.#isBusy = false
    }
  }

  /** One event; false when the buffer holds none. */
  #step(): boolean {
    const buffer = this.#buffer
    const size = this.#delimiter.length
    const length = this.#isRaw ? 0 : Buffer.from(buffer).indexOf(this.#delimiter)
    if (this.#isRaw) {
      this.#buffer = new Uint8Array(0)
      this.#trace.event(`raw ${show(buffer)}`)
    } else if (length < 0 ? buffer.length >= this.#limit + size : length > this.#limit) {
      this.#buffer = new Uint8Array(0)
      this.#trace.event(`too long ${this.#shown(buffer)}`)
      if (!this.#forgiving) this.#isClosing = true
    } else if (length < 0) {
      return false
    } else {
      this.#buffer = buffer.slice(length + size)
      this.#trace.event(`line ${this.#shown(buffer.subarray(0, length))}`)
    }
    return true
  }

  #shown(line: Uint8Array): string {
    return this.#encoding === 'bytes' ? show(line) : showText(Buffer.from(line).toString(this.#encoding))
  }
}

/** Text by its code units, so that nothing is lost in showing it. */
export function showText(text: string): string {
  return `"${show(Uint8Array.from(Buffer.from(text, 'utf16le')))}"`
}
