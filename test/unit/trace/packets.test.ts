import { describe, expect, it } from 'vitest'
import {
  addressBytes, TCP_ACK, TCP_PSH, TCP_SYN, tcpFrame, udpFrame,
} from '../../../src/testing/trace/packets.js'
import type { FrameEnd } from '../../../src/testing/trace/packets.js'
import { ascii } from './sample.js'

const end = (host: number, address: string, port: number): FrameEnd => {
  return { host, address: addressBytes(address)!, port }
}

/** The sum that receivers compute: 0xffff where nothing was changed on the way. */
function sumOf(...parts: Uint8Array[]): number {
  let total = 0
  for (const part of parts) {
    for (const [i, byte] of part.entries()) total += i % 2 === 0 ? byte << 8 : byte
  }
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16)
  return total
}

describe('frames', () => {
  const payloads = ['', 'a', 'ab', 'three', '\0\0\0\0', '\x7f'.repeat(999)]

  it.each(payloads)('sums over IPv4 headers, TCP and UDP are right (%#)', (text) => {
    const [from, to] = [end(1, '10.0.0.1', 49152), end(2, '10.0.255.2', 80)]
    const frames: [Uint8Array, number][] = [
      [tcpFrame(from, to, 0xffff_fff0, 7, TCP_ACK | TCP_PSH, ascii(text)), 6], [udpFrame(from, to, ascii(text)), 17],
    ]
    for (const [frame, protocol] of frames) {
      expect(sumOf(frame.subarray(14, 34))).toBe(0xffff)
      const length = frame.length - 34
      const pseudo = new Uint8Array([0, protocol, length >> 8, length & 0xff])
      expect(sumOf(from.address, to.address, pseudo, frame.subarray(34))).toBe(0xffff)
      expect(frame[16]! << 8 | frame[17]!).toBe(frame.length - 14)
    }
  })

  it.each(payloads)('sums over IPv6 are right (%#)', (text) => {
    const [from, to] = [end(1, 'fd00::1', 1), end(2, 'fd00::ffff', 2)]
    const frame = udpFrame(from, to, ascii(text))
    const length = frame.length - 54
    expect(sumOf(from.address, to.address, new Uint8Array([0, 17, length >> 8, length & 0xff]), frame.subarray(54)))
      .toBe(0xffff)
    expect(frame[18]! << 8 | frame[19]!).toBe(length)
  })

  it('a SYN acknowledges nothing, and offers a scaled window', () => {
    const frame = tcpFrame(end(1, '10.0.0.1', 1), end(2, '10.0.0.2', 2), 5, 9, TCP_SYN, new Uint8Array(0))
    expect([...frame.subarray(34, 62)]).toEqual([
      0, 1, 0, 2, 0, 0, 0, 5, 0, 0, 0, 0, 0x70, 0x02, 0xff, 0xff, frame[50], frame[51], 0, 0,
      2, 4, 5, 0xb4, 1, 3, 3, 7,
    ])
  })

  it('groups and everybody have the Ethernet addresses that are theirs', () => {
    const to = (address: string): string => {
      const from = address.includes(':') ? 'fd00::1' : '10.0.0.1'
      const frame = udpFrame(end(258, from, 1), end(0x01020304, address, 2), new Uint8Array(0))
      return Buffer.from(frame.subarray(0, 12)).toString('hex')
    }
    expect(to('10.0.0.2')).toBe('020001020304020000000102')
    expect(to('239.129.2.3').slice(0, 12)).toBe('01005e010203')
    expect(to('255.255.255.255').slice(0, 12)).toBe('ffffffffffff')
    expect(to('ff02::1:2').slice(0, 12)).toBe('333300010002')
  })

  it('names are no addresses', () => {
    expect([addressBytes('server'), addressBytes('/run/app.sock'), addressBytes('')]).toEqual([null, null, null])
  })
})
