/**
 * How much room words take in a diagram, and how they are made to fit.
 *
 * Owns: the width of a character of the diagram's font (style.ts), as wide as any that it may be replaced by. Must not
 * know: where words stand.
 */

import { quoted } from './print.js'

/** Of a character of 11 pixels height. */
const CHARACTER = 7
/** From here on, characters may take the room of two. */
const WIDE = 0x1100

/** Pixels, not fewer than are needed. */
export function widthOf(text: string): number {
  let width = 0
  for (const character of text) width += (character.codePointAt(0) as number) < WIDE ? CHARACTER : 2 * CHARACTER
  return width
}

/** The text, or so much of it as takes no more room. */
export function fitted(text: string, room: number): string {
  let short = ''
  let left = room - CHARACTER
  for (const character of text) {
    left -= widthOf(character)
    // There must be room for the dots, too, unless this was all.
    if (left < 0) return short.length + character.length === text.length && left >= -CHARACTER ? text : `${short}…`
    short += character
  }
  return text
}

/** At most so many UTF-16 units. */
export function shortened(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text
}

/** The beginning of a payload, so many characters long at most, however many of its bytes must be escaped. */
export function excerpt(data: Uint8Array, most: number): string {
  let bytes = Math.min(data.length, most)
  while (bytes > 0 && quoted(data.subarray(0, bytes), bytes).length > most + 2) bytes -= 1
  return quoted(data, bytes)
}
