/**
 * Receivers of netstrings and prefixed strings as SEMANTICS.md describes them: a flat buffer, taken a byte at a time.
 *
 * Slow, and without any of the machinery of the real ones, so that the two can be compared. Source: cases B09 to B22.
 */
import { joined, show } from './basic-support.js'
import type { Action, Player, Trace } from './basic-support.js'

/** How many bytes of prefix, or 'netstring'. */
export type Format = 1 | 2 | 4 | 'netstring'

export class StringModel implements Player {
  #buffer: Uint8Array = new Uint8Array(0)
  /** What was read of the length, or all of it. */
  #head: number[] = []
  #length: number | null = null
  #isPaused = false
  #isBusy = false
  #isStopped = false
  #isClosing = false
  #isAborted = false
  #transport = 'producing'
  #limit = 0
  readonly #trace: Trace
  readonly #format: Format
  readonly #forgiving: boolean

  constructor(trace: Trace, format: Format, forgiving: boolean, limit: number) {
    this.#trace = trace
    this.#format = format
    this.#forgiving = forgiving
    this.#setLimit(limit)
  }

  /** A frame of 1 GiB is refused whatever the limit. */
  #setLimit(limit: number): void {
    this.#limit = Math.min(limit, 2 ** 30 - 1)
  }

  state(): string {
    return [this.#transport, this.#isClosing, this.#isAborted].join(' ')
  }

  act(action: Action): void {
    switch (action.do) {
      case 'receive': {
        if (this.#isClosing || this.#isStopped) return
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
      case 'limit': {
        return this.#setLimit(action.to)
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
      default:
    }
  }

  #stopIfClosing(): boolean {
    if (!this.#isClosing) return false
    this.#isStopped = true
    return true
  }

  #run(): void {
    if (this.#isBusy) return
    this.#isBusy = true
    try {
      while (!this.#isPaused && !this.#isStopped && this.#step());
    } finally {
      this.#isBusy = false
    }
  }

  /** Takes a byte of the length or a whole payload; false when there is nothing to take. */
  #step(): boolean {
    const length = this.#length
    if (length === null) {
      if (this.#buffer.length === 0) return false
      const byte = this.#buffer[0]
      this.#buffer = this.#buffer.slice(1)
      if (this.#format === 'netstring') this.#netstringHead(byte)
      else this.#prefix(byte, this.#format)
      return true
    }
    const trailer = this.#format === 'netstring' ? 1 : 0
    if (this.#buffer.length < length + trailer) return false
    if (trailer === 1 && this.#buffer[length] !== 0x2c) {
      this.#broken('no comma')
      return true
    }
    const payload = this.#buffer.slice(0, length)
    this.#buffer = this.#buffer.slice(length + trailer)
    this.#length = null
    this.#trace.event(`string ${show(payload)}`)
    this.#stopIfClosing()
    return true
  }

  #prefix(byte: number, width: number): void {
    this.#head.push(byte)
    if (this.#head.length < width) return
    const length = this.#head.reduce((value, next) => value * 256 + next, 0)
    this.#head = []
    if (length > this.#limit) this.#broken(`limit ${length}`)
    else this.#length = length
  }

  #netstringHead(byte: number): void {
    const digits = String.fromCharCode(...this.#head)
    if (byte === 0x3a && digits !== '') {
      this.#length = Number(digits)
      this.#head = []
    } else if (byte === 0x3a) {
      this.#broken('no length')
    } else if (byte < 0x30 || byte > 0x39) {
      this.#broken('no digit')
    } else if (digits === '0') {
      this.#broken('leading zero')
    } else if (Number(digits + String.fromCharCode(byte)) > this.#limit) {
      this.#broken('over the limit')
    } else {
      this.#head.push(byte)
    }
  }

  #broken(how: string): void {
    this.#isStopped = true
    this.#trace.event(`broken: ${how}`)
    if (!this.#forgiving) this.#isClosing = true
  }
}
