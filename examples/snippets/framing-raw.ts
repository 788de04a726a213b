/** Raw mode, as the framing guide shows it: a line `put LENGTH`, then that many bytes. */
import { LineReceiver } from 'whorl'

export class Upload extends LineReceiver {
  uploads: Uint8Array[] = []
  #parts: Uint8Array[] = []
  #missing = 0

  override lineReceived(line: string): void {
    const length = /^put (\d{1,6})$/.exec(line)?.[1]
    if (length === undefined) return this.sendLine('put LENGTH, please')
    this.#missing = Number(length)
    this.setRawMode()
    if (this.#missing === 0) this.#done()
  }

  override rawDataReceived(data: Uint8Array): void {
    const mine = data.subarray(0, this.#missing)
    this.#parts.push(mine)
    this.#missing -= mine.length
    if (this.#missing === 0) this.#done(data.subarray(mine.length))
  }

  #done(rest?: Uint8Array): void {
    this.uploads.push(Uint8Array.from(this.#parts.flatMap((part) => [...part])))
    this.#parts = []
    this.sendLine('ok')
    this.setLineMode(rest)
  }
}
