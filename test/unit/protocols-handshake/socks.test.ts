import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Failure } from '../../../src/defer/index.js'
import * as errors from '../../../src/errors/index.js'
import type { IAddress } from '../../../src/interfaces/index.js'
import { SOCKS5Handshake } from '../../../src/protocols/socks.js'
import type { ProxyCredentials } from '../../../src/protocols/socks.js'
import { Attempt, cutAt, cuts, join, latin1, text } from './support.js'

const ME: ProxyCredentials = { username: 'me', password: 'secret' }

const begin = (host = 'example.com', port = 80, auth: ProxyCredentials | null = null): Attempt<IAddress> =>
  new Attempt(new SOCKS5Handshake(host, port, auth)).begin()

const REPLY_V4 = Uint8Array.of(5, 0, 0, 1, 10, 0, 0, 1, 0x1f, 0x90)
const REPLY_V6 = Uint8Array.of(5, 0, 0, 4, ...new Uint8Array(15), 1, 0, 80)
const REPLY_NAME = join(Uint8Array.of(5, 0, 0, 3, 4), latin1('host'), Uint8Array.of(0, 80))

describe('SOCKS5', () => {
  it('asks for a name, which the proxy resolves', () => {
    const attempt = begin()
    expect(attempt.said()).toEqual(Uint8Array.of(5, 1, 0))
    attempt.receive(Uint8Array.of(5, 0))
    expect(attempt.said()).toEqual(join(Uint8Array.of(5, 1, 0, 3, 11), latin1('example.com'), Uint8Array.of(0, 80)))
    attempt.receive(REPLY_V4)
    expect(attempt.result).toEqual({ family: 'IPv4', type: 'TCP', host: '10.0.0.1', port: 8080 })
  })

  it('asks for an address as an address', () => {
    const four = begin('192.0.2.1', 65_535).receive(Uint8Array.of(5, 0))
    expect(four.said().subarray(3)).toEqual(Uint8Array.of(5, 1, 0, 1, 192, 0, 2, 1, 255, 255))
    const six = begin('2001:db8::1', 1).receive(Uint8Array.of(5, 0))
    expect(six.said().subarray(3))
      .toEqual(Uint8Array.of(5, 1, 0, 4, 0x20, 1, 0xd, 0xb8, ...new Uint8Array(11), 1, 0, 1))
  })

  it('says who it is only where it is asked', () => {
    const asked = begin('h', 1, ME)
    expect(asked.said()).toEqual(Uint8Array.of(5, 2, 0, 2))
    asked.receive(Uint8Array.of(5, 2))
    expect(asked.said()).toEqual(join(Uint8Array.of(1, 2), latin1('me'), Uint8Array.of(6), latin1('secret')))
    asked.receive(Uint8Array.of(1, 0))
    expect(asked.said()).toEqual(Uint8Array.of(5, 1, 0, 3, 1, 104, 0, 1))
    const unasked = begin('h', 1, ME)
    unasked.said()
    unasked.receive(Uint8Array.of(5, 0))
    expect(text(unasked.said())).not.toContain('secret')
  })

  it.each([['IPv4', REPLY_V4], ['IPv6', REPLY_V6], ['a name', REPLY_NAME]])(
    'a reply with %s: for every cut, and what follows is the tunnel\'s', (_kind, reply) => {
      for (const pieces of cuts(join(Uint8Array.of(5, 2, 1, 0), reply, latin1('\x05\x00rest')))) {
        const attempt = begin('h', 1, ME).receive(...pieces)
        expect(attempt.error).toBeUndefined()
        expect(attempt.result).toMatchObject({ type: 'TCP' })
      }
      const whole = begin('h', 1, ME).receive(join(Uint8Array.of(5, 2, 1, 0), reply, latin1('\x05\x00rest')))
      expect(whole.rest).toBe('\x05\x00rest')
    })

  it.each([
    [1, errors.SOCKSGeneralFailure], [2, errors.SOCKSNotAllowed], [3, errors.SOCKSNetworkUnreachable],
    [4, errors.SOCKSHostUnreachable], [5, errors.SOCKSConnectionRefused], [6, errors.SOCKSTTLExpired],
    [7, errors.SOCKSCommandNotSupported], [8, errors.SOCKSAddressNotSupported], [9, errors.SOCKSError],
    [255, errors.SOCKSError],
  ])('reply %i is an error with a name', (reply, Kind) => {
    const attempt = begin().receive(Uint8Array.of(5, 0, 5, reply))
    expect(attempt.error).toBeInstanceOf(Kind)
    expect(attempt.error).toBeInstanceOf(errors.ConnectError)
    expect((attempt.error as errors.SOCKSError).reply).toBe(reply)
    expect((attempt.error as Error).constructor).toBe(Kind)
    expect(attempt.transport.aborted).toBe(true)
  })

  it.each([
    ['no method for us', null, [5, 0xff], errors.SOCKSAuthenticationError],
    ['no method for us, with credentials', ME, [5, 0xff], errors.SOCKSAuthenticationError],
    ['wrong credentials', ME, [5, 2, 1, 1], errors.SOCKSAuthenticationError],
    ['a method that was not offered', null, [5, 2], errors.ProxyReplyError],
    ['GSSAPI', ME, [5, 1], errors.ProxyReplyError],
    ['SOCKS4', null, [0, 90], errors.ProxyReplyError],
    ['HTTP', null, [72], errors.ProxyReplyError],
    ['the wrong version of the status', ME, [5, 2, 5], errors.ProxyReplyError],
    ['the wrong version of the reply', null, [5, 0, 4], errors.ProxyReplyError],
    ['an unknown kind of address', null, [5, 0, 5, 0, 0, 2, 0], errors.ProxyReplyError],
  ])('%s', (_what, auth, bytes, Kind) => {
    for (const pieces of cuts(Uint8Array.from(bytes))) {
      const attempt = begin('h', 1, auth).receive(...pieces)
      expect((attempt.error as Error).constructor).toBe(Kind)
      expect([attempt.outcomes, attempt.transport.aborted]).toEqual([1, true])
      expect(attempt.clock.getDelayedCalls()).toEqual([])
    }
  })

  it('an end before the tunnel is there has a name, and the reason as cause', () => {
    const reason = new errors.ConnectionLost()
    for (const bytes of [[], [5], [5, 0], [5, 0, 5, 0, 0, 1, 1]]) {
      const attempt = begin().receive(Uint8Array.from(bytes))
      attempt.protocol.connectionLost(new Failure(reason))
      expect(attempt.error).toBeInstanceOf(errors.ProxyClosedError)
      expect((attempt.error as Error).cause).toBe(reason)
    }
  })

  it('refuses at once what the messages have no room for', () => {
    for (const host of ['', 'x'.repeat(256), 'é'.repeat(128), 'a\0b', 'a b', 'a\r\n', undefined as never]) {
      expect(() => new SOCKS5Handshake(host, 80)).toThrow(TypeError)
    }
    for (const auth of [{ username: '', password: 'x' }, { username: 'x', password: 'x'.repeat(256) },
      { username: 'x' } as never]) {
      expect(() => new SOCKS5Handshake('h', 80, auth)).toThrow(TypeError)
    }
  })

  it('any answer ends in a tunnel, an error, or a wait for more, in any pieces alike', () => {
    const start = fc.constantFrom([], [5, 0], [5, 2, 1, 0], [5, 0, 5, 0, 0, 3])
    fc.assert(fc.property(start, fc.uint8Array({ maxLength: 300 }), fc.array(fc.nat(310), { maxLength: 5 }),
      (head, tail, places) => {
        const bytes = join(Uint8Array.from(head), tail)
        const whole = begin('h', 1, ME).receive(bytes)
        const pieces = begin('h', 1, ME).receive(...cutAt(bytes, places))
        expect(pieces.result).toEqual(whole.result)
        expect((pieces.error as Error | undefined)?.constructor).toBe((whole.error as Error | undefined)?.constructor)
        expect(whole.outcomes).toBeLessThanOrEqual(1)
        if (whole.error !== undefined) expect(whole.error).toBeInstanceOf(errors.ProxyError)
      }))
  })
})
