/**
 * WebSocket for tests: frames as strings with one character for each byte, what a parser of the façade makes of
 * chunks, and what it must make of them, said a second time and as simply as can be.
 *
 * Events are strings: `text:…`, `binary:…`, `compressed text:…`, `ping:…`, `pong:…`, `close:1000:…`, `bad:1002`.
 */
import type { Core, WebSocketParserOptions } from '../../../../src/core/index.js'
import { chars } from './bytes.js'
import type { Collected } from './collect.js'

export interface FrameShape {
  opcode: number
  payload?: string
  fin?: boolean
  /** The bits RSV1 (4), RSV2 (2), RSV3 (1). */
  reserved?: number
  /** Four characters; none when empty. */
  key?: string
  /** Bytes of the extended length: the least that will do, unless given. */
  lengthBytes?: 0 | 2 | 8
  /** The length that the header says; the payload's, unless given. */
  length?: number
}

export const KEY = '\x37\xfa\x21\x3d'

/** Any frame, right or wrong, as a client sends it unless `key` is empty. */
export function frame(shape: FrameShape): string {
  const { opcode, payload = '', fin = true, reserved = 0, key = KEY, length = payload.length } = shape
  const wide = shape.lengthBytes ?? (length < 126 ? 0 : length < 65536 ? 2 : 8)
  let head = String.fromCharCode((fin ? 0x80 : 0) | (reserved << 4) | opcode)
  head += String.fromCharCode((key === '' ? 0 : 0x80) | (wide === 0 ? length : wide === 2 ? 126 : 127))
  for (let i = wide - 1; i >= 0; i--) head += String.fromCharCode(Math.floor(length / 256 ** i) % 256)
  return head + key + masked(payload, key)
}

function masked(payload: string, key: string): string {
  if (key === '') return payload
  let all = ''
  for (let i = 0; i < payload.length; i++) all += String.fromCharCode(payload.charCodeAt(i) ^ key.charCodeAt(i % 4))
  return all
}

/** The UTF-8 of a string, one character for each byte. */
export function utf8(text: string): string {
  return chars(new TextEncoder().encode(text))
}

/** A close frame's payload. */
export function closing(code: number, reason = ''): string {
  return String.fromCharCode(code >> 8, code & 255) + reason
}

type Options = Omit<WebSocketParserOptions, 'handler'>

/** What a parser makes of chunks, which are copied. */
export function collectWebSocket(core: Core, chunks: Iterable<Uint8Array>, options: Options): Collected {
  const events: string[] = []
  const parser = core.websocketParser({
    ...options,
    handler: {
      text: (text) => void events.push(`text:${utf8(text)}`),
      binary: (data) => void events.push(`binary:${chars(data)}`),
      compressed: (kind, data) => void events.push(`compressed ${kind}:${chars(data)}`),
      ping: (data) => void events.push(`ping:${chars(data)}`),
      pong: (data) => void events.push(`pong:${chars(data)}`),
      close: (code, reason) => void events.push(`close:${code}:${utf8(reason)}`),
      bad: (error) => void events.push(`bad:${error.closeCode}`),
    },
  })
  for (const chunk of chunks) parser.receive(chunk.slice())
  const end = parser.end()
  parser.free()
  return { events, end }
}

const T = '[\\x80-\\xbf]'
const POINTS = `(?:[\\x00-\\x7f]|[\\xc2-\\xdf]${T}`
  + `|\\xe0[\\xa0-\\xbf]${T}|[\\xe1-\\xec\\xee\\xef]${T}${T}|\\xed[\\x80-\\x9f]${T}`
  + `|\\xf0[\\x90-\\xbf]${T}${T}|[\\xf1-\\xf3]${T}${T}${T}|\\xf4[\\x80-\\x8f]${T}${T})*`
const PART = `(?:[\\xc2-\\xdf]|\\xe0[\\xa0-\\xbf]?|[\\xe1-\\xec\\xee\\xef]${T}?|\\xed[\\x80-\\x9f]?`
  + `|\\xf0(?:[\\x90-\\xbf]${T}?)?|[\\xf1-\\xf3](?:${T}${T}?)?|\\xf4(?:[\\x80-\\x8f]${T}?)?)?`
const WHOLE_UTF8 = new RegExp(`^${POINTS}$`)
const BEGUN_UTF8 = new RegExp(`^${POINTS}${PART}$`)

/** Whether these are the bytes of whole code points. */
export function isWholeUTF8(text: string): boolean {
  return WHOLE_UTF8.test(text)
}

/** Whether something could follow that makes them UTF-8. */
export function mayBecomeUTF8(text: string): boolean {
  return BEGUN_UTF8.test(text)
}

const MAY_BE_SENT = new Set([1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014])

/** What must come out of a stream, and how it ends. */
export function referenceWebSocket(stream: string, options: Options): Collected {
  const { role, maxMessage = 2 ** 20, maxFragments = 16384, allowCompressed = false } = options
  const events: string[] = []
  const bad = (code: number): Collected => ({ events: [...events, `bad:${code}`], end: 'failed' })
  let message: { kind: string; data: string; fragments: number; compressed: boolean } | null = null
  for (let at = 0; at < stream.length;) {
    const inside: Collected = { events, end: 'inside-frame' }
    const first = stream.charCodeAt(at)
    const opcode = first % 16
    const fin = first >= 128
    const rsv1 = (first & 0x40) !== 0
    const isControl = opcode >= 8
    if ((first & 0x30) !== 0 || (rsv1 && (!allowCompressed || opcode === 0 || isControl))) return bad(1002)
    if (![0, 1, 2, 8, 9, 10].includes(opcode) || (isControl && !fin)) return bad(1002)
    if (!isControl && (opcode === 0) !== (message !== null)) return bad(1002)
    if (opcode === 0 && message!.fragments >= maxFragments) return bad(1008)
    if (at + 1 >= stream.length) return inside
    const second = stream.charCodeAt(at + 1)
    if ((second >= 128) !== (role === 'server')) return bad(1002)
    const short = second % 128
    if (isControl && (short > 125 || (opcode === 8 && short === 1))) return bad(1002)
    const had = opcode === 0 ? message!.data.length : 0
    const wide = short < 126 ? 0 : short === 126 ? 2 : 8
    const digits = stream.slice(at + 2, at + 2 + wide)
    // As far as it is there: is it too much already?
    let length = wide === 0 ? short : 0
    for (let i = 0; i < digits.length; i++) {
      const byte = digits.charCodeAt(i)
      if (i === 0 && wide === 8 && byte >= 128) return bad(1002)
      if (wide === 8 && i < 4 && byte > 0) return bad(1009)
      length = length * 256 + byte
    }
    if (digits.length < wide) return inside
    if ((wide === 2 && length < 126) || (wide === 8 && length < 65536)) return bad(1002)
    if (!isControl && had + length > maxMessage) return bad(1009)
    const from = at + 2 + wide + (role === 'server' ? 4 : 0)
    if (from > stream.length) return inside
    const payload = masked(stream.slice(from, from + length), role === 'server' ? stream.slice(from - 4, from) : '')
    const isWhole = payload.length === length
    if (isControl) {
      if (!isWhole) return inside
      if (opcode !== 8) events.push(`${opcode === 9 ? 'ping' : 'pong'}:${payload}`)
      else {
        if (payload === '') return { events: [...events, 'close:1005:'], end: 'clean' }
        const code = payload.charCodeAt(0) * 256 + payload.charCodeAt(1)
        if (!MAY_BE_SENT.has(code) && !(code >= 3000 && code <= 4999)) return bad(1002)
        if (!isWholeUTF8(payload.slice(2))) return bad(1007)
        return { events: [...events, `close:${code}:${payload.slice(2)}`], end: 'clean' }
      }
    } else {
      message ??= { kind: opcode === 1 ? 'text' : 'binary', data: '', fragments: 0, compressed: rsv1 }
      message.data += payload
      message.fragments++
      const isText = message.kind === 'text' && !message.compressed
      const isOver = isWhole && fin
      if (isText && !(isOver ? isWholeUTF8(message.data) : mayBecomeUTF8(message.data))) return bad(1007)
      if (!isWhole) return inside
      if (isOver) {
        events.push(`${message.compressed ? 'compressed ' : ''}${message.kind}:${message.data}`)
        message = null
      }
    }
    at = from + length
  }
  return { events, end: message === null ? 'clean' : 'inside-frame' }
}

