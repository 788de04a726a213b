import fc from 'fast-check'
import { isIPv4, isIPv6 } from 'node:net'
import { describe, expect, it } from 'vitest'
import { bytesOfIPv4, bytesOfIPv6, textOfIPv4, textOfIPv6 } from '../../../src/protocols/ip-literal.js'

describe('IPv4', () => {
  it('is four numbers without leading zeros', () => {
    for (const good of ['0.0.0.0', '255.255.255.255', '10.0.100.9']) expect(textOfIPv4(bytesOfIPv4(good)!)).toBe(good)
    for (const bad of ['', '1', '1.2.3', '1.2.3.4.5', '1.2.3.256', '1.2.3.04', '1.2.3.', ' 1.2.3.4', '1.2.3.4 ', '0x1.2.3.4',
      '1.2.3.-4', '1..2.3']) expect(bytesOfIPv4(bad)).toBeNull()
  })
})

describe('IPv6', () => {
  // RFC 5952 section 4, and its examples.
  it.each([
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'], ['2001:0db8::0001', '2001:db8::1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'], ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['2001:DB8::A', '2001:db8::a'], ['::', '::'], ['::1', '::1'], ['1::', '1::'], ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['::2:3:4:5:6:7:8', '0:2:3:4:5:6:7:8'], ['::ffff:192.0.2.1', '::ffff:192.0.2.1'], ['::ffff:c000:201', '::ffff:192.0.2.1'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'], ['1:2:3:4:5:6:1.2.3.4', '1:2:3:4:5:6:102:304'],
  ])('%s is written %s', (given, written) => {
    expect(textOfIPv6(bytesOfIPv6(given)!)).toBe(written)
  })

  it.each(['', ':', ':::', '1', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '1::2::3', '1:2:3:4:5:6:7:8::', '::1:2:3:4:5:6:7:8',
    'g::1', '12345::', '1:2:3:4:5:6:7:1.2.3.4', '::1.2.3', '::1.2.3.4:1', '::01.2.3.4', 'fe80::1%eth0', ' ::1', '[::1]',
    ':1:2:3:4:5:6:7', '1:2:3:4:5:6:7:'])('%j is none', (given) => {
    expect(bytesOfIPv6(given)).toBeNull()
  })

  it('agrees with the host about what is an address, and about nothing else', () => {
    fc.assert(fc.property(fc.array(fc.constantFrom(':', '::', '1', 'ab', 'ffff', '0', '1.2.3.4', '.', '255', 'g'),
      { maxLength: 15 }), (parts) => {
      const given = parts.join('')
      expect(bytesOfIPv6(given) !== null).toBe(isIPv6(given))
      expect(bytesOfIPv4(given) !== null).toBe(isIPv4(given))
    }))
    fc.assert(fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
      expect(bytesOfIPv6(textOfIPv6(bytes))).toEqual(bytes)
    }))
  })
})
