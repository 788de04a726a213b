/**
 * Strings from bytes where TextDecoder is the best there is, as in browsers and in workerd.
 *
 * Owns: when it is not worth asking. Must not know: hosts. Nothing is made before the first text is.
 */
import { decodeBytes, encodeText, latin1 } from './text.js'
import type { TextPort } from './text.js'

/** Below this many characters, making them one by one is quicker than to ask the decoder. */
const SHORT = 24

/** @internal */
export const decoderText: TextPort = {
  ascii: (bytes, start, end) => end - start < SHORT ? latin1(bytes, start, end) : decodeBytes(bytes, start, end),
  // What is called iso-8859-1 by a TextDecoder is windows-1252.
  latin1,
  utf8: decodeBytes,
  encode: encodeText,
}
