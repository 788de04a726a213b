/**
 * Strings of bytes behind their length: netstrings, and 8, 16 and 32-bit big-endian prefixes.
 *
 * Owns: sending them, and what happens by default when the other end breaks the rules. Must not know: how they are
 * found in the bytes received.
 * Source: twisted.protocols.basic.NetstringReceiver, IntNStringReceiver; cases B17 to B23.
 */
import type { Core } from '../core/core.js'
import { EVENT_LENGTH_LIMIT, EVENT_MALFORMED } from '../core/events.js'
import { limitFrames, makeNetstringFrames, makePrefixedFrames, netstringError } from '../core/formats.js'
import type { PrefixWidth } from '../core/formats.js'
import type { FrameParser } from '../core/frame-parser.js'
import { defaultCore } from '../core/default.js'
import type { NetstringParseError } from '../errors/protocol.js'
import { StringTooLongError } from '../errors/protocol.js'
import { FramedProtocol } from './framed.js'

/** What netstrings and prefixed strings share. */
abstract class StringReceiver extends FramedProtocol {
  /**
   * Longest string that is accepted, in bytes, 2^30 - 1 at most; 99,999 is Twisted's. May change at any time, for
   * strings whose length was not read yet.
   */
  maxLength = 99999
  #maxLength = -1

  /** A string came; its bytes are the receiver's to keep. */
  stringReceived(_data: Uint8Array): void {}

  protected makeFrames(core: Core): FrameParser {
    this.#maxLength = this.maxLength
    return this.makeParser(core, this.maxLength)
  }

  protected abstract makeParser(core: Core, maxLength: number): FrameParser

  /** @internal */
  frameEvent(parser: FrameParser): void {
    if (parser.kind === EVENT_MALFORMED || parser.kind === EVENT_LENGTH_LIMIT) {
      // Whatever the protocol does about it, where the next string begins is not known any more.
      this.frames.stop()
      this.broken(parser)
      return
    }
    this.stringReceived(parser.payload())
    if (!this.mustStop || !this.stopIfClosing()) this.follow()
  }

  /** The parser stood at an event after which it understands nothing more. */
  protected abstract broken(parser: FrameParser): void

  protected override follow(): void {
    const { maxLength } = this
    if (this.isUntouched || maxLength === this.#maxLength) return
    const { frames } = this
    if (frames.isStopped) return
    // What was parsed ahead was held against the old limit.
    if (frames.parser.isFed) frames.parser.rewind()
    limitFrames(frames.parser, maxLength)
    this.#maxLength = maxLength
  }
}

/** A protocol that receives and sends netstrings, `5:hello,`. */
export class NetstringReceiver extends StringReceiver {
  /** Sends a string (text as UTF-8). */
  sendString(data: Uint8Array | string): void {
    const bytes = toBytes(data)
    this.transport.writeSequence([`${bytes.length}:`, bytes, ','])
  }

  /** The other end sent what is no netstring, or one over the limit. By default the connection is closed. */
  handleParseError(_error: NetstringParseError): void {
    this.transport.loseConnection()
  }

  protected makeParser(core: Core, maxLength: number): FrameParser {
    return makeNetstringFrames(core, maxLength)
  }

  protected broken(parser: FrameParser): void {
    this.handleParseError(netstringError(parser))
  }
}

/** What the three receivers of prefixed strings share. */
export abstract class IntNStringReceiver extends StringReceiver {
  /** Bytes of the prefix. */
  abstract readonly prefixLength: PrefixWidth

  /**
   * Sends a string (text as UTF-8).
   *
   * @throws StringTooLongError when the prefix cannot say its length; nothing is sent then
   */
  sendString(data: Uint8Array | string): void {
    const bytes = toBytes(data)
    const width = this.prefixLength
    const { length } = bytes
    if (length >= 2 ** (8 * width)) {
      throw new StringTooLongError(`A string of ${length} bytes does not fit a prefix of ${8 * width} bits.`)
    }
    const prefix = new Uint8Array(width)
    for (let i = width - 1, rest = length; i >= 0; i--, rest = Math.floor(rest / 256)) prefix[i] = rest & 0xff
    this.transport.writeSequence([prefix, bytes])
  }

  /** A prefix says `length` bytes, more than `maxLength`. By default the connection is closed. */
  lengthLimitExceeded(_length: number): void {
    this.transport.loseConnection()
  }

  protected makeParser(core: Core, maxLength: number): FrameParser {
    return makePrefixedFrames(core, this.prefixLength, maxLength)
  }

  protected broken(parser: FrameParser): void {
    this.lengthLimitExceeded(parser.length >>> 0)
  }
}

/** Strings of at most 255 bytes, behind one byte. */
export class Int8StringReceiver extends IntNStringReceiver {
  readonly prefixLength = 1
}

/** Strings of at most 65,535 bytes, behind two bytes. */
export class Int16StringReceiver extends IntNStringReceiver {
  readonly prefixLength = 2
}

/** Strings behind four bytes; `maxLength` says how long they may be. */
export class Int32StringReceiver extends IntNStringReceiver {
  readonly prefixLength = 4
}

function toBytes(data: Uint8Array | string): Uint8Array {
  return typeof data === 'string' ? defaultCore().text.encode(data) : data
}
