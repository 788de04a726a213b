/**
 * Frames to send, masks and UTF-8, over all builds.
 */
import { describe, expect, it } from 'vitest'
import { encodeFrame, isUTF8, maskBytes, UTF8Check, WebSocketOpcode } from '../../../src/core/index.js'
import { bytes, chars, everyCut } from './support/bytes.js'
import { BUILDS, coreOf } from './support/builds.js'
import { collectWebSocket, frame, isWholeUTF8, KEY, mayBecomeUTF8, utf8 } from './support/websocket.js'

describe.each(BUILDS)('WebSocket frames to send (%s)', (build) => {
  const core = coreOf(build)
  const whole = (frames: Uint8Array[]): string => frames.map(chars).join('')

  it('are those of RFC 6455, 5.7', () => {
    const hello = bytes('Hello')
    expect(whole(encodeFrame(core, 1, hello))).toBe('\x81\x05Hello')
    expect(whole(encodeFrame(core, 1, hello, { mask: bytes(KEY) })))
      .toBe('\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58')
    expect(whole(encodeFrame(core, 1, bytes('Hel'), { fin: false }))).toBe('\x01\x03Hel')
    expect(whole(encodeFrame(core, WebSocketOpcode.continuation, bytes('lo')))).toBe('\x80\x02lo')
    expect(whole(encodeFrame(core, WebSocketOpcode.ping, hello))).toBe('\x89\x05Hello')
    expect(whole(encodeFrame(core, 2, new Uint8Array(256))).slice(0, 4)).toBe('\x82\x7e\x01\x00')
    expect(whole(encodeFrame(core, 2, new Uint8Array(65_536))).slice(0, 10)).toBe('\x82\x7f\0\0\0\0\0\x01\0\0')
    expect(whole(encodeFrame(core, 2, hello, { rsv1: true }))).toBe('\xc2\x05Hello')
  })

  it('of any length are read as they were written', () => {
    for (const length of [0, 1, 125, 126, 127, 128, 129, 1000, 65_535, 65_536, 100_000]) {
      const payload = new Uint8Array(length).map((_, i) => i * 31)
      const before = payload.slice()
      for (const mask of [undefined, bytes(KEY)]) {
        const sent = encodeFrame(core, 2, payload, { mask })
        const key = mask === undefined ? '' : KEY
        expect(whole(sent) === frame({ opcode: 2, payload: chars(payload), key })).toBe(true)
        const { events } = collectWebSocket(core, sent, { role: mask === undefined ? 'client' : 'server' })
        expect(events.length === 1 && events[0] === `binary:${chars(payload)}`).toBe(true)
      }
      expect(Buffer.compare(payload, before)).toBe(0)
    }
  })

  it('long payloads without a mask are written as they are, not copied', () => {
    const payload = new Uint8Array(1000)
    expect(encodeFrame(core, 2, payload)[1]).toBe(payload)
  })

  it('a mask is four bytes', () => {
    expect(() => encodeFrame(core, 2, new Uint8Array(1), { mask: new Uint8Array(3) })).toThrow(TypeError)
  })

  it('masking twice undoes it, for any length and place', () => {
    for (const length of [...Array(150).keys(), 1000, 16_383, 16_384, 16_385, 65_537, 150_001]) {
      const data = new Uint8Array(length + 20).map((_, i) => i * 7)
      const from = length % 13
      const to = from + length
      const before = data.slice()
      maskBytes(core, data, bytes(KEY), from, to)
      let differs = 0
      for (let i = 0; i < data.length; i++) {
        const wanted = i < from || i >= to ? before[i]! : before[i]! ^ KEY.charCodeAt((i - from) % 4)
        if (data[i] !== wanted) differs++
      }
      expect(differs).toBe(0)
      maskBytes(core, data, bytes(KEY), from, to)
      expect(Buffer.compare(data, before)).toBe(0)
    }
  })
})

describe.each(BUILDS)('UTF-8 (%s)', (build) => {
  const core = coreOf(build)

  it('pairs of bytes of all kinds, alone and amid others', () => {
    const wrong: string[] = []
    for (let first = 0x60; first < 256; first++) {
      for (let second = 0; second < 256; second += second < 0x70 ? 0x30 : 1) {
        for (const rest of ['', '\x80', '\x80\x80']) {
          const part = String.fromCharCode(first, second) + rest
          const text = `\xc3\xa9${part}\xe4\xb8\xad\xf0\x9f\x98\x80 and so on.`
          if (isUTF8(core, bytes(text)) !== isWholeUTF8(part)) wrong.push(part)
        }
      }
    }
    expect(wrong).toEqual([])
  })

  it('in pieces is known as soon as it can be', () => {
    const text = utf8('aé中😀').repeat(6)
    for (const all of [text, `${text.slice(0, 40)}\xed\xa0${text}`, `${text}\xf4`]) {
      for (const chunks of everyCut(bytes(all))) {
        const check = new UTF8Check(core)
        let seen = ''
        for (const chunk of chunks) {
          seen += chars(chunk)
          if (check.write(chunk) !== mayBecomeUTF8(seen)) expect.fail(`wrong at ${seen.length}`)
        }
        expect(check.end()).toBe(isWholeUTF8(all))
        expect(check.end()).toBe(true)
      }
    }
  })

  it('longer than what crosses at once', () => {
    const text = bytes(utf8('中').repeat(50_000))
    expect(isUTF8(core, text)).toBe(true)
    expect(isUTF8(core, text.subarray(0, text.length - 1))).toBe(false)
    text[131_072] = 0xff
    expect(isUTF8(core, text)).toBe(false)
  })
})
