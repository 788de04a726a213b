/**
 * What the programs of the HTTP and WebSocket subjects have to agree on: paths, bodies, and what the client does.
 */

/** What servers are asked for, and what they have to answer. */
export const HELLO = 'Hello, world!'
export const TEXT = 'text/plain; charset=utf-8'
export const FILE = 'file.bin'
export const MIB = 1 << 20

/** What the client sends, and waits for, again and again. */
export type Exchange =
  /** Requests, `batch` of them in one piece; the next piece when all are answered. */
  | { readonly kind: 'http', readonly path: '/hello' | '/file.bin' | '/upload', readonly batch: number }
  /** One message, which comes back. */
  | Messages

export interface Messages {
  readonly kind: 'websocket'
  readonly type: 'text' | 'binary'
  readonly size: number
  /** Both ways; `plain` offers no compression, `browser` what browsers offer. */
  readonly compression: 'plain' | 'forgetting' | 'browser'
}

/** Bytes that all depend on their place, so that a lost or repeated one shows. */
export function pattern(size: number): Buffer {
  const message = Buffer.alloc(size)
  let seed = 12345
  for (let i = 0; i < size; i++) {
    seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff
    message[i] = seed >>> 16
  }
  return message
}

/** Text as programs exchange it: objects with names that come again and numbers that do not. ASCII. */
export function messageText(size: number): string {
  let text = ''
  for (let seed = 1; text.length < size;) {
    seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff
    text += `{"id":${seed % 99_991},"name":"sensor ${seed % 97}","value":${(seed >> 7) / 8}},`
  }
  return text.slice(0, size)
}

/** What an upload is answered with: looks at some bytes of the whole of it. */
export function uploadAnswer(body: Uint8Array): string {
  let sum = 0
  for (let i = 0; i < body.length; i += 4099) sum = (sum * 31 + body[i]) | 0
  return `${body.length}:${sum}`
}
