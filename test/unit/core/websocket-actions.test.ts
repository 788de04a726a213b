/**
 * What a handler of the WebSocket parser may do in the middle of it, and whose the bytes are.
 */
import { afterAll, describe, expect, it } from 'vitest'
import { isUTF8, maskBytes } from '../../../src/core/index.js'
import type { WebSocketHandler } from '../../../src/core/index.js'
import { bytes, chars } from './support/bytes.js'
import { BUILDS, coreOf } from './support/builds.js'
import { frame, KEY } from './support/websocket.js'

const binary = (payload: string): string => frame({ opcode: 2, payload })

describe.each(BUILDS)('in the middle of WebSocket frames (%s)', (build) => {
  const core = coreOf(build)
  const parserWith = (handler: WebSocketHandler) => core.websocketParser({ role: 'server', handler })

  afterAll(() => expect(core.memoryUsage().parsers).toBe(0))

  it('messages are views of the chunk, which is unmasked in place; a client’s chunks stay as they are', () => {
    for (const count of [1, 2, 40]) {
      for (const payload of ['short', 'x'.repeat(300)]) {
        const got: Uint8Array[] = []
        const parser = parserWith({ binary: (data) => void got.push(data) })
        const chunk = bytes(binary(payload).repeat(count))
        parser.receive(chunk)
        expect(got.map(chars)).toEqual(Array(count).fill(payload))
        expect(got.every((data) => data.buffer === chunk.buffer)).toBe(true)
        parser.free()
      }
    }
    const text = frame({ opcode: 1, payload: 'hello', key: '' }).repeat(3)
    const chunk = bytes(text)
    const parser = core.websocketParser({ role: 'client' })
    parser.receive(chunk)
    parser.free()
    expect(chars(chunk)).toBe(text)
  })

  it('whatever a handler does with its bytes, the other messages are what they were', () => {
    for (const count of [2, 4, 5, 30]) {
      const got: string[] = []
      const parser = parserWith({
        binary: (data) => {
          got.push(chars(data))
          data.fill(0)
        },
      })
      parser.receive(bytes(Array.from({ length: count }, (_, i) => binary(`message ${i} ${'y'.repeat(200)}`)).join('')))
      expect(got).toEqual(Array.from({ length: count }, (_, i) => `message ${i} ${'y'.repeat(200)}`))
      parser.free()
    }
  })

  it('a handler may use the core for anything else: another parser, masks, UTF-8', () => {
    for (const count of [2, 3, 4, 5, 30]) {
      const got: string[] = []
      const kept: Uint8Array[] = []
      const other = parserWith({ binary: (data) => void got.push(`other ${chars(data)}`) })
      const lines = core.lineParser({ handler: { line: (line) => void got.push(line) } })
      const parser = parserWith({
        text: (text) => void got.push(text),
        binary: (data) => {
          kept.push(data)
          got.push(chars(data.subarray(0, 4)))
          const scratch = new Uint8Array(5000).fill(7)
          maskBytes(core, scratch, bytes(KEY))
          expect(isUTF8(core, bytes('a'.repeat(4000)))).toBe(true)
          other.receive(bytes(binary('o'.repeat(300))))
          lines.receive(bytes('a line\r\nanother\r\n'))
        },
      })
      const stream = Array.from({ length: count }, (_, i) =>
        `${binary(`no ${i}${'z'.repeat(150)}`)}${frame({ opcode: 1, payload: `text ${i}` })}`).join('')
      parser.receive(bytes(stream + binary('half of it').slice(0, 9)))
      parser.receive(bytes(binary('half of it').slice(9)))
      const each = (i: number): string[] =>
        [`no ${i}`.slice(0, 4), `other ${'o'.repeat(300)}`, 'a line', 'another', `text ${i}`]
      expect(got).toEqual([...Array.from({ length: count }, (_, i) => each(i)).flat(),
        'half', `other ${'o'.repeat(300)}`, 'a line', 'another'])
      const sent = Array.from({ length: count }, (_, i) => `no ${i}${'z'.repeat(150)}`)
      expect(kept.map(chars)).toEqual([...sent, 'half of it'])
      for (const each of [parser, other, lines]) each.free()
    }
  })

  it('two parsers take turns, each in the middle of a message', () => {
    const got: string[] = []
    const [one, two] = ['one', 'two'].map((name) =>
      parserWith({ binary: (data) => void got.push(`${name} ${chars(data)}`) }))
    const stream = frame({ opcode: 2, payload: 'a'.repeat(200), fin: false })
      + frame({ opcode: 0, payload: 'b'.repeat(200) })
    for (let at = 0; at < stream.length; at += 37) {
      one!.receive(bytes(stream.slice(at, at + 37)))
      two!.receive(bytes(stream.slice(at, at + 37)))
    }
    const whole = 'a'.repeat(200) + 'b'.repeat(200)
    expect(got).toEqual([`one ${whole}`, `two ${whole}`])
    one!.free()
    two!.free()
  })

  it('pausing holds back what is there, and other parsers do not harm it', () => {
    const got: string[] = []
    const parser = parserWith({
      binary: (data) => {
        got.push(chars(data))
        parser.pause()
      },
      ping: (data) => void got.push(`ping ${chars(data)}`),
    })
    parser.receive(bytes(binary('first') + frame({ opcode: 9, payload: 'p' }) + binary('second')))
    parser.receive(bytes(binary('third')))
    expect(got).toEqual(['first'])
    const other = parserWith({})
    other.receive(bytes(binary('something else altogether').repeat(20)))
    parser.resume()
    expect(got).toEqual(['first', 'ping p', 'second'])
    parser.resume()
    expect(got.slice(3)).toEqual(['third'])
    parser.free()
    other.free()
  })

  it('an error of a handler leaves receive, and the rest comes with the next call', () => {
    for (const payload of ['short', 'l'.repeat(500)]) {
      const got: string[] = []
      const parser = parserWith({
        binary: (data) => {
          got.push(chars(data))
          if (got.length % 2 === 1) throw new Error(`at ${got.length}`)
        },
      })
      expect(() => parser.receive(bytes(binary(payload)))).toThrow('at 1')
      parser.receive(bytes(binary('two')))
      expect(() => parser.receive(bytes(binary('three') + binary('four') + binary('five')))).toThrow('at 3')
      expect(() => parser.receive(bytes(binary('six')))).toThrow('at 5')
      parser.receive(new Uint8Array(0))
      expect(got).toEqual([payload, 'two', 'three', 'four', 'five', 'six'])
      parser.free()
    }
  })

  it('nothing is delivered once the parser is freed, and receive may be called from inside', () => {
    const got: string[] = []
    const parser = parserWith({
      binary: (data) => {
        got.push(chars(data))
        if (got.length === 1) parser.receive(bytes(binary('from inside')))
        else if (got.length === 3) parser.free()
      },
    })
    parser.receive(bytes(binary('a') + binary('b')))
    expect(got).toEqual(['a', 'b', 'from inside'])
    parser.receive(bytes(binary('late')))
    expect(got.length).toBe(3)
  })
})
