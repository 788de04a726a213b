import { describe, expect, it } from 'vitest'
import { NetstringParseError, StringTooLongError } from '../../../src/errors/index.js'
import type { FramedProtocol } from '../../../src/protocols/index.js'
import {
  Int16Strings, Int32Strings, Int8Strings, Netstrings, bytes, connect, cuts, drop, frame, prefix,
} from './support.js'

describe('NetstringReceiver', () => {
  it('B17 takes netstrings at every chunk size, also empty and nested ones', () => {
    const inner = '5:hello,0:,'
    const stream = `5:hello,0:,${frame.netstrings(inner)}12:with,comma:s,10:0123456789,`
    for (const parts of cuts(bytes(stream))) {
      const { protocol } = connect(new Netstrings())
      for (const part of parts) protocol.dataReceived(part)
      expect(protocol.got).toEqual(['hello', '', inner, 'with,comma:s', '0123456789'])
      drop(protocol)
    }
  })

  it('B17 sendString writes 3:abc, and counts bytes, not characters', () => {
    const { protocol, transport } = connect(new Netstrings())
    protocol.sendString('abc')
    protocol.sendString('')
    protocol.sendString('é')
    protocol.sendString(Uint8Array.of(0, 255))
    expect(transport.value()).toEqual(bytes('3:abc,0:,2:\xc3\xa9,2:\x00\xff,'))
  })

  const MALFORMED: [string, RegExp][] = [
    [':aaa,', /no length/], ['3aaa,', /no digit/], ['aaa,', /no digit/], ['01:a,', /leading zero/],
    ['00:,', /leading zero/],
    ['-1:a,', /no digit/], [' 1:a,', /no digit/], ['1 :a,', /no digit/], ['2:aaa,', /no comma/], ['0:a,', /no comma/],
    ['4:abcde', /no comma/], ['1.5:a,', /no digit/], ['+1:a,', /no digit/], ['0x1:a,', /no digit/],
  ]
  for (const [bad, reason] of MALFORMED) {
    it(`B18 closes at ${JSON.stringify(bad)}, and delivers nothing`, () => {
      for (const parts of cuts(bytes(`${bad}1:z,`))) {
        const { protocol, transport } = connect(new Netstrings())
        for (const part of parts) protocol.dataReceived(part)
        expect(protocol.got).toEqual([])
        expect(transport.disconnecting).toBe(true)
        expect(protocol.errors).toHaveLength(1)
        expect(protocol.errors[0]).toBeInstanceOf(NetstringParseError)
        expect(protocol.errors[0]).toMatchObject({ code: 'ERR_NETSTRING_PARSE', fault: 'remote' })
        expect(protocol.errors[0].message).toMatch(reason)
        drop(protocol)
      }
    })
  }

  it('B19 with maxLength 5: 5 waits, 6 alone closes', () => {
    const { protocol, transport } = connect(new Netstrings())
    protocol.maxLength = 5
    protocol.dataReceived(bytes('5'))
    expect(transport.disconnecting).toBe(false)
    protocol.dataReceived(bytes(':12345,6'))
    expect([protocol.got, transport.disconnecting]).toEqual([['12345'], true])
    drop(protocol)
  })

  it('B19 with maxLength 5: 12 closes at its second digit, 30 digits close, whatever the cut', () => {
    for (const digits of ['12', '1'.repeat(30), '9'.repeat(30)]) {
      for (const parts of cuts(bytes(digits))) {
        const { protocol, transport } = connect(new Netstrings())
        protocol.maxLength = 5
        for (const part of parts) protocol.dataReceived(part)
        expect([protocol.errors.length, transport.disconnecting]).toEqual([1, true])
        drop(protocol)
      }
    }
    const { protocol, transport } = connect(new Netstrings())
    protocol.maxLength = Infinity
    protocol.dataReceived(bytes('4'.repeat(30)))
    expect([protocol.errors.length, transport.disconnecting]).toEqual([1, true])
    drop(protocol)
  })

  it('B20 delivers the good ones before a bad one, and nothing after', () => {
    for (const parts of cuts(bytes('1:a,2:bb,x3:ccc,1:d,'))) {
      const { protocol, transport } = connect(new Netstrings())
      for (const part of parts) protocol.dataReceived(part)
      protocol.dataReceived(bytes('1:e,'))
      expect([protocol.got, transport.disconnecting]).toEqual([['a', 'bb'], true])
      drop(protocol)
    }
  })

  it('B20 delivers nothing after a bad one even when the protocol does not close', () => {
    class Patient extends Netstrings {
      override handleParseError(): void { this.maxLength = 7 }
    }
    const { protocol, transport } = connect(new Patient())
    protocol.dataReceived(bytes('1:a,?1:b,'))
    protocol.dataReceived(bytes('1:c,'))
    expect([protocol.got, transport.disconnecting]).toEqual([['a'], false])
    drop(protocol)
  })
})

const PREFIXED = [
  { name: 'Int8StringReceiver', make: () => new Int8Strings(), width: 1 },
  { name: 'Int16StringReceiver', make: () => new Int16Strings(), width: 2 },
  { name: 'Int32StringReceiver', make: () => new Int32Strings(), width: 4 },
] as const

for (const { name, make, width } of PREFIXED) {
  const framed = (payload: string): string => prefix(width, payload.length) + payload

  describe(name, () => {
    it('B21 takes big-endian unsigned lengths at every chunk size', () => {
      const payloads = ['', 'a', '\0\0\0\x05', 'x'.repeat(width === 1 ? 200 : 259)]
      for (const parts of cuts(bytes(payloads.map(framed).join('')))) {
        const { protocol } = connect(make())
        for (const part of parts) protocol.dataReceived(part)
        expect(protocol.got).toEqual(payloads)
        drop(protocol)
      }
    })

    it('B21 takes the longest length that the prefix or the limit allows', () => {
      const length = Math.min(2 ** (8 * width) - 1, 99999)
      const { protocol, transport } = connect(make())
      protocol.dataReceived(bytes(framed('y'.repeat(length)) + framed('z')))
      expect(protocol.got.map((payload) => payload.length)).toEqual([length, 1])
      expect(transport.disconnecting).toBe(false)
      drop(protocol)
    })

    it('B22 a prefix over the limit is told as soon as it is complete, and closes', () => {
      const { protocol, transport } = connect(make())
      protocol.maxLength = 5
      protocol.dataReceived(bytes(framed('12345')))
      const head = prefix(width, 6)
      for (const byte of head.slice(0, -1)) protocol.dataReceived(bytes(byte))
      expect(protocol.over).toEqual([])
      protocol.dataReceived(bytes(head.slice(-1)))
      expect([protocol.got, protocol.over, transport.disconnecting]).toEqual([['12345'], [6], true])
      protocol.dataReceived(bytes('123456' + framed('a')))
      expect([protocol.got, protocol.over]).toEqual([['12345'], [6]])
      drop(protocol)
    })

    it('B22 reads the largest prefix as unsigned', () => {
      const largest = 2 ** (8 * width) - 1
      for (const parts of cuts(bytes(prefix(width, largest)))) {
        const { protocol } = connect(make())
        protocol.maxLength = 3
        for (const part of parts) protocol.dataReceived(part)
        expect(protocol.over).toEqual([largest])
        drop(protocol)
      }
    })

    it('B22 delivers nothing after it even when the protocol does not close', () => {
      class Patient extends (make().constructor as typeof Int32Strings) {
        override lengthLimitExceeded(length: number): void {
          this.over.push(length)
          this.maxLength = 100
          throw new Error('not mine')
        }
      }
      const { protocol } = connect(new Patient())
      protocol.maxLength = 1
      expect(() => protocol.dataReceived(bytes(framed('22') + framed('1')))).toThrow('not mine')
      protocol.dataReceived(bytes(framed('1')))
      expect([protocol.got, protocol.over]).toEqual([[], [2]])
      drop(protocol)
    })

    it('B23 sendString of more than the prefix can say throws and writes nothing', () => {
      const { protocol, transport } = connect(make())
      // Only the length is asked for before it is refused: nobody needs 4 GiB to test that.
      const length = 2 ** (8 * width)
      const tooLong = width === 4 ? ({ length } as Uint8Array) : new Uint8Array(length)
      expect(() => protocol.sendString(tooLong)).toThrow(StringTooLongError)
      expect(transport.value()).toHaveLength(0)
    })

    it('B23 sendString of the longest is what the other end takes', () => {
      const { protocol, transport } = connect(make())
      const payload = 'p'.repeat(Math.min(2 ** (8 * width) - 1, 70000))
      protocol.sendString(payload)
      protocol.sendString('é')
      const other = connect(make()).protocol
      other.dataReceived(transport.value())
      expect(other.got).toEqual([payload, '\xc3\xa9'])
      drop(other)
    })
  })
}

it('B22 0xFFFFFFFF is 4294967295, also when the limit is as high as it goes', () => {
  const { protocol, transport } = connect(new Int32Strings())
  protocol.maxLength = Infinity
  protocol.dataReceived(bytes('\xff\xff\xff\xff'))
  expect([protocol.over, transport.disconnecting]).toEqual([[4294967295], true])
  drop(protocol as FramedProtocol)
})
