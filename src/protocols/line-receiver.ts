/**
 * Lines: LineOnlyReceiver, and LineReceiver with its raw mode.
 *
 * Owns: what a line is handed out as, and following `delimiter` and `maxLength` when a callback changes them.
 * Must not know: how a line is found.
 * Source: twisted.protocols.basic.LineReceiver, LineOnlyReceiver; cases B01 to B08, B13 to B15.
 */
import type { Core } from '../core/core.js'
import { configureLineFrames, makeLineFrames } from '../core/formats.js'
import type { FrameParser } from '../core/frame-parser.js'
import { defaultCore } from '../core/default.js'
import { EVENT_LINE_TOO_LONG } from '../core/events.js'
import { FramedProtocol } from './framed.js'

/** A protocol that receives lines. `Line` is `Uint8Array` when `encoding` is `bytes`. */
export class LineOnlyReceiver<Line extends string | Uint8Array = string> extends FramedProtocol {
  /** What ends a line: text (as UTF-8) or bytes. May change at any time, and holds for all that was not delivered. */
  delimiter: string | Uint8Array = '\r\n'
  /** Longest line, in bytes (2^30 - 1 at most), its delimiter not counted; 16,384 is Twisted's. May change any time. */
  maxLength = 16384
  /** What lines are handed out as; with `bytes`, as Uint8Array. */
  encoding: 'utf8' | 'latin1' | 'bytes' = 'utf8'
  #delimiter: string | Uint8Array = ''
  #maxLength = 0

  /**
   * A line came, without its delimiter. A string of more than 12 characters may keep the text of its whole chunk
   * (64 KiB at most) alive for as long as it is kept itself.
   */
  lineReceived(_line: Line): void {}

  /**
   * A line is over `maxLength`; the buffer is empty now.
   *
   * @param _line - that line, its delimiter, and all that was received behind it. By default the connection is closed.
   */
  lineLengthExceeded(_line: Line): void {
    this.transport.loseConnection()
  }

  /** Sends a line and the delimiter behind it. Characters that `latin1` lacks become `?`. */
  sendLine(line: string | Uint8Array): void {
    const { delimiter } = this
    const text = typeof line === 'string' && this.encoding === 'latin1' ? toLatin1(line) : line
    if (typeof text === 'string' && typeof delimiter === 'string') this.transport.write(text + delimiter)
    else this.transport.writeSequence([text, delimiter])
  }

  /** Takes back all bytes that were received and not delivered. */
  clearLineBuffer(): Uint8Array {
    return this.isUntouched || this.frames.isStopped ? new Uint8Array(0) : this.frames.takeRest()
  }

  protected makeFrames(core: Core): FrameParser {
    this.#delimiter = this.delimiter
    this.#maxLength = this.maxLength
    return makeLineFrames(core, delimiterBytes(core, this.delimiter), this.maxLength)
  }

  /** @internal */
  frameEvent(parser: FrameParser): void {
    if (parser.kind === EVENT_LINE_TOO_LONG) {
      this.lineLengthExceeded(this.#asLine(this.frames.takeRest()))
    } else {
      const { encoding } = this
      this.lineReceived((encoding === 'bytes' ? parser.payload() : parser.text(encoding)) as Line)
    }
    // With nothing behind this line there is nothing to stop, and no rest for another delimiter.
    if (parser.isAlone || (this.mustStop && this.stopIfClosing())) return
    if (this.delimiter !== this.#delimiter || this.maxLength !== this.#maxLength) this.follow()
  }

  /** The rest is parsed again with the delimiter and limit as they are now. */
  protected override follow(): void {
    const { delimiter, maxLength } = this
    if ((delimiter === this.#delimiter && maxLength === this.#maxLength) || this.isUntouched) return
    const { frames } = this
    if (frames.isStopped) return
    frames.parser.rewind()
    configureLineFrames(frames.parser, delimiterBytes(frames.parser.core, delimiter), maxLength)
    this.#delimiter = delimiter
    this.#maxLength = maxLength
  }

  #asLine(data: Uint8Array): Line {
    const { encoding } = this
    return (encoding === 'bytes' ? data : defaultCore().text[encoding](data, 0, data.length)) as Line
  }
}

/** A protocol that receives lines, and bytes as they come while in raw mode. */
export class LineReceiver<Line extends string | Uint8Array = string> extends LineOnlyReceiver<Line> {
  /** Bytes received in raw mode, the receiver's to keep. */
  rawDataReceived(_data: Uint8Array): void {}

  /** From now on bytes come to `rawDataReceived`, beginning with the rest of what was received. */
  setRawMode(): void {
    if (this.stopIfClosing()) return
    this.follow()
    this.frames.setRaw()
  }

  /**
   * Back to lines, after the current callback returned.
   *
   * @param extra - the bytes that were no raw data: in raw mode they come first of all that waits, otherwise last
   */
  setLineMode(extra?: Uint8Array): void {
    if (this.stopIfClosing()) return
    this.follow()
    this.frames.setFrames(extra)
  }

  /** @internal */
  override rawEvent(data: Uint8Array): void {
    this.rawDataReceived(data)
    if (!this.stopIfClosing()) this.follow()
  }
}

function delimiterBytes(core: Core, delimiter: string | Uint8Array): Uint8Array {
  return typeof delimiter === 'string' ? core.text.encode(delimiter) : delimiter
}

function toLatin1(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    bytes[i] = code < 0x100 ? code : 0x3f
  }
  return bytes
}
