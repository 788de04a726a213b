/**
 * Base64 (RFC 4648 section 4) to bytes, for the module that is inlined in the package.
 *
 * Owns: one function that works where neither `atob` nor `Buffer` exist.
 */

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** Decodes base64 that is known to be well-formed. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const values = new Uint8Array(128)
  for (let i = 0; i < 64; i++) values[ALPHABET.charCodeAt(i)] = i
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0
  const bytes = new Uint8Array((text.length / 4) * 3 - padding)
  let at = 0
  for (let i = 0; i < text.length; i += 4) {
    const word =
      (values[text.charCodeAt(i)] << 18) |
      (values[text.charCodeAt(i + 1)] << 12) |
      (values[text.charCodeAt(i + 2)] << 6) |
      values[text.charCodeAt(i + 3)]
    bytes[at++] = word >> 16
    if (at < bytes.length) bytes[at++] = (word >> 8) & 0xff
    if (at < bytes.length) bytes[at++] = word & 0xff
  }
  return bytes
}
