/**
 * The server's half of RFC 9110 and 9112: what is answered, in which framing, and in which order.
 */
import { describe, expect, it } from 'vitest'
import { Deferred } from '../../../src/defer/index.js'
import type { HandlerResult, RequestHandler } from '../../../src/http/index.js'
import { HTTPError, Site } from '../../../src/http/index.js'
import { MemoryReactor, StringTransport } from '../../../src/testing/index.js'
import { collectLog, echo, Lab, settled } from './server-lab.js'

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'

/** The only response to one GET. */
async function answer(handler: RequestHandler, request = GET): Promise<ReturnType<Lab['responses']>[number]> {
  const lab = new Lab(handler).send(request)
  await settled()
  const [seen, ...more] = lab.responses(request.startsWith('HEAD') ? [0] : [])
  expect(more).toEqual([])
  return seen!
}

describe('what a handler gives back', () => {
  async function * generated(): AsyncGenerator<string> {
    yield 'one '
    yield 'two'
  }

  const cases: [string, () => HandlerResult, string][] = [
    ['text', () => 'text', 'text'],
    ['bytes', () => Uint8Array.of(104, 105), 'hi'],
    ['a list of pieces', () => ['a', Uint8Array.of(98), 'c'], 'abc'],
    ['pieces that come one by one', () => generated(), 'one two'],
    ['a promise', async () => 'later', 'later'],
    ['an answer', () => ({ status: 200, headers: { 'X-A': '1' }, body: 'answer' }), 'answer'],
    ['an answer that comes later', async () => ({ body: generated() }), 'one two'],
    ['an answer without a body', () => ({ status: 200 }), ''],
  ]
  it.each(cases)('may be %s', async (_what, give, body) => {
    const seen = await answer(give)
    expect([seen.status, seen.body]).toEqual([200, body])
  })

  it('may be a Deferred', async () => {
    const deferred = new Deferred<string>()
    const lab = new Lab(() => deferred).send(GET)
    expect(lab.text).toBe('')
    deferred.callback('fired')
    expect(lab.responses()[0]!.body).toBe('fired')
  })

  it('is nothing: the response stays open until end()', async () => {
    let end: (() => void) | null = null
    const lab = new Lab((_request, response) => {
      end = () => response.end('at last')
    }).send(GET)
    await settled()
    expect(lab.text).toBe('')
    end!()
    expect(lab.responses()[0]!.body).toBe('at last')
  })

  it('is text in UTF-8, and said to be', async () => {
    const seen = await answer(() => 'Grüße, 🌀')
    expect(seen.headers.get('content-type')).toBe('text/plain; charset=utf-8')
    expect(seen.headers.get('content-length')).toBe('13')
  })

  it('is text, and the headers say so to whoever asks afterwards', async () => {
    let later: string | null = null
    const seen = await answer((request, response) => {
      request.notifyFinish().addCallback(() => { later = response.headers.get('content-type') })
      return 'text'
    })
    expect([later, seen.headers.get('content-type')]).toEqual(Array(2).fill('text/plain; charset=utf-8'))
  })

  it.each([
    ['its type', 'Content-Type', 'text/html', 'text/html'],
    ['something else', 'X-A', '1', 'text/plain; charset=utf-8'],
  ])('is text of which the handler has said %s', async (_what, name, value, type) => {
    const seen = await answer((_request, response) => {
      response.headers.set(name, value)
      return 'text'
    })
    expect([seen.headers.get(name.toLowerCase()), seen.headers.get('content-type')]).toEqual([value, type])
  })

  it('has the date of the piece of input that asked for it', () => {
    const lab = new Lab(() => 'text')
    for (const pause of [0, 2000]) {
      lab.reactor.advance(pause)
      lab.send(GET.repeat(2))
    }
    const dates = lab.responses().map((seen) => seen.headers.get('date')?.slice(-6))
    expect(dates).toEqual(['00 GMT', '00 GMT', '02 GMT', '02 GMT'])
  })

  it('is one of these, or the answer is 500', async () => {
    const logged = collectLog()
    const seen = await answer(() => 7 as never)
    expect(seen.status).toBe(500)
    expect(logged().length).toBe(1)
  })
})

describe('framing', () => {
  it('is a length when the response is ended in one go, and one write', () => {
    class Counting extends StringTransport {
      writes = 0

      override write(data: Uint8Array | string): void {
        this.writes += 1
        super.write(data)
      }
    }
    const transport = new Counting()
    const lab = new Lab((_request, response) => response.end('Hello, world!'), {}, transport).send(GET)
    expect(lab.text).toBe('HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nContent-Length: 13\r\n\r\nHello, world!')
    expect(transport.writes).toBe(1)
    lab.send(GET.repeat(16))
    expect(transport.writes).toBe(2)
    expect(lab.responses().length).toBe(17)
  })

  it('is chunks when the body comes in pieces', async () => {
    const seen = await answer((_request, response) => {
      void response.write('one')
      void response.write('')
      void response.write(Uint8Array.of(116, 119, 111))
      response.end('three')
    })
    expect(seen.headers.get('transfer-encoding')).toBe('chunked')
    expect(seen.body).toBe('onetwothree')
  })

  it('is the end of the connection for HTTP/1.0', async () => {
    const lab = new Lab((_request, response) => {
      void response.write('one')
      response.end('two')
    }).send('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n')
    const [seen] = lab.responses()
    expect([seen!.body, seen!.headers.get('connection'), seen!.headers.has('transfer-encoding')])
      .toEqual(['onetwo', 'close', false])
    expect(lab.closed).toBe(true)
  })

  it('is the length that the handler says', async () => {
    const seen = await answer((_request, response) => {
      response.headers.set('Content-Length', '6')
      void response.write('one')
      response.end('two')
    })
    expect([seen.body, seen.headers.get('content-length')]).toEqual(['onetwo', '6'])
  })

  it.each([['more', 'too much'], ['fewer', '']])('of a length: %s bytes abort the connection', async (_what, rest) => {
    const logged = collectLog()
    const lab = new Lab((_request, response) => {
      response.headers.set('Content-Length', '5')
      void response.write('one')
      response.end(rest)
    }).send(GET)
    await settled()
    expect(lab.transport.aborted).toBe(true)
    expect(logged().join()).toContain('ERR_HTTP_BODY_LENGTH')
  })

  it('of a length that the whole body does not have is a 500', async () => {
    collectLog()
    const seen = await answer((_request, response) => {
      response.headers.set('Content-Length', '5')
      response.end('more than that')
    })
    expect(seen.status).toBe(500)
  })

  it('is not for handlers to say otherwise', async () => {
    const seen = await answer((_request, response) => {
      response.headers.set('Transfer-Encoding', 'gzip, chunked')
      response.end('plain')
    })
    expect([seen.headers.has('transfer-encoding'), seen.body]).toEqual([false, 'plain'])
  })

  it.each([[204, undefined], [304, undefined], [205, '0']])('%d has no body', async (status, length) => {
    for (const write of [false, true]) {
      const seen = await answer((_request, response) => {
        response.status = status
        if (write) void response.write('no')
        response.end('body')
      })
      expect([seen.status, seen.body, seen.headers.get('content-length'), seen.headers.has('transfer-encoding')])
        .toEqual([status, '', length, false])
    }
  })

  it('answers HEAD without a body, whatever the handler writes', async () => {
    const whole = await answer(() => 'Hello', 'HEAD / HTTP/1.1\r\nHost: a\r\n\r\n')
    expect([whole.body, whole.headers.get('content-length')]).toEqual(['', '5'])
    const lab = new Lab((_request, response) => {
      void response.write('Hello')
      response.end(', world')
    }).send(`HEAD / HTTP/1.1\r\nHost: a\r\n\r\n${GET}`)
    expect(lab.responses([0]).map((one) => one.body)).toEqual(['', 'Hello, world'])
  })

  it('sends trailers to those who take them', async () => {
    const handler: RequestHandler = (_request, response) => {
      void response.write('body')
      response.trailers.set('X-Sum', '42')
      response.end()
    }
    expect((await answer(handler)).trailers).toBe('')
    expect((await answer(handler, 'GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\n\r\n')).trailers).toBe('X-Sum: 42\r\n')
  })
})

describe('heads', () => {
  it('keep what the handler sets, in its order and case', async () => {
    const lab = new Lab((_request, response) => {
      response.headers.set('X-Second', '2')
      response.headers.append('x-first', '1')
      response.headers.append('Set-Cookie', 'a=1')
      response.headers.append('Set-Cookie', 'b=2')
      response.headers.set('Date', 'today')
      response.status = 299
      response.reason = 'Fine, I think'
      response.end()
    }).send(GET)
    expect(lab.text).toBe('HTTP/1.1 299 Fine, I think\r\nX-Second: 2\r\nx-first: 1\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n'
      + 'Date: today\r\nContent-Length: 0\r\n\r\n')
  })

  it('cannot be split', async () => {
    const { headers } = await new Promise<{ headers: import('../../../src/http/index.js').Headers }>((resolve) => {
      new Lab((_request, response) => resolve(response)).send(GET)
    })
    for (const value of ['a\r\nX: b', 'a\nb', 'a\rb', 'a\0b', '\u0100']) {
      expect(() => headers.set('X-A', value)).toThrow(TypeError)
      expect(() => headers.append('X-A', value)).toThrow(TypeError)
    }
    for (const name of ['', 'a b', 'a:', 'a\r\n', 'ä']) expect(() => headers.set(name, 'v')).toThrow(TypeError)
    expect([...headers]).toEqual([])
  })

  it.each([[99], [101], [1000], [200.5], [NaN]])('have a status, and not %s', async (status) => {
    collectLog()
    const seen = await answer((_request, response) => {
      response.status = status
      response.end()
    })
    expect(seen.status).toBe(500)
  })

  it('are ISO 8859-1', () => {
    const lab = new Lab((_request, response) => {
      response.headers.set('X-A', 'Gr\xfc\xdfe')
      response.end('\xfc')
    }).send(GET)
    const bytes = lab.transport.value()
    const text = [...bytes].map((byte) => String.fromCharCode(byte)).join('')
    expect(text).toContain('X-A: Gr\xfc\xdfe\r\n')
    expect(text.endsWith('Content-Length: 2\r\n\r\n\xc3\xbc')).toBe(true)
  })

  it('say the date, as the reactor knows it', () => {
    const reactor = new MemoryReactor()
    reactor.epoch = 784_111_776_000
    const lab = new Lab(() => '', { reactor })
    lab.send(GET)
    reactor.advance(1000)
    lab.send(GET)
    expect(lab.responses().map((one) => one.headers.get('date')))
      .toEqual(['Sun, 06 Nov 1994 08:49:36 GMT', 'Sun, 06 Nov 1994 08:49:37 GMT'])
  })
})

describe('requests', () => {
  const look = async (text: string): Promise<import('../../../src/http/index.js').ServerRequest> => {
    const found = await new Promise<import('../../../src/http/index.js').ServerRequest>((resolve) => {
      new Lab((request) => {
        resolve(request)
        return ''
      }).send(text)
    })
    return found
  }

  it('have method, target, path, query, version, headers and host', async () => {
    const request = await look('PROPFIND /a%20b/%2e%2Fc?x=1&y=%20&x=2 HTTP/1.1\r\nHost: h:81\r\nX-A: 1\r\nx-a: 2\r\n\r\n')
    expect([request.method, request.target, request.rawPath, request.path, request.version, request.host])
      .toEqual(['PROPFIND', '/a%20b/%2e%2Fc?x=1&y=%20&x=2', '/a%20b/%2e%2Fc', '/a b/.%2Fc', '1.1', 'h:81'])
    expect([...request.query]).toEqual([['x', '1'], ['y', ' '], ['x', '2']])
    expect([...request.headers]).toEqual([['host', 'h:81'], ['x-a', '1, 2']])
    expect([request.isSecure, request.peer]).toEqual([false, new StringTransport().getPeer()])
  })

  it('may have an absolute target, whose host counts', async () => {
    const request = await look('GET http://b:99?q HTTP/1.1\r\nHost: a\r\n\r\n')
    expect([request.path, request.host, [...request.query.keys()]]).toEqual(['/', 'b:99', ['q']])
  })

  it('have a path that keeps what would change its meaning', async () => {
    const paths = ['/%2F', '/%5c', '/%00', '/%25', '/%2525', '/%ff', '/%C3%BC', '/%zz']
    const seen = await Promise.all(paths.map(async (path) => (await look(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`)).path))
    expect(seen).toEqual(['/%2F', '/%5c', '/%00', '/%25', '/%2525', '/%ff', '/ü', '/%zz'])
  })

  it('OPTIONS * is answered by the server itself', async () => {
    const seen = await answer(() => 'handler', 'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n')
    expect([seen.status, seen.body]).toEqual([200, ''])
  })
})

describe('one connection', () => {
  it('answers in the order of requests, one at a time', async () => {
    const open: (() => void)[] = []
    const lab = new Lab((request, response) => { open.push(() => response.end(request.target)) })
    lab.send('GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\nGET /3 HTTP/1.1\r\nHost: a\r\n\r\n')
    for (let i = 0; i < 3; i++) {
      expect(open.length).toBe(i + 1)
      open[i]!()
    }
    expect(lab.responses().map((one) => one.body)).toEqual(['/1', '/2', '/3'])
  })

  it('is not read while more has come than can be answered', async () => {
    let end = (): void => undefined
    const lab = new Lab((_request, response) => { end = () => response.end() })
    lab.send(GET)
    expect(lab.transport.producerState).toBe('producing')
    lab.send(GET)
    expect(lab.transport.producerState).toBe('paused')
    end()
    expect(lab.transport.producerState).toBe('producing')
    end()
    expect(lab.responses().length).toBe(2)
  })

  it('lets others have their turn behind so many requests', () => {
    const lab = new Lab((_request, response) => response.end(), { limits: { pipelined: 4 } })
    lab.send(GET.repeat(10))
    expect(lab.responses().length).toBe(4)
    lab.reactor.advance(0)
    expect(lab.responses().length).toBe(10)
  })

  it.each([
    ['GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', true, 'close'],
    ['GET / HTTP/1.1\r\nHost: a\r\nConnection: foo, Close\r\n\r\n', true, 'close'],
    ['GET / HTTP/1.1\r\nHost: a\r\n\r\n', false, undefined],
    ['GET / HTTP/1.0\r\n\r\n', true, 'close'],
    ['GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n', false, 'keep-alive'],
  ])('is kept or not: %j', (request, closed, connection) => {
    const lab = new Lab((_request, response) => response.end()).send(request)
    expect([lab.closed, lab.responses()[0]!.headers.get('connection')]).toEqual([closed, connection])
  })

  it('closes when the handler says so', () => {
    const lab = new Lab((_request, response) => {
      response.headers.set('Connection', 'close')
      response.end()
    }).send(GET + GET)
    expect([lab.closed, lab.responses().length]).toEqual([true, 1])
    expect(lab.responses()[0]!.headers.get('connection')).toBe('close')
  })

  it('makes the same of every way to cut the bytes', async () => {
    const text = `${GET}POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloPOST /b HTTP/1.1\r\nHost: a\r\n`
      + 'Transfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nX-T: 1\r\n\r\nHEAD /c HTTP/1.1\r\nHost: a\r\n\r\n'
    const whole = new Lab(echo).send(text)
    await settled()
    expect(whole.responses([3]).map((one) => one.body)).toEqual(['GET / ', 'POST /a hello', 'POST /b abcde', ''])
    for (let cut = 1; cut < text.length; cut++) {
      const lab = new Lab(echo).send(text.slice(0, cut), text.slice(cut))
      await settled()
      expect(lab.text).toBe(whole.text)
    }
    const lab = new Lab(echo).send(...text)
    await settled()
    expect(lab.text).toBe(whole.text)
  })

  it('gives back all that it had', () => {
    const lab = new Lab().send('GET / HTTP/1.1\r\nHost:')
    expect([lab.site.connections, lab.reactor.getDelayedCalls().length]).toEqual([1, 1])
    lab.lose()
    expect([lab.site.connections, lab.reactor.getDelayedCalls().length]).toEqual([0, 0])
  })
})

describe('handlers that fail', () => {
  it.each<[string, RequestHandler]>([
    ['throw', () => { throw new Error('secret') }],
    ['reject', () => Promise.reject(new Error('secret'))],
    ['fail later', () => new Deferred().addCallback(() => { throw new Error('secret') })],
  ])('%s: 500, logged, and the connection goes on', async (_what, handler) => {
    const logged = collectLog()
    const lab = new Lab((request, response) => {
      if (request.path === '/next') return 'next'
      const result = handler(request, response)
      if (result instanceof Deferred) result.callback(undefined)
      return result
    }).send(`${GET}GET /next HTTP/1.1\r\nHost: a\r\n\r\n`)
    await settled()
    expect(lab.responses().map(({ status, body }) => [status, body]))
      .toEqual([[500, 'Internal Server Error\n'], [200, 'next']])
    expect(logged().join()).toContain('secret')
  })

  it('with a status of their own', async () => {
    const logged = collectLog()
    const seen = await answer(() => { throw new HTTPError(404, 'There is no such room.') })
    expect([seen.status, seen.body]).toEqual([404, 'There is no such room.\n'])
    expect(logged()).toEqual([])
  })

  it('behind the head: the connection is aborted', async () => {
    collectLog()
    const lab = new Lab(async (_request, response) => {
      await response.write('half')
      throw new Error('no more')
    }).send(GET)
    await settled()
    expect(lab.transport.aborted).toBe(true)
  })

  it('throw away what they had put into the head', async () => {
    collectLog()
    const seen = await answer((_request, response) => {
      response.headers.set('Set-Cookie', 'secret=1')
      response.headers.set('Content-Length', '99')
      throw new Error('no')
    })
    expect([seen.status, seen.headers.has('set-cookie')]).toEqual([500, false])
  })
})

describe('a site', () => {
  it('needs a handler and a reactor', () => {
    expect(() => new Site(undefined as never)).toThrow(TypeError)
    expect(() => new Site({} as never)).toThrow(TypeError)
    expect(() => new Site(() => '').buildProtocol(new StringTransport().getPeer())).toThrow(TypeError)
    for (const options of [{ limits: { headerCount: -1 } }, { timeouts: { idle: -1 } }]) {
      expect(() => new Site(() => '', options)).toThrow(RangeError)
    }
    expect(() => new Site(() => '', { limits: { nonsense: 1 } as never })).toThrow(TypeError)
  })

  it('takes an object that handles requests', async () => {
    const site = new Site({ handleRequest: (request) => `object ${request.path}` }, { reactor: new MemoryReactor() })
    const transport = new StringTransport()
    const channel = site.buildProtocol(transport.getPeer())!
    channel.makeConnection(transport)
    channel.dataReceived(new TextEncoder().encode(GET))
    expect(transport.text()).toMatch(/object \/$/)
  })
})
