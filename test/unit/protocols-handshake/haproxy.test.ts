import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Failure } from '../../../src/defer/index.js'
import { ConnectionDone, ProxyProtocolError } from '../../../src/errors/index.js'
import type { IAddress } from '../../../src/interfaces/index.js'
import { logPublisher } from '../../../src/logger/index.js'
import type { LogEvent } from '../../../src/logger/index.js'
import { Factory } from '../../../src/protocols/factory.js'
import { crc32c } from '../../../src/protocols/haproxy-crc32c.js'
import { writeVersion1 } from '../../../src/protocols/haproxy-v1.js'
import { SIGNATURE, writeVersion2 } from '../../../src/protocols/haproxy-v2.js'
import {
  HAProxyWrappingFactory, PP2_TYPE, proxyHeaderOf, readProxyHeader,
} from '../../../src/protocols/haproxy.js'
import type { HAProxyOptions, ProxyHeader } from '../../../src/protocols/haproxy.js'
import { LimitTotalConnectionsFactory, ProtocolWrapper } from '../../../src/protocols/policies/index.js'
import { Clock } from '../../../src/reactor/clock.js'
import { StringTransport } from '../../../src/testing/string-transport.js'
import { cutAt, cuts, join, latin1, Recorder, text } from './support.js'

const tcp4 = (host: string, port: number): IAddress => ({ family: 'IPv4', type: 'TCP', host, port })
const tcp6 = (host: string, port: number): IAddress => ({ family: 'IPv6', type: 'TCP', host, port })
const unix = (path: string | null): IAddress => ({ family: 'UNIX', type: 'UNIX', path })

const FROM = tcp4('192.0.2.77', 51_234)
const TO = tcp4('198.51.100.3', 443)

/** A version 2 header by its parts. */
function binary(command: number, carrier: number, body: readonly number[] | Uint8Array): Uint8Array {
  return join(SIGNATURE, Uint8Array.of(command, carrier, body.length >> 8, body.length & 0xff), Uint8Array.from(body))
}

const field = (type: number, value: readonly number[] | Uint8Array): number[] =>
  [type, value.length >> 8, value.length & 0xff, ...value]

function headerOf(bytes: Uint8Array): ProxyHeader {
  const read = readProxyHeader(bytes)
  expect(read?.length).toBe(bytes.length)
  return read!.header
}

function errorOf(bytes: Uint8Array, limit?: number): string {
  try {
    readProxyHeader(bytes, limit)
  } catch (error) {
    expect(error).toBeInstanceOf(ProxyProtocolError)
    return (error as Error).message
  }
  return 'none'
}

describe('PROXY version 1', () => {
  it.each([
    ['PROXY TCP4 192.0.2.77 198.51.100.3 51234 443\r\n', FROM, TO],
    ['PROXY TCP4 0.0.0.0 255.255.255.255 0 65535\r\n', tcp4('0.0.0.0', 0), tcp4('255.255.255.255', 65_535)],
    ['PROXY TCP6 2001:db8::1 ::1 1 2\r\n', tcp6('2001:db8::1', 1), tcp6('::1', 2)],
    ['PROXY TCP6 2001:0DB8:0:0:0:0:0:1 ::ffff:192.0.2.1 1 2\r\n', tcp6('2001:db8::1', 1), tcp6('::ffff:192.0.2.1', 2)],
    [`PROXY TCP6 ${'ffff:'.repeat(7)}ffff ${'ffff:'.repeat(7)}ffff 65535 65535\r\n`,
      tcp6(`${'ffff:'.repeat(7)}ffff`, 65_535), tcp6(`${'ffff:'.repeat(7)}ffff`, 65_535)],
  ])('reads %j', (line, source, destination) => {
    expect(headerOf(latin1(line))).toMatchObject({ version: 1, command: 'PROXY', source, destination, tlvs: [] })
  })

  it.each(['PROXY UNKNOWN\r\n', 'PROXY UNKNOWN ffff:f...f:ffff ffff 65535 65535\r\n', 'PROXY UNKNOWN \r\n',
    `PROXY UNKNOWN ${'x'.repeat(91)}\r\n`])('%j says nothing of addresses', (line) => {
    expect(headerOf(latin1(line))).toMatchObject({ version: 1, source: null, destination: null })
  })

  it.each([
    'PROXY \r\n', 'PROXY TCP4\r\n', 'PROXY UNKNOWNS\r\n', 'PROXY unknown\r\n', 'proxy UNKNOWN\r\n',
    'PROXY TCP5 1.1.1.1 2.2.2.2 1 2\r\n', 'PROXY TCP4 1.1.1.1 2.2.2.2 1\r\n', 'PROXY TCP4 1.1.1.1 2.2.2.2 1 2 \r\n',
    'PROXY TCP4 1.1.1.1 2.2.2.2 1 2 3\r\n', 'PROXY  TCP4 1.1.1.1 2.2.2.2 1 2\r\n',
    'PROXY TCP4  1.1.1.1 2.2.2.2 1 2\r\n', 'PROXY TCP4 1.1.1.1 2.2.2.2 65536 2\r\n',
    'PROXY TCP4 1.1.1.1 2.2.2.2 01 2\r\n', 'PROXY TCP4 1.1.1.1 2.2.2.2 -1 2\r\n', 'PROXY TCP4 1.1.1.1 2.2.2.2 1 2\n',
    'PROXY TCP4 1.1.1 2.2.2.2 1 2\r\n', 'PROXY TCP4 1.1.1.256 2.2.2.2 1 2\r\n', 'PROXY TCP4 01.1.1.1 2.2.2.2 1 2\r\n',
    'PROXY TCP4 ::1 ::1 1 2\r\n', 'PROXY TCP6 1.1.1.1 2.2.2.2 1 2\r\n', 'PROXY TCP6 1::2::3 ::1 1 2\r\n',
    'PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n', 'PROXY TCP6 12345::1 ::1 1 2\r\n', 'PROXY TCP6 1:2:3:4:5:6:7 ::1 1 2\r\n',
    'PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\r\n', 'PROXY TCP4 example.com 2.2.2.2 1 2\r\n', 'PROXY\tTCP4 1.1.1.1 2.2.2.2 1 2\r\n',
    'GET / HTTP/1.1\r\n\r\n', '\n', 'PROXZ', 'Q', '\0',
  ])('refuses %j', (line) => {
    expect(errorOf(latin1(line))).not.toBe('none')
  })

  it('waits for the end of the line, up to 107 bytes', () => {
    expect(readProxyHeader(new Uint8Array(0))).toBeNull()
    expect(readProxyHeader(latin1(`PROXY UNKNOWN ${'x'.repeat(92)}`))).toBeNull()
    expect(headerOf(latin1(`PROXY UNKNOWN ${'x'.repeat(91)}\r\n`)).version).toBe(1)
    expect(errorOf(latin1(`PROXY UNKNOWN ${'x'.repeat(93)}`))).toContain('107')
    expect(errorOf(latin1(`PROXY UNKNOWN ${'x'.repeat(92)}\r\n`))).toContain('107')
  })

  it('writes what it reads', () => {
    const six = tcp6('2001:db8::1', 80)
    expect(text(writeVersion1(FROM, TO))).toBe('PROXY TCP4 192.0.2.77 198.51.100.3 51234 443\r\n')
    expect(text(writeVersion1(six, six))).toBe('PROXY TCP6 2001:db8::1 2001:db8::1 80 80\r\n')
    expect(text(writeVersion1(FROM, six))).toBe('PROXY TCP6 ::ffff:192.0.2.77 2001:db8::1 51234 80\r\n')
    expect(text(writeVersion1(tcp6('fe80::1%eth0', 1), six))).toBe('PROXY TCP6 fe80::1 2001:db8::1 1 80\r\n')
    for (const other of [unix('/s'), { family: 'hostname', type: 'TCP', host: 'h', port: 1 } as IAddress]) {
      expect(text(writeVersion1(other, TO))).toBe('PROXY UNKNOWN\r\n')
    }
  })
})

describe('PROXY version 2', () => {
  it('reads the addresses of every family', () => {
    const four = [192, 0, 2, 77, 198, 51, 100, 3, 0xc8, 0x22, 1, 187]
    expect(headerOf(binary(0x21, 0x11, four))).toMatchObject({ version: 2, command: 'PROXY', source: FROM, destination: TO })
    expect(headerOf(binary(0x21, 0x12, four)).source).toEqual({ ...FROM, type: 'UDP' })
    const six = [...new Array<number>(15).fill(0), 1, 0x20, 1, 0xd, 0xb8, ...new Array<number>(11).fill(0), 5, 0, 80, 1, 0]
    expect(headerOf(binary(0x21, 0x21, six)))
      .toMatchObject({ source: tcp6('::1', 80), destination: tcp6('2001:db8::5', 256) })
    const path = (name: string): number[] => [...latin1(name), ...new Array<number>(108 - name.length).fill(0)]
    expect(headerOf(binary(0x21, 0x31, [...path('/run/a'), ...path('')])))
      .toMatchObject({ source: unix('/run/a'), destination: unix(null) })
    expect(headerOf(binary(0x21, 0x31, [...path('\0abstract'), ...path('x'.repeat(108))])))
      .toMatchObject({ source: unix('\0abstract'), destination: unix('x'.repeat(108)) })
  })

  it('LOCAL and unknown families have no addresses, whatever follows', () => {
    for (const [command, carrier, body] of [[0x20, 0, []], [0x20, 0x11, [1, 2, 3]], [0x21, 0, []], [0x21, 0, [1, 2]],
      [0x20, 0x21, []]] as const) {
      expect(headerOf(binary(command, carrier, body)))
        .toMatchObject({ command: command === 0x20 ? 'LOCAL' : 'PROXY', source: null, destination: null, tlvs: [] })
    }
    expect(headerOf(binary(0x21, 0, field(PP2_TYPE.ALPN, latin1('h2')))).alpn).toBe('h2')
  })

  it('reads what else the proxy says', () => {
    const ssl = [0x07, 0, 0, 0, 0, ...field(PP2_TYPE.SSL_VERSION, latin1('TLSv1.3')), ...field(PP2_TYPE.SSL_CN, latin1('me')),
      ...field(PP2_TYPE.SSL_CIPHER, latin1('AES'))]
    const header = headerOf(writeVersion2(FROM, TO, {
      tlvs: [
        { type: PP2_TYPE.ALPN, value: latin1('http/1.1') }, { type: PP2_TYPE.AUTHORITY, value: latin1('example.com') },
        { type: PP2_TYPE.UNIQUE_ID, value: Uint8Array.of(1, 2) }, { type: PP2_TYPE.NOOP, value: new Uint8Array(5) },
        { type: PP2_TYPE.NETNS, value: latin1('blue') }, { type: PP2_TYPE.SSL, value: Uint8Array.from(ssl) },
        { type: 0xe1, value: Uint8Array.of(9) },
      ],
    }))
    expect(header).toMatchObject({
      source: FROM, destination: TO, alpn: 'http/1.1', authority: 'example.com', uniqueId: Uint8Array.of(1, 2),
      namespace: 'blue',
      ssl: { tls: true, certificateOnConnection: true, certificateOnSession: true, verified: true, version: 'TLSv1.3',
        commonName: 'me', cipher: 'AES' },
    })
    expect(header.tlvs.map((tlv) => tlv.type)).toEqual([1, 2, 5, 4, 0x30, 0x20, 0xe1])
  })

  it.each([
    [[1, 0, 0, 0, 0], { tls: true, certificateOnConnection: false, verified: false, version: null }],
    [[1, 0, 0, 0, 1], { verified: false }],
    [[3, 0, 0, 0, 1], { certificateOnConnection: true, verified: false }],
    [[0, 0, 0, 0, 0], { tls: false }],
  ])('a certificate counts only if there is one: %j', (bytes, expected) => {
    const tlvs = [{ type: PP2_TYPE.SSL, value: Uint8Array.from(bytes) }]
    expect(headerOf(writeVersion2(FROM, TO, { tlvs })).ssl).toMatchObject(expected)
  })

  it('checks the checksum', () => {
    expect(crc32c(latin1('123456789'))).toBe(0xe3069283)
    expect(crc32c(latin1('1234'), latin1('56789'))).toBe(0xe3069283)
    const good = writeVersion2(FROM, TO, { checksum: true, tlvs: [{ type: PP2_TYPE.ALPN, value: latin1('h2') }] })
    expect(headerOf(good).alpn).toBe('h2')
    for (let at = 16; at < good.length; at++) {
      // With another type it is no checksum any more.
      if (at === good.length - 7) continue
      const bad = good.slice()
      bad[at]! ^= 1
      expect(errorOf(bad)).not.toBe('none')
    }
    expect(errorOf(binary(0x21, 0x00, field(PP2_TYPE.CRC32C, [0, 0, 0])))).toContain('4 bytes')
  })

  it.each([
    ['a version other than 2', binary(0x11, 0x11, new Uint8Array(12))],
    ['an unknown command', binary(0x22, 0x11, new Uint8Array(12))],
    ['an unknown family', binary(0x21, 0x41, new Uint8Array(12))],
    ['an unknown carrier', binary(0x21, 0x13, new Uint8Array(12))],
    ['too few bytes for its addresses', binary(0x21, 0x11, new Uint8Array(11))],
    ['half a field', binary(0x21, 0x11, [...new Uint8Array(12), 1, 0])],
    ['a field longer than the header', binary(0x21, 0x11, [...new Uint8Array(12), 1, 0, 5, 0])],
    ['a TLS field without its flags', binary(0x21, 0x11, [...new Uint8Array(12), ...field(0x20, [1, 2, 3, 4])])],
    ['half a field inside of the TLS field',
      binary(0x21, 0x11, [...new Uint8Array(12), ...field(0x20, [1, 0, 0, 0, 0, 0x21, 0, 9])])],
    ['a byte of the signature wrong', join(SIGNATURE.slice(0, 11), Uint8Array.of(0x0b))],
    ['another start', Uint8Array.of(0x0d, 0x0a, 0x0d, 0x0b)],
  ])('refuses %s', (_what, bytes) => {
    expect(errorOf(bytes)).not.toBe('none')
  })

  it('refuses a header over the limit from its first 16 bytes', () => {
    const long = binary(0x21, 0x11, new Uint8Array(12))
    long[14] = 0x40
    expect(errorOf(long.slice(0, 16))).toContain('16384')
    expect(errorOf(binary(0x21, 0x11, new Uint8Array(12)), 27)).toContain('27')
    expect(() => writeVersion2(FROM, TO, { tlvs: [{ type: 1, value: new Uint8Array(65_530) }] })).toThrow(RangeError)
  })

  it('keeps nothing of the array it was read from', () => {
    const bytes = writeVersion2(FROM, TO, { tlvs: [{ type: PP2_TYPE.UNIQUE_ID, value: Uint8Array.of(1, 2, 3) }] })
    const { uniqueId } = headerOf(bytes)
    bytes.fill(0xff)
    expect(uniqueId).toEqual(Uint8Array.of(1, 2, 3))
  })
})

const byte = fc.integer({ min: 0, max: 255 })
const port = fc.integer({ min: 0, max: 65_535 })
const address4 = fc.tuple(fc.array(byte, { minLength: 4, maxLength: 4 }), port)
  .map(([bytes, number]) => tcp4(bytes.join('.'), number))
const address6 = fc.tuple(fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff })),
  { minLength: 8, maxLength: 8 }), port)
  .map(([words, number]) => tcp6(words.map((word) => word.toString(16)).join(':'), number))

describe('any header', () => {
  it('what is written is read, whatever the addresses, and IPv6 in one spelling', () => {
    const ends = fc.oneof(fc.tuple(address4, address4), fc.tuple(address6, address6))
    const tlvs = fc.array(fc.record({ type: fc.integer({ min: 0xe0, max: 0xff }), value: fc.uint8Array({ maxLength: 40 }) }))
    fc.assert(fc.property(ends, tlvs, fc.boolean(), ([source, destination], fields, checksum) => {
      const two = headerOf(writeVersion2(source, destination, { tlvs: fields, checksum }))
      const one = headerOf(writeVersion1(source, destination))
      expect([one.source, one.destination]).toEqual([two.source, two.destination])
      expect(two.tlvs.slice(0, fields.length)).toEqual(fields)
      // Reading is idempotent: the spelling that comes out goes in again.
      expect(headerOf(writeVersion1(one.source!, one.destination!)).source).toEqual(one.source)
      if (source.family === 'IPv4') expect([one.source, one.destination]).toEqual([source, destination])
    }))
  })

  it('any bytes are a header, no header, or too few; and never read past themselves', () => {
    const start = fc.constantFrom(latin1('PROXY '), latin1('PROXY TCP4 '), latin1('PROXY UNKNOWN'), SIGNATURE,
      join(SIGNATURE, Uint8Array.of(0x21, 0x11, 0, 20)), join(SIGNATURE, Uint8Array.of(0x21, 0x00, 0, 9)), new Uint8Array(0))
    fc.assert(fc.property(start, fc.uint8Array({ maxLength: 130 }), (head, tail) => {
      const bytes = join(head, tail)
      try {
        const read = readProxyHeader(bytes)
        if (read !== null) expect(read.length).toBeLessThanOrEqual(bytes.length)
        // What is refused later cannot have been accepted before, and the other way round.
        else expect(bytes.length).toBeLessThan(Math.max(107, 16 + 0xffff))
      } catch (error) {
        expect(error).toBeInstanceOf(ProxyProtocolError)
      }
    }))
  })
})

/** One connection to a HAProxyWrappingFactory. */
function connection(options: HAProxyOptions = {}) {
  const clock = new Clock()
  const built: IAddress[] = []
  const recorder = new Recorder()
  const inner = new Factory()
  inner.buildProtocol = (address) => {
    built.push(address)
    return recorder
  }
  const factory = new HAProxyWrappingFactory(inner, clock, options)
  const transport = new StringTransport({ peer: tcp4('127.0.0.1', 7) })
  const protocol = factory.buildProtocol(transport.getPeer())
  protocol.makeConnection(transport)
  return { clock, built, recorder, transport, protocol, inner, factory }
}

describe('HAProxyWrappingFactory', () => {
  let events: LogEvent[] = []
  const observer = (event: LogEvent): void => { events.push(event) }
  beforeEach(() => {
    events = []
    logPublisher.addObserver(observer)
  })
  afterEach(() => logPublisher.removeObserver(observer))

  it.each([
    ['version 1', latin1('PROXY TCP4 192.0.2.77 198.51.100.3 51234 443\r\n')],
    ['version 2', writeVersion2(FROM, TO, { checksum: true, tlvs: [{ type: PP2_TYPE.AUTHORITY, value: latin1('a.b') }] })],
  ])('%s: the protocol sees the header\'s addresses and the bytes behind it, for every cut', (_version, header) => {
    for (const pieces of cuts(join(header, latin1('\r\nbytes\0')))) {
      const { recorder, protocol, built, transport, clock } = connection()
      for (const piece of pieces) protocol.dataReceived(piece)
      expect(built).toEqual([FROM])
      expect(recorder.received).toBe('\r\nbytes\0')
      expect(recorder.transport.getPeer()).toEqual(FROM)
      expect(recorder.transport.getHost()).toEqual(TO)
      expect(proxyHeaderOf(recorder.transport)?.version).toBe(header[0] === 0x50 ? 1 : 2)
      expect(proxyHeaderOf(transport)).toBe(proxyHeaderOf(recorder.transport))
      expect(clock.getDelayedCalls()).toEqual([])
    }
    expect(events).toEqual([])
  })

  it('every way to cut gives the same', () => {
    const bytes = join(writeVersion2(FROM, TO), latin1('abcdefgh'))
    fc.assert(fc.property(fc.array(fc.nat(bytes.length), { maxLength: 6 }), (places) => {
      const { recorder, protocol } = connection()
      for (const piece of cutAt(bytes, places)) protocol.dataReceived(piece)
      expect(recorder.received).toBe('abcdefgh')
    }))
  })

  it('the connection\'s own addresses stand where the header has none', () => {
    for (const header of [latin1('PROXY UNKNOWN\r\n'), writeVersion2(FROM, TO, { command: 'LOCAL' })]) {
      const { recorder, protocol, built, transport } = connection()
      protocol.dataReceived(header)
      expect(built).toEqual([transport.getPeer()])
      expect(recorder.transport.getPeer()).toEqual(transport.getPeer())
      expect(recorder.transport.getHost()).toEqual(transport.getHost())
      expect(recorder.connected).toBe(true)
    }
  })

  it('drops and logs what is no header, what is late, and what ends too early', () => {
    const bad = connection()
    bad.protocol.dataReceived(latin1('GET / HTTP/1.1\r\n'))
    bad.protocol.dataReceived(latin1('PROXY UNKNOWN\r\n'))
    const late = connection({ timeout: 50 })
    late.protocol.dataReceived(latin1('PROXY '))
    late.clock.advance(50)
    const early = connection()
    early.protocol.dataReceived(SIGNATURE)
    early.protocol.connectionLost(new Failure(new ConnectionDone()))
    const long = connection({ maxHeaderLength: 100 })
    long.protocol.dataReceived(writeVersion2(FROM, TO, { tlvs: [{ type: 4, value: new Uint8Array(90) }] }))
    for (const one of [bad, late, early, long]) {
      expect(one.built).toEqual([])
      expect(one.transport.aborted).toBe(one !== early)
      expect(one.clock.getDelayedCalls()).toEqual([])
    }
    expect(events.map(({ level, error }) => [level, (error as Error).name])).toEqual(
      new Array(4).fill(['info', 'ProxyProtocolError']))
    expect(events.map((event) => event.message).join('\n')).toMatch(/begin[^]*50 ms[^]*ended[^]*100 bytes/)
  })

  it('refuses with the factory, and starts and stops it', () => {
    const { protocol, transport, inner, factory, recorder } = connection()
    inner.buildProtocol = () => null
    protocol.dataReceived(latin1('PROXY UNKNOWN\r\nabc'))
    expect([transport.disconnecting, transport.aborted, recorder.received]).toEqual([true, false, ''])
    factory.doStart()
    expect(inner.numPorts).toBe(1)
    factory.doStop()
    expect(inner.numPorts).toBe(0)
  })

  it('what buildProtocol throws leaves dataReceived, with the connection aborted', () => {
    const { protocol, transport, inner } = connection()
    inner.buildProtocol = () => { throw new Error('planted') }
    expect(() => protocol.dataReceived(latin1('PROXY UNKNOWN\r\nabc'))).toThrow('planted')
    expect(transport.aborted).toBe(true)
  })

  it('the header is found through policies', () => {
    const limited = new LimitTotalConnectionsFactory()
    const recorder = new Recorder()
    limited.buildProtocol = () => new ProtocolWrapper(
      { registerProtocol: () => undefined, unregisterProtocol: () => undefined } as never, recorder)
    const protocol = new HAProxyWrappingFactory(limited, null).buildProtocol(FROM)
    protocol.makeConnection(new StringTransport())
    protocol.dataReceived(writeVersion2(FROM, TO))
    expect(proxyHeaderOf(recorder.transport)?.source).toEqual(FROM)
    expect(proxyHeaderOf(new StringTransport())).toBeNull()
  })
})
