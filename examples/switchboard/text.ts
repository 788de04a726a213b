/**
 * What people type, made safe to show on other people's terminals. Owns: which characters pass, and what a nickname
 * may be. Must not know: connections.
 */

/**
 * What could move a cursor, ring a bell, colour a screen or turn text around: control characters (C0, DEL, C1),
 * line and paragraph separators, and the characters that switch the direction of writing.
 */
const UNSAFE = /[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu

/** Letters, marks and digits of any script, `_` and `-`, beginning with none that combines. */
const NICKNAME = /^[\p{L}\p{N}_][\p{L}\p{M}\p{N}_-]{0,19}$/u

/** The rule, for people. */
export const NICKNAME_RULE = 'A nickname is 1 to 20 letters, digits, _ or -.'

/** A line as it may be shown: tabs are spaces, nothing unsafe, no space around it. */
export function cleanText(line: string): string {
  return line.replace(/\t/g, ' ').replace(UNSAFE, '').trim()
}

/** The nickname that this text is, or null if it is none. */
export function asNickname(text: string): string | null {
  const nick = text.normalize('NFC')
  return NICKNAME.test(nick) ? nick : null
}

/** Two nicknames that look alike but for their case are one. */
export function foldNickname(nick: string): string {
  return nick.normalize('NFKC').toLowerCase()
}
