/**
 * What stands behind the size of a chunk: extensions, which mean nothing to us but must be what they are.
 *
 *      chunk-ext = *( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] )
 *
 * One byte at a time: they are rare. Owns: their grammar, as states. Must not know: chunks.
 * Source: RFC 9112, 7.1.1; RFC 9110, 5.6.4.
 */
import { isBlank, isToken, isValue } from "./http1-scan"

/** A semicolon must come, behind blanks. */
export const EXT_BLANK: u32 = 0
/** Behind the semicolon. */
export const EXT_BEGUN: u32 = 1
const EXT_NAME: u32 = 2
const EXT_NAMED: u32 = 3
const EXT_EQUALS: u32 = 4
const EXT_TOKEN: u32 = 5
const EXT_QUOTED: u32 = 6
const EXT_ESCAPED: u32 = 7
const EXT_CLOSED: u32 = 8
/** No extension: nothing can follow. */
export const EXT_WRONG: u32 = 15

const SEMICOLON: u32 = 59
const EQUALS: u32 = 61
const QUOTE: u32 = 34
const BACKSLASH: u32 = 92

/** The state behind a byte. */
export function extensionStep(state: u32, byte: u32): u32 {
  if (state == EXT_QUOTED) {
    return byte == QUOTE ? EXT_CLOSED : byte == BACKSLASH ? EXT_ESCAPED : isValue(byte) ? EXT_QUOTED : EXT_WRONG
  }
  if (state == EXT_ESCAPED) return isValue(byte) ? EXT_QUOTED : EXT_WRONG
  if (byte == SEMICOLON) return state == EXT_BEGUN || state == EXT_EQUALS ? EXT_WRONG : EXT_BEGUN
  if (byte == EQUALS) return state == EXT_NAME || state == EXT_NAMED ? EXT_EQUALS : EXT_WRONG
  if (isBlank(byte)) return state == EXT_NAME ? EXT_NAMED : state == EXT_TOKEN || state == EXT_CLOSED
    ? EXT_BLANK : state
  if (byte == QUOTE) return state == EXT_EQUALS ? EXT_QUOTED : EXT_WRONG
  if (!isToken(byte)) return EXT_WRONG
  if (state == EXT_BEGUN || state == EXT_NAME) return EXT_NAME
  return state == EXT_EQUALS || state == EXT_TOKEN ? EXT_TOKEN : EXT_WRONG
}

/** Whether the line may end here. */
export function isExtensionOver(state: u32): bool {
  return state == EXT_NAME || state == EXT_TOKEN || state == EXT_CLOSED
}
