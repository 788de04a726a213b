/** What is on a relay's list, and what is public. */
import { describe, expect, it } from 'vitest'
import { AllowList, isPublic } from '../../../src/tunnel/allow.js'
import { addressBytes } from '../../../src/reactor/restrict-patterns.js'

describe('a list', () => {
  it.each<[string[], string, number, boolean]>([
    [['example.com:443'], 'example.com', 443, true], [['example.com:443'], 'EXAMPLE.com.', 443, true],
    [['example.com:443'], 'example.com', 80, false], [['example.com:443'], 'www.example.com', 443, false],
    [['*.example.com:80,443'], 'www.example.com', 80, true], [['*.example.com:*'], 'example.com', 80, false],
    [['*:6667'], 'irc.example', 6667, true], [['*:*', '!irc.example:*'], 'irc.example', 6667, false],
    [['*:*'], '93.184.216.34', 80, true], [['*:*'], '127.0.0.1', 80, false], [['*:*'], '::1', 80, false],
    [['*:*'], '10.1.2.3', 80, false], [['*:*'], '169.254.169.254', 80, false], [['*:*'], '::ffff:127.0.0.1', 80, false],
    [['*:*', '10.0.0.0/8:*'], '10.1.2.3', 80, true], [['127.0.0.1:80'], '127.0.0.1', 80, true],
    [['127.0.0.1:80'], '127.0.0.1', 81, false], [['[::1]:*'], '::1', 5, true], [['[fd00::]/8:*'], 'fd00::5', 5, true],
    [['*:*'], '2606:2800:220:1::1', 80, true], [['*:*'], '127.1', 80, false], [['*:*'], '0x7f000001', 80, false],
    [['*:*'], '2130706433', 80, false], [['*:*'], '', 80, false], [['*:*'], 'fe80::1%eth0', 80, false],
    [[], 'a', 1, false],
  ])('%j: %s port %i: %s', (patterns, host, port, expected) => {
    expect(new AllowList(patterns).allowsHost(host, port)).toBe(expected)
  })

  it.each<[string[], string, boolean]>([
    [['a.example:80'], '93.184.216.34', true], [['a.example:80'], '127.0.0.1', false], [['*:80'], '192.168.0.1', false],
    [['a.example:80', '192.168.0.0/16:80'], '192.168.0.1', true],
    [['a.example:80', '192.168.0.0/16:81'], '192.168.0.1', false],
    [['*:*', '!93.184.0.0/16:*'], '93.184.216.34', false], [['a.example:80'], '64:ff9b::7f00:1', false],
    [['a.example:80'], '2002:7f00:1::', false],
  ])('%j: a name that leads to %s: %s', (patterns, address, expected) => {
    expect(new AllowList(patterns).allowsAddress(address, 80, true)).toBe(expected)
  })

  it.each([['example.com'], ['example.com:x'], ['tcp:example.com:80'], ['10.0.0.0/40:1'], ['a b:1'], ['']])(
    '%j is no pattern', (pattern) => {
      expect(() => new AllowList([pattern])).toThrow(TypeError)
    })

  it('is a list', () => {
    expect(() => new AllowList('*:*' as never)).toThrow(TypeError)
  })
})

describe('what is public', () => {
  it.each([
    '1.1.1.1', '8.8.8.8', '172.32.0.1', '192.167.1.1', '100.128.0.1', '223.255.255.255', '2606:4700::1111', '2a00::1',
  ])('%s is', (address) => {
      expect(isPublic(addressBytes(address)!)).toBe(true)
    })

  it.each([
    '0.0.0.0', '10.0.0.1', '100.64.0.1', '127.255.0.1', '169.254.1.1', '172.16.0.1', '172.31.255.255', '192.0.0.8',
    '192.0.2.1', '192.168.1.1', '198.18.0.1', '198.19.255.1', '198.51.100.1', '203.0.113.5', '224.0.0.1', '240.0.0.1',
    '255.255.255.255', '::', '::1', 'fe80::1', 'fc00::1', 'fd12::1', 'ff02::1', '2001:db8::1', '2001::1', '2002:a00::1',
    '64:ff9b::1', '100::1', '3fff::1',
  ])('%s is not', (address) => {
    expect(isPublic(addressBytes(address)!)).toBe(false)
  })
})
