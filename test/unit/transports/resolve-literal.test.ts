import { isIP } from 'node:net'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addressFamily, canonicalAddress, isMulticast } from '../../../src/transports/resolve-literal.js'

describe('literal addresses', () => {
  it.each([
    ['127.0.0.1', 4], ['255.255.255.255', 4], ['0.0.0.0', 4], ['256.1.1.1', 0], ['01.2.3.4', 0], ['127.1', 0], ['1.2.3', 0],
    ['1.2.3.4.', 0], ['2130706433', 0], ['', 0], ['localhost', 0], ['::', 6], ['::1', 6], ['1::', 6], ['fe80::1%eth0', 6],
    ['fe80::1%', 0], ['fe80::1%a%b', 0], ['::ffff:1.2.3.4', 6], ['1:2:3:4:5:6:7:8', 6], ['1:2:3:4:5:6:1.2.3.4', 6],
    ['1:2:3:4:5:6:7', 0], ['1:2:3:4:5:6:7:8:9', 0], ['1::2::3', 0], [':::', 0], ['1:2:3:4:5:6:7::', 6],
    ['::2:3:4:5:6:7:8', 6], ['1:2:3:4::5:6:7:8', 0], ['12345::', 0], ['g::', 0], [':1', 0], ['1:', 0], ['[::1]', 0],
    ['::1.2.3', 0], ['::1.2.3.400', 0], ['1.2.3.4::', 0], ['::1 ', 0],
  ])('%s is of family %i', (text, family) => {
    expect(addressFamily(text)).toBe(family)
  })

  it('agrees with the host about arbitrary texts', () => {
    const pieces = fc.constantFrom(':', '::', '.', '0', '1', 'ffff', 'a', '255', '256', '1.2.3.4', '%', 'e', '12345')
    fc.assert(fc.property(fc.array(pieces, { maxLength: 20 }).map((list) => list.join('')), (text) => {
      expect(addressFamily(text)).toBe(isIP(text))
    }), { numRuns: 2000 })
  })

  it.each([
    ['0:0:0:0:0:0:0:1', '::1'], ['2001:DB8::0:1', '2001:db8::1'], ['1:0:0:2:0:0:0:3', '1:0:0:2::3'], ['0:0::0', '::'],
    ['::ffff:0102:0304', '::ffff:1.2.3.4'], ['::1.2.3.4', '::1.2.3.4'], ['1:0:2:3:4:5:6:7', '1:0:2:3:4:5:6:7'],
    ['1::', '1::'], ['FE80::0001%eth0', 'fe80::1%eth0'], ['10.0.0.1', '10.0.0.1'], ['A.example', 'A.example'],
  ])('%s is spelt %s', (text, spelt) => {
    expect(canonicalAddress(text)).toBe(spelt)
  })

  it('tells groups from others', () => {
    expect(['224.0.0.1', '239.255.255.255', 'ff02::1', 'FF0E::5%eth0'].map(isMulticast)).toEqual([true, true, true, true])
    expect(['223.255.255.255', '240.0.0.1', 'fe80::1', '::', 'group', '225'].map(isMulticast))
      .toEqual([false, false, false, false, false, false])
  })
})
