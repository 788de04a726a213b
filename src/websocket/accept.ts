/**
 * The proof that a server has read a request for a WebSocket: base64 of the SHA-1 of its key and a fixed text.
 *
 * SHA-1 is no secret here, and nothing rests on its strength; it is written out because no host is known in `src/`, and
 * what hosts have in common for it answers later, not now.
 * Owns: SHA-1, base64. Must not know: messages, connections. Source: RFC 6455, 4.2.2; RFC 3174, 6; RFC 4648, 4.
 */

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
/** Base64 of 16 bytes: the last of its 22 characters has four bits that must be zero. */
const KEY = /^[A-Za-z0-9+/]{21}[AQgw]==$/

/** What Sec-WebSocket-Accept has to say to this Sec-WebSocket-Key. */
export function acceptKey(key: string): string {
  return toBase64(sha1(ascii(key + GUID)))
}

/** Whether a Sec-WebSocket-Key is one: base64 of 16 bytes. */
export function isKey(key: string): boolean {
  return KEY.test(key)
}

function ascii(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length)
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at)
  return bytes
}

/** SHA-1, 20 bytes; RFC 3174, method 2. */
export function sha1(message: Uint8Array): Uint8Array {
  const blocks = (message.length + 72) >> 6
  const padded = new Uint8Array(blocks << 6)
  padded.set(message)
  padded[message.length] = 0x80
  const view = new DataView(padded.buffer)
  view.setUint32(padded.length - 8, Math.floor(message.length / 0x20000000))
  view.setUint32(padded.length - 4, message.length << 3)
  const words = new Int32Array(80)
  let [h0, h1, h2, h3, h4] = [0x67452301, 0xefcdab89 | 0, 0x98badcfe | 0, 0x10325476, 0xc3d2e1f0 | 0]
  for (let block = 0; block < padded.length; block += 64) {
    for (let t = 0; t < 16; t++) words[t] = view.getInt32(block + t * 4)
    for (let t = 16; t < 80; t++) {
      words[t] = rotate(words[t - 3]! ^ words[t - 8]! ^ words[t - 14]! ^ words[t - 16]!, 1)
    }
    let [a, b, c, d, e] = [h0, h1, h2, h3, h4]
    for (let t = 0; t < 80; t++) {
      const next = (rotate(a, 5) + mix(t, b, c, d) + e + words[t]!) | 0
      e = d
      d = c
      c = rotate(b, 30)
      b = a
      a = next
    }
    h0 = (h0 + a) | 0
    h1 = (h1 + b) | 0
    h2 = (h2 + c) | 0
    h3 = (h3 + d) | 0
    h4 = (h4 + e) | 0
  }
  const digest = new DataView(new ArrayBuffer(20))
  for (const [index, word] of [h0, h1, h2, h3, h4].entries()) digest.setInt32(index * 4, word)
  return new Uint8Array(digest.buffer)
}

/** The function and the constant of a round. */
function mix(t: number, b: number, c: number, d: number): number {
  if (t < 20) return ((b & c) | (~b & d)) + 0x5a827999
  if (t < 40) return (b ^ c ^ d) + 0x6ed9eba1
  if (t < 60) return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc
  return (b ^ c ^ d) + 0xca62c1d6
}

function rotate(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by))
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** Base64 with its padding. */
export function toBase64(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 3) {
    const [first, second = 0, third = 0] = bytes.subarray(at, at + 3)
    const word = first! << 16 | second << 8 | third
    text += ALPHABET[word >> 18]! + ALPHABET[word >> 12 & 63]! + ALPHABET[word >> 6 & 63]! + ALPHABET[word & 63]!
  }
  const over = bytes.length % 3
  return over === 0 ? text : text.slice(0, over - 3) + '='.repeat(3 - over)
}
