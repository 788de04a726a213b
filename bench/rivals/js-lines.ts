/**
 * Rivals for the line parser, in JavaScript on Node's Buffer. `JsLines` is what one writes first and keeps: `indexOf`
 * for the line feed, a look at the byte before, `latin1Slice` for the line, a string that carries the unfinished one.
 * `JsChunkLines` makes one string per chunk and searches that. Both know Latin-1 only, one delimiter and no modes.
 */

/** The methods of Buffer's prototype that its types leave out. */
interface Latin1 {
  latin1Slice(start?: number, end?: number): string
}
type Chunk = Buffer & Latin1

export class JsLines {
  readonly #onLine: (line: string) => void
  readonly #maxLength: number
  #rest = ''

  constructor(onLine: (line: string) => void, maxLength = 16384) {
    this.#onLine = onLine
    this.#maxLength = maxLength
  }

  receive(data: Buffer): void {
    const chunk = data as Chunk
    let start = 0
    let from = 0
    for (;;) {
      const lf = chunk.indexOf(10, from)
      if (lf < 0) break
      from = lf + 1
      let line: string
      if (lf > start) {
        if (chunk[lf - 1] !== 13) continue
        line = chunk.latin1Slice(start, lf - 1)
        if (this.#rest !== '') {
          line = this.#rest + line
          this.#rest = ''
        }
      } else {
        const rest = this.#rest
        if (rest === '' || rest.charCodeAt(rest.length - 1) !== 13) continue
        line = rest.slice(0, -1)
        this.#rest = ''
      }
      start = from
      this.#onLine(line)
    }
    if (start < chunk.length) {
      this.#rest += chunk.latin1Slice(start)
      if (this.#rest.length > this.#maxLength + 2) throw new RangeError('line too long')
    }
  }
}

export class JsChunkLines {
  readonly #onLine: (line: string) => void
  readonly #maxLength: number
  #rest = ''

  constructor(onLine: (line: string) => void, maxLength = 16384) {
    this.#onLine = onLine
    this.#maxLength = maxLength
  }

  receive(data: Buffer): void {
    const fresh = (data as Chunk).latin1Slice()
    let text = fresh
    let start = 0
    if (this.#rest !== '') {
      text = this.#rest
      const end = fresh.indexOf('\n')
      const first = end < 0 ? fresh.length : end + 1
      // Only the unfinished line is joined, so that the rest of the chunk stays one flat string.
      text += fresh.slice(0, first)
      if (!text.endsWith('\r\n')) {
        this.#rest = text
        if (first === fresh.length) return this.#limit()
        text += fresh.slice(first)
      } else {
        this.#rest = ''
        this.#onLine(text.slice(0, -2))
        text = fresh
        start = first
      }
    }
    for (;;) {
      const end = text.indexOf('\r\n', start)
      if (end < 0) break
      const line = text.substring(start, end)
      start = end + 2
      this.#onLine(line)
    }
    this.#rest = start < text.length ? text.slice(start) : ''
    this.#limit()
  }

  #limit(): void {
    if (this.#rest.length > this.#maxLength + 2) throw new RangeError('line too long')
  }
}
