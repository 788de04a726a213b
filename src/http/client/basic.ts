/**
 * Credentials of the scheme Basic.
 *
 * Owns: one field's value. Must not know: who is shown it. Source: RFC 7617; RFC 4648, 4 (base64).
 */
import { defaultCore } from '../../core/default.js'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/**
 * `Basic …`, as Authorization and Proxy-Authorization have it.
 *
 * @throws TypeError for a colon in the username, or a control character: there is no room for them
 */
export function basicCredentials({ username, password }: { username: string, password: string }): string {
  if (username.includes(':') || /[\x00-\x1f\x7f]/.test(username + password)) {
    throw new TypeError('Basic authentication has no room for control characters, nor for a colon in the username')
  }
  return `Basic ${base64(defaultCore().text.encode(`${username}:${password}`))}`
}

function base64(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 3) {
    const [first, second = 0, third = 0] = bytes.subarray(at, at + 3)
    const word = first! << 16 | second << 8 | third
    text += ALPHABET[word >> 18]! + ALPHABET[word >> 12 & 63]! + ALPHABET[word >> 6 & 63]! + ALPHABET[word & 63]!
  }
  const over = bytes.length % 3
  return over === 0 ? text : text.slice(0, over - 3) + '='.repeat(3 - over)
}
