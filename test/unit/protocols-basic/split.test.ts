/**
 * Split-invariance: what a receiver hands out does not depend on how the bytes were cut, for streams with everything
 * in them, and with the beginning of a further frame behind.
 */
import { describe, expect, it } from 'vitest'
import { KINDS, Lines, bytes, connect, cuts, drop, frame } from './support.js'

const PAYLOADS = ['one', '', 'two\r', '\nthree', '5:abcde,', '\0\0\0\x01', 'x'.repeat(70), 'last']

/** A protocol that changes modes: `DATA n` is followed by n raw bytes. */
class Mixed extends Lines {
  #wanted = 0

  override lineReceived(line: string): void {
    this.got.push(line)
    if (!line.startsWith('DATA ')) return
    this.#wanted = Number(line.slice(5))
    this.got.push('raw ')
    if (this.#wanted > 0) this.setRawMode()
  }

  override rawDataReceived(data: Uint8Array): void {
    // Raw bytes may come in any pieces; what they say together is what counts.
    const mine = data.subarray(0, this.#wanted)
    this.#wanted -= mine.length
    this.got.push(this.got.pop() + Buffer.from(mine).toString('latin1'))
    if (this.#wanted === 0) this.setLineMode(data.subarray(mine.length))
  }
}

/** All bytes but the last of a frame: must change nothing of what came before. */
const TRAILING = 'trailing'

for (const { name, make, frame } of KINDS) {
  describe(name, () => {
    for (const trailing of [false, true]) {
      it(`gives the same for every cut${trailing ? ', with trailing bytes' : ''}`, () => {
        const end = trailing ? frame(TRAILING).slice(0, -1) : ''
        for (const parts of cuts(bytes(PAYLOADS.map(frame).join('') + end))) {
          const { protocol, transport } = connect(make())
          for (const part of parts) protocol.dataReceived(part)
          expect(protocol.got).toEqual(PAYLOADS)
          expect(transport.disconnecting).toBe(false)
          if (trailing) {
            protocol.dataReceived(bytes(frame(TRAILING).slice(-1)))
            expect(protocol.got.at(-1)).toBe(TRAILING)
          }
          drop(protocol)
        }
      })
    }

    it('gives the same when every event pauses and each resume comes later', () => {
      for (const parts of cuts(bytes(PAYLOADS.map(frame).join('')))) {
        const { protocol } = connect(make())
        for (let n = 0; n < PAYLOADS.length; n++) protocol.at[n] = () => protocol.pauseProducing()
        for (const part of parts) {
          protocol.dataReceived(part)
          if (part.length % 2 === 0) protocol.resumeProducing()
        }
        for (let n = 0; n <= PAYLOADS.length; n++) protocol.resumeProducing()
        expect(protocol.got).toEqual(PAYLOADS)
        drop(protocol)
      }
    })

    it('gives the first three for every cut when the third closes', () => {
      for (const parts of cuts(bytes(PAYLOADS.map(frame).join('')))) {
        const { protocol, transport } = connect(make())
        protocol.at[2] = () => transport.loseConnection()
        for (const part of parts) protocol.dataReceived(part)
        expect(protocol.got).toEqual(PAYLOADS.slice(0, 3))
        drop(protocol)
      }
    })

    it('hands out bytes that stay as they are when their chunk is long gone', () => {
      const kept: unknown[] = []
      const copies: unknown[] = []
      const { protocol } = connect(make())
      const keep = (data: Uint8Array | string): void => {
        kept.push(data)
        copies.push(typeof data === 'string' ? data : data.slice())
      }
      Object.assign(protocol, { lineReceived: keep, stringReceived: keep })
      for (const parts of [...cuts(bytes(PAYLOADS.map(frame).join('')))].slice(0, 20)) {
        for (const part of parts) protocol.dataReceived(part)
      }
      expect(kept).toEqual(copies)
      expect(kept).toHaveLength(20 * PAYLOADS.length)
      drop(protocol)
    })
  })
}

describe('LineReceiver that changes modes', () => {
  const stream = 'hello\r\nDATA 5\r\nab\r\ncDATA 0\r\nDATA 1\r\n\nDATA 12\r\nline\r\nline\r\nbye\r\ntrail'
  const events = [
    'hello', 'DATA 5', 'raw ab\r\nc', 'DATA 0', 'raw ', 'DATA 1', 'raw \n', 'DATA 12', 'raw line\r\nline\r\n', 'bye',
  ]

  it('gives the same for every cut', () => {
    for (const parts of cuts(bytes(stream))) {
      const { protocol } = connect(new Mixed())
      for (const part of parts) protocol.dataReceived(part)
      expect(protocol.got).toEqual(events)
      protocol.dataReceived(bytes('ing\r\n'))
      expect(protocol.got.at(-1)).toBe('trailing')
      drop(protocol)
    }
  })

  it('gives the same for every cut in three', () => {
    const data = bytes(stream)
    let compared = 0
    for (let first = 0; first <= data.length; first++) {
      for (let second = first; second <= data.length; second++) {
        const { protocol } = connect(new Mixed())
        const parts = [data.slice(0, first), data.slice(first, second), data.slice(second)]
        for (const part of parts) protocol.dataReceived(part)
        if (JSON.stringify(protocol.got) !== JSON.stringify(events)) expect(protocol.got).toEqual(events)
        compared++
        drop(protocol)
      }
    }
    expect(compared).toBe(((data.length + 1) * (data.length + 2)) / 2)
  })
})

describe('chunks larger than what is parsed at once', () => {
  it.each(KINDS.map(({ name, make, frame }) => ({ name, make, frame })))('$name', ({ make, frame }) => {
    const payloads = Array.from({ length: 6000 }, (_, i) => 'abcdefghijklmnopqrstuvwxyz'.repeat(5).slice(0, i % 97))
    const data = bytes(payloads.map(frame).join(''))
    for (const size of [data.length, 65535, 65536, 65537, 100000]) {
      const { protocol } = connect(make())
      protocol.at[100] = () => protocol.pauseProducing()
      for (let at = 0; at < data.length; at += size) protocol.dataReceived(data.slice(at, at + size))
      protocol.resumeProducing()
      expect(protocol.got.length).toBe(payloads.length)
      expect(protocol.got.every((payload, i) => payload === payloads[i])).toBe(true)
      drop(protocol)
    }
  })
})

it('the frames of two receivers may interleave in one turn', () => {
  const outer = connect(new Lines()).protocol
  const inner = connect(new Lines()).protocol
  outer.at[0] = () => inner.dataReceived(bytes('1\r\n2\r\n3'))
  outer.at[1] = () => inner.dataReceived(bytes('3\r\n'))
  inner.at[0] = () => outer.dataReceived(bytes(frame.lines('d')))
  outer.dataReceived(bytes('a\r\nb\r\nc\r\n'))
  expect([outer.got, inner.got]).toEqual([['a', 'b', 'c', 'd'], ['1', '2', '33']])
  drop(outer)
  drop(inner)
})
