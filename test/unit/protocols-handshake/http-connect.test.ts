import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Failure } from '../../../src/defer/index.js'
import { ConnectionDone, HTTPConnectError, ProxyClosedError, ProxyError, ProxyReplyError } from '../../../src/errors/index.js'
import { HTTPConnectHandshake } from '../../../src/protocols/http-connect.js'
import type { ConnectAnswer } from '../../../src/protocols/http-connect.js'
import type { ProxyCredentials } from '../../../src/protocols/socks.js'
import { Attempt, cutAt, cuts, latin1, text } from './support.js'

const begin = (host = 'example.com', port = 443, auth: ProxyCredentials | null = null): Attempt<ConnectAnswer> =>
  new Attempt(new HTTPConnectHandshake(host, port, auth)).begin()

describe('HTTP CONNECT', () => {
  it('asks for a host and port', () => {
    expect(text(begin().said())).toBe('CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n')
    expect(text(begin('2001:db8::1', 1).said())).toContain('CONNECT [2001:db8::1]:1 HTTP/1.1\r\n')
  })

  it('says who it is', () => {
    const said = (username: string, password: string): string =>
      /Proxy-Authorization: Basic (.*)\r\n/.exec(text(begin('h', 1, { username, password }).said()))![1]!
    for (const [username, password] of [['Aladdin', 'open sesame'], ['', ''], ['a', ''], ['', 'b'], ['é', 'ü:x']] as const) {
      expect(said(username, password)).toBe(Buffer.from(`${username}:${password}`).toString('base64'))
    }
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }).filter((name) => !/[:\p{Cc}]/u.test(name)), (name) => {
      expect(said(name, name)).toBe(Buffer.from(`${name}:${name}`).toString('base64'))
    }))
  })

  it.each([
    'HTTP/1.1 200 Connection established\r\n\r\n', 'HTTP/1.0 200 OK\r\n\r\n', 'HTTP/1.1 200\r\n\r\n', 'HTTP/1.1 200 \r\n\r\n',
    'HTTP/1.1 204 No Content\nVia: x\n\n', 'HTTP/1.1 299 Fine\r\nContent-Length: 12\r\nTransfer-Encoding: chunked\r\n\r\n',
    'HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n', 'HTTP/1.1 200 caf\xe9\r\nX:\t y \r\n\r\n',
  ])('%j is a tunnel, for every cut, and its first byte follows the empty line', (head) => {
    for (const pieces of cuts(latin1(`${head}\r\ntunnel\n\n`))) {
      const attempt = begin().receive(...pieces)
      expect(attempt.error).toBeUndefined()
      expect(attempt.result!.status).toBeGreaterThanOrEqual(200)
    }
    expect(begin().receive(`${head}\r\ntunnel\n\n`).rest).toBe('\r\ntunnel\n\n')
  })

  it.each([
    [403, 'Forbidden'], [407, 'Proxy Authentication Required'], [502, 'Bad Gateway'], [504, ''], [302, 'Found'],
    [101, 'Switching Protocols'], [400, 'caf\xe9'],
  ])('%i is an error that says so', (status, reason) => {
    for (const pieces of cuts(latin1(`HTTP/1.1 ${status} ${reason}\r\nX: y\r\n\r\n<html>`))) {
      const { error, transport, outcomes } = begin().receive(...pieces)
      expect(error).toBeInstanceOf(HTTPConnectError)
      expect(error).toMatchObject({ status, reason })
      expect((error as Error).message).toContain(`${status}`)
      expect([transport.aborted, outcomes]).toEqual([true, 1])
    }
  })

  it.each([
    '\x05\x00', 'SSH-2.0-x\r\n', 'HTTP/2 200\r\n\r\n', 'http/1.1 200 OK\r\n\r\n', 'HTTP/1.12 200 OK\r\n\r\n', 'HTTP/1.1  200 OK\r\n\r\n',
    'HTTP/1.1 20 OK\r\n\r\n', 'HTTP/1.1 2000 OK\r\n\r\n', 'HTTP/1.1 600 OK\r\n\r\n', 'HTTP/1.1 099 OK\r\n\r\n',
    'HTTP/1.1 200 O\x00K\r\n\r\n', 'HTTP/1.1 200 OK\r\nno field\r\n\r\n', 'HTTP/1.1 200 OK\r\n folded: x\r\n\r\n',
    'HTTP/1.1 200 OK\r\nname : x\r\n\r\n', 'HTTP/1.1 200 OK\r\n: x\r\n\r\n', 'HTTP/1.1 200 OK\r\na: x\x00\r\n\r\n',
    'HTTP/1.1 200 OK\r\na: x\ry: z\r\n\r\n', '\r\nHTTP/1.1 200 OK\r\n\r\n',
  ])('%j is no answer', (answer) => {
    for (const pieces of cuts(latin1(answer))) {
      const attempt = begin().receive(...pieces)
      expect((attempt.error as Error).constructor).toBe(ProxyReplyError)
      expect(attempt.transport.aborted).toBe(true)
    }
  })

  it('has limits: of the head, and of answers that announce another', () => {
    const endless = begin().receive('HTTP/1.1 200 OK\r\n')
    for (let line = 0; line < 1_000 && endless.outcomes === 0; line++) endless.receive(`X: ${'y'.repeat(40)}\r\n`)
    expect(endless.error).toBeInstanceOf(ProxyReplyError)
    expect((endless.error as Error).message).toContain('16384')
    // One piece that is over the limit, though its end is in it, is judged as many are.
    const whole = begin().receive(`HTTP/1.1 200 OK\r\nX: ${'y'.repeat(17_000)}\r\n\r\n`)
    expect((whole.error as Error).message).toContain('16384')
    const fits = begin().receive(`HTTP/1.1 200 OK\r\n\r\n${'y'.repeat(40_000)}`)
    expect(fits.rest).toHaveLength(40_000)
    const announcing = begin().receive('HTTP/1.1 100 Continue\r\n\r\n'.repeat(11))
    expect((announcing.error as Error).message).toContain('announcing')
  })

  it('an end before the tunnel is there has a name, and the reason as cause', () => {
    const reason = new ConnectionDone()
    for (const bytes of ['', 'HTTP/1.1 ', 'HTTP/1.1 200 OK\r\n', 'HTTP/1.1 100 Continue\r\n\r\n']) {
      const attempt = begin().receive(bytes)
      attempt.protocol.connectionLost(new Failure(reason))
      expect(attempt.error).toBeInstanceOf(ProxyClosedError)
      expect((attempt.error as Error).cause).toBe(reason)
    }
  })

  it('refuses at once what a request cannot carry', () => {
    for (const host of ['', 'a b', 'a\r\nX: y', 'a/b', 'me@host', 'h?', 'h#', 'ü.example', '[::1]', undefined as never]) {
      expect(() => new HTTPConnectHandshake(host, 80)).toThrow(TypeError)
    }
    for (const auth of [{ username: 'a:b', password: '' }, { username: 'a', password: 'x\r\n' }, { username: 'a' } as never]) {
      expect(() => new HTTPConnectHandshake('h', 80, auth)).toThrow(TypeError)
    }
  })

  it('any answer ends in a tunnel, an error, or a wait for more, in any pieces alike', () => {
    const start = fc.constantFrom('', 'HTTP/1.1 200 OK\r\n', 'HTTP/1.1 1', 'HTTP/1.0 407 x\r\n')
    const token = fc.constantFrom('\r', '\n', '\r\n', 'a', ':', ' ', 'HTTP/1.1 200 OK', '\x00', '\xff', 'x: y\r\n')
    fc.assert(fc.property(start, fc.array(token, { maxLength: 20 }), fc.array(fc.nat(100), { maxLength: 5 }),
      (head, tail, places) => {
        const bytes = latin1(head + tail.join(''))
        const whole = begin().receive(bytes)
        const pieces = begin().receive(...cutAt(bytes, places))
        expect(pieces.result).toEqual(whole.result)
        expect((pieces.error as Error | undefined)?.constructor).toBe((whole.error as Error | undefined)?.constructor)
        if (whole.error !== undefined) expect(whole.error).toBeInstanceOf(ProxyError)
      }))
  })
})
