/**
 * The pieces that both ends share: fields, dates, heads, and bodies on their way in and out.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createCore } from '../../../src/core/index.js'
import { Deferred } from '../../../src/defer/index.js'
import {
  BodyIncompleteError, BodyLengthError, BodyTakenError, BodyTooLargeError, formatHTTPDate, hasToken, Headers,
  IncomingBody, MessageEndedError, OutgoingBody, parseHTTPDate, REASON_PHRASES, requestHead, responseHead,
} from '../../../src/http/index.js'
import { utf8Length } from '../../../src/http/messages.js'
import { StringTransport } from '../../../src/testing/index.js'
import { settled } from './server-lab.js'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('Headers', () => {
  /** The same calls on the host's own class. */
  const calls = fc.array(fc.oneof(
    fc.tuple(fc.constantFrom('append', 'set'), fc.constantFrom('A', 'a', 'Set-Cookie', 'x-Y', 'B'), fc.constantFrom('1', ' 2\t', '', 'a,b')),
    fc.tuple(fc.constant('delete'), fc.constantFrom('a', 'SET-COOKIE', 'b'), fc.constant(''))))

  it('do what the class of the Fetch Standard does', () => {
    fc.assert(fc.property(calls, (list) => {
      const ours = new Headers()
      const host = new globalThis.Headers()
      for (const [method, name, value] of list) {
        for (const one of [ours, host]) (one as unknown as Record<string, (...args: string[]) => void>)[method!]!(name!, value!)
      }
      expect([...ours]).toEqual([...host])
      expect([[...ours.keys()], [...ours.values()], ours.getSetCookie()])
        .toEqual([[...host.keys()], [...host.values()], host.getSetCookie()])
      for (const name of ['A', 'set-cookie', 'X-y', 'none']) {
        expect([ours.get(name), ours.has(name)]).toEqual([host.get(name), host.has(name)])
      }
    }))
  })

  it('are made of pairs, objects with lists, other headers, or what the core has read', () => {
    const fields: [string, string][] = [['A', '1'], ['b', '2'], ['a', '3']]
    expect([...new Headers(fields).raw()]).toEqual(fields)
    expect([...new Headers({ A: ['1', '3'], b: '2' })]).toEqual([['a', '1, 3'], ['b', '2']])
    const copy = new Headers(new Headers(fields))
    copy.delete('A')
    expect([...copy.raw()]).toEqual([['b', '2']])
    let read: Headers | null = null
    createCore().httpParser({ mode: 'request', handler: { head: ({ fields: found }) => { read = new Headers(found) } } })
      .receive(bytes('GET / HTTP/1.1\r\nHost: a\r\nX-A: 1\r\nx-a: 2\r\n\r\n'))
    const headers = read as unknown as Headers
    expect([headers.get('x-a'), headers.get('HOST'), headers.count]).toEqual(['1, 2', 'a', 3])
    headers.set('X-A', '3')
    expect([...headers.raw()]).toEqual([['Host', 'a'], ['X-A', '3']])
    expect(headers.toLines()).toBe('Host: a\r\nX-A: 3\r\n')
  })

  it('tell what forEach is to be called with', () => {
    const seen: unknown[] = []
    const headers = new Headers({ B: '1', a: '2' })
    headers.forEach((value, name, from) => seen.push([value, name, from === headers]))
    expect(seen).toEqual([['2', 'a', true], ['1', 'b', true]])
  })

  it.each([['a b', 'v'], ['', 'v'], ['a\n', 'v'], ['a', 'v\n'], ['a', 'v\r\nb: c'], ['a', '\x7f'], ['a', '\u20ac']])(
    'refuse %j: %j', (name, value) => {
      const headers = new Headers()
      expect(() => headers.set(name, value)).toThrow(TypeError)
      expect(() => headers.append(name, value)).toThrow(TypeError)
      expect(() => new Headers([[name, value]])).toThrow(TypeError)
      expect(headers.count).toBe(0)
    })

  it('have tokens in lists', () => {
    expect(['close', 'a, Close', 'x,close ', 'closed', '', null].map((value) => hasToken(value, 'close')))
      .toEqual([true, true, true, false, false, false])
  })
})

describe('dates', () => {
  const moment = Date.UTC(1994, 10, 6, 8, 49, 37)

  it('are written in one form and read in three', () => {
    expect(formatHTTPDate(moment)).toBe('Sun, 06 Nov 1994 08:49:37 GMT')
    for (const text of ['Sun, 06 Nov 1994 08:49:37 GMT', 'Sunday, 06-Nov-94 08:49:37 GMT', 'Sun Nov  6 08:49:37 1994']) {
      expect(parseHTTPDate(text, moment)).toBe(moment)
      expect(parseHTTPDate(text)).toBe(moment)
    }
  })

  it('come back as they went', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 253_402_300_799 }), (seconds) => {
      expect(parseHTTPDate(formatHTTPDate(seconds * 1000))).toBe(seconds * 1000)
    }))
  })

  it('with two digits of a year are not more than fifty years ahead', () => {
    const now = Date.UTC(2026, 0, 1)
    expect(new Date(parseHTTPDate('Sunday, 06-Nov-75 08:49:37 GMT', now)!).getUTCFullYear()).toBe(2075)
    expect(new Date(parseHTTPDate('Sunday, 06-Nov-77 08:49:37 GMT', now)!).getUTCFullYear()).toBe(1977)
  })

  it.each(['', 'yesterday', 'Sun, 6 Nov 1994 08:49:37 GMT', 'Sun, 31 Feb 1994 08:49:37 GMT', 'Xyz, 06 Nov 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 24:49:37 GMT', 'Sun, 06 Nov 1994 08:49:37 +0000', '784111777'])('are no %j', (text) => {
    expect(parseHTTPDate(text)).toBeNull()
  })
})

describe('heads', () => {
  it('are written', () => {
    const headers = new Headers({ 'X-A': '1' })
    expect(responseHead(200, undefined, headers)).toBe('HTTP/1.1 200 OK\r\nX-A: 1\r\n\r\n')
    expect(responseHead(299, 'Fine', headers)).toBe('HTTP/1.1 299 Fine\r\nX-A: 1\r\n\r\n')
    expect(responseHead(599, undefined, headers)).toBe('HTTP/1.1 599 \r\nX-A: 1\r\n\r\n')
    expect(requestHead('GET', '/a?b', headers)).toBe('GET /a?b HTTP/1.1\r\nX-A: 1\r\n\r\n')
    expect(REASON_PHRASES[404]).toBe('Not Found')
  })

  it('cannot be split', () => {
    const headers = new Headers()
    expect(() => responseHead(200, 'a\r\nb', headers)).toThrow(TypeError)
    expect(() => responseHead(99, undefined, headers)).toThrow(RangeError)
    for (const method of ['', 'A B', 'GET\r\n']) expect(() => requestHead(method, '/', headers)).toThrow(TypeError)
    for (const target of ['', '/ /', '/\r\n', '/\u20ac']) expect(() => requestHead('GET', target, headers)).toThrow(TypeError)
  })

  it('count bytes as UTF-8 has them', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(utf8Length(text)).toBe(bytes(text).length)
    }))
    for (const text of ['\ud800', '\udc00\ud800', 'a\ud83d', '\ud83d\ude00', '\ud800\ud83d\ude00']) {
      expect(utf8Length(text)).toBe(bytes(text).length)
    }
  })
})

describe('IncomingBody', () => {
  it('is read whole, whenever it is asked for', async () => {
    const early = new IncomingBody()
    const asked = early.text()
    early.push(bytes('ab'))
    early.push(bytes('c'))
    early.end()
    expect(await asked).toBe('abc')
    const late = new IncomingBody()
    late.push(bytes('{"a":1}'))
    late.end(new Headers({ 'X-T': '1' }))
    expect([await late.json(), late.trailers.get('x-t'), late.isEnded]).toEqual([{ a: 1 }, '1', true])
  })

  it('is read once', async () => {
    const body = new IncomingBody()
    void body.read()
    await expect(body.read().asPromise()).rejects.toBeInstanceOf(BodyTakenError)
    expect(() => body[Symbol.asyncIterator]()).toThrow(BodyTakenError)
    body.end()
  })

  it('fails when it is too large: announced, come already, or coming', async () => {
    const announced = new IncomingBody(3)
    announced.expected = 4
    await expect(announced.read().asPromise()).rejects.toBeInstanceOf(BodyTooLargeError)
    const before = new IncomingBody()
    before.push(bytes('abcd'))
    await expect(before.read(3).asPromise()).rejects.toBeInstanceOf(BodyTooLargeError)
    let abandoned = false
    const coming = new IncomingBody(3)
    coming.onAbandon = () => { abandoned = true }
    const asked = coming.read().asPromise()
    coming.push(bytes('abcd'))
    await expect(asked).rejects.toBeInstanceOf(BodyTooLargeError)
    coming.push(bytes('more'))
    expect([abandoned, coming.isAbandoned, coming.received]).toEqual([true, true, 8])
  })

  it('fails with its connection', async () => {
    const body = new IncomingBody()
    const pieces: string[] = []
    const reading = (async () => {
      for await (const piece of body) pieces.push(new TextDecoder().decode(piece))
    })()
    body.push(bytes('a'))
    body.fail(new BodyIncompleteError())
    await expect(reading).rejects.toBeInstanceOf(BodyIncompleteError)
    await expect(new Promise((_resolve, reject) => {
      const other = new IncomingBody()
      other.read().addErrback((failure) => reject(failure.value))
      other.fail(new BodyIncompleteError())
    })).rejects.toBeInstanceOf(BodyIncompleteError)
  })

  it('tells of pressure, and of its end', async () => {
    const told: boolean[] = []
    const body = new IncomingBody()
    body.onPressure = (full) => told.push(full)
    for (let i = 0; i < 3; i++) body.push(new Uint8Array(30_000))
    expect(told).toEqual([true])
    const iterator = body[Symbol.asyncIterator]()
    await iterator.next()
    await iterator.next()
    expect(told).toEqual([true])
    await iterator.next()
    expect(told).toEqual([true, false])
    const next = iterator.next()
    body.end()
    expect(await next).toEqual({ done: true, value: undefined })
  })

  it('is asked for once', () => {
    let asked = 0
    const body = new IncomingBody()
    body.onDemand = () => { asked += 1 }
    void body.read()
    expect(asked).toBe(1)
    body.end()
  })
})

describe('OutgoingBody', () => {
  it('writes chunks', () => {
    const transport = new StringTransport()
    const body = new OutgoingBody(transport, 'chunked')
    void body.write('ü')
    void body.write('')
    void body.write(bytes('a'.repeat(17)))
    body.end('z', new Headers({ 'X-T': '1' }))
    expect(transport.text()).toBe(`2\r\nü\r\n11\r\n${'a'.repeat(17)}\r\n1\r\nz\r\n0\r\nX-T: 1\r\n\r\n`)
    expect(body.bytesWritten).toBe(20)
    expect(() => body.write('more')).toThrow(MessageEndedError)
  })

  it('keeps to its length, or cuts the connection off', () => {
    for (const [first, last] of [['abc', 'def'], ['abc', 'd']]) {
      const transport = new StringTransport()
      const body = new OutgoingBody(transport, 'length', 5)
      void body.write(first!)
      expect(() => body.end(last)).toThrow(BodyLengthError)
      expect(transport.aborted).toBe(true)
    }
    const transport = new StringTransport()
    new OutgoingBody(transport, 'length', 5).end('abcde')
    expect([transport.text(), transport.aborted]).toEqual(['abcde', false])
  })

  it('writes nothing where there is none', () => {
    const transport = new StringTransport()
    const body = new OutgoingBody(transport, 'none')
    void body.write('abc')
    body.end('def')
    expect([transport.text(), body.bytesWritten]).toEqual(['', 6])
  })

  it('pipes what gives pieces, no faster than they are taken', async () => {
    class Slow extends StringTransport {
      readonly drains: Deferred<void>[] = []

      override drain(): Deferred<void> {
        const deferred = new Deferred<void>()
        this.drains.push(deferred)
        return deferred
      }
    }
    const transport = new Slow()
    const body = new OutgoingBody(transport, 'close')
    let made = 0
    const done = body.pipe((function * () {
      for (; made < 3; made++) yield String(made)
    })())
    for (let i = 0; i < 3; i++) {
      await settled()
      expect([made, transport.text()]).toEqual([i, '012'.slice(0, i + 1)])
      transport.drains[i]!.callback(undefined)
    }
    await done
    expect(body.isEnded).toBe(false)
  })

  it('ends a source that it gives up', async () => {
    const ends: string[] = []
    async function * source(wait: Promise<void>): AsyncGenerator<string> {
      try {
        yield 'a'
        await wait
        yield 'b'
      } finally {
        ends.push('ended')
      }
    }
    let go = (): void => undefined
    const transport = new StringTransport()
    const piping = new OutgoingBody(transport, 'close').pipe(source(new Promise((resolve) => { go = resolve })))
    await settled()
    const failed: string[] = []
    piping.addErrback((failure) => { failed.push(failure.value.name) })
    piping.cancel()
    go()
    await settled()
    expect([transport.text(), failed, ends]).toEqual(['a', ['CancelledError'], ['ended']])
  })

  it('fails with its source', async () => {
    const piping = new OutgoingBody(new StringTransport(), 'close').pipe((async function * () {
      yield 'a'
      throw new RangeError('no more')
    })())
    await expect(piping.asPromise()).rejects.toThrow('no more')
  })
})
