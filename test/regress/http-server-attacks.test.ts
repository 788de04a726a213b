/**
 * What hostile peers and mistaken handlers did to the HTTP server once.
 */
import { describe, expect, it } from 'vitest'
import { Protocol } from '../../src/protocols/index.js'
import { StringTransport } from '../../src/testing/index.js'
import { collectLog, Lab, settled } from '../unit/http/server-lab.js'

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'
const post = (body: string): string => `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`
const CHUNKED = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n'

describe('responses', () => {
  it('205 never announces a body, whatever the handler says', () => {
    for (const inPieces of [false, true]) {
      const lab = new Lab((_request, response) => {
        response.status = 205
        response.headers.set('Content-Length', '5')
        if (inPieces) void response.write('hello')
        response.end(inPieces ? undefined : 'hello')
      }).send(GET, GET)
      expect(lab.responses().map((one) => one.headers.get('content-length'))).toEqual(['0', '0'])
    }
  })

  it('trailers frame nothing, and are ISO 8859-1', () => {
    const lab = new Lab((_request, response) => {
      void response.write('x')
      response.trailers.set('Content-Length', '9')
      response.trailers.set('Transfer-Encoding', 'chunked')
      response.trailers.set('Connection', 'close')
      response.trailers.set('X-Name', 'J\xfcrgen')
      response.end()
    }).send('GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\n\r\n')
    const raw = String.fromCharCode(...lab.transport.value())
    expect(raw.slice(raw.indexOf('\r\n0\r\n'))).toBe('\r\n0\r\nX-Name: J\xfcrgen\r\n\r\n')
  })

  it('to HEAD end at once, although the body of a GET has no end', async () => {
    let ended = 0
    function * endless(): Generator<string> {
      try {
        for (let i = 0; i < 1e5; i++) yield 'tick'
        throw new Error('all of it was made')
      } finally {
        ended += 1
      }
    }
    const lab = new Lab((request) => request.method === 'HEAD' ? { body: endless() } : 'next')
      .send(`HEAD / HTTP/1.1\r\nHost: a\r\n\r\n${GET}`)
    await settled()
    expect(lab.responses([0]).map((one) => [one.status, one.body])).toEqual([[200, ''], [200, 'next']])
    expect([ended <= 1, lab.closed]).toEqual([true, false])
  })

  it('are complete although the access log throws', async () => {
    const logged = collectLog()
    const lab = new Lab(() => 'fine', { accessLog: () => { throw new Error('the disk is full') } }).send(GET, GET)
    await settled()
    expect(lab.responses().map((one) => one.body)).toEqual(['fine', 'fine'])
    expect(logged().join()).toContain('the disk is full')
    lab.send('nonsense\r\n\r\n')
    await settled()
    expect([lab.responses()[2]!.status, lab.closed]).toEqual([400, true])
    const other = new Lab(() => undefined, { accessLog: () => { throw new Error('the disk is full') } }).send(GET)
    other.lose()
    expect(other.site.connections).toBe(0)
  })

  it('that come late may still be begun with hints: they go nowhere', () => {
    const lab = new Lab((_request, response) => {
      lab.lose()
      response.informational(103)
      response.end('late')
    })
    lab.send(GET)
    expect(lab.text).toBe('')
  })
})

describe('request bodies', () => {
  it('that were thrown away behind the answer are not taken for empty ones', async () => {
    const got: unknown[] = []
    const lab = new Lab(async (request, response) => {
      response.end('accepted')
      await settled()
      await request.text().then((text: string) => got.push(text), (error: Error) => got.push(error.name))
    }).send(post('hello'), GET)
    await settled()
    await settled()
    expect(lab.responses().length).toBe(2)
    expect(got).toEqual(['BodyIncompleteError', ''])
  })

  it('whose framing broke are not taken for empty ones', async () => {
    const got: unknown[] = []
    const lab = new Lab(async (request) => {
      await settled()
      await request.text().then((text: string) => got.push(text), (error: Error) => got.push(error.name))
    }).send(`${CHUNKED}nonsense\r\n`)
    await settled()
    await settled()
    expect([lab.responses()[0]!.status, lab.closed, got]).toEqual([400, true, ['BodyIncompleteError']])
  })

  it('of very many tiny chunks hold the peer back as long ones do', () => {
    const lab = new Lab(() => undefined)
    lab.send(CHUNKED)
    let sent = 0
    while (lab.transport.producerState === 'producing' && sent < 60_000) {
      lab.send('1\r\nx\r\n'.repeat(500))
      sent += 500
    }
    expect(sent).toBeLessThan(4000)
  })

  it('that nobody goes on reading behind the answer do not keep the connection', async () => {
    const lab = new Lab(async (request) => {
      await request[Symbol.asyncIterator]().next()
      return 'enough'
    }, { limits: { bodyBytes: null } })
    lab.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n')
    for (let i = 0; i < 10; i++) lab.send('b'.repeat(20_000))
    await settled()
    expect(lab.responses()[0]!.body).toBe('enough')
    for (let i = 0; i < 10; i++) lab.reactor.advance(10_000)
    expect(lab.closed).toBe(true)
  })
})

describe('what comes behind the end of a body', () => {
  class Quiet extends Protocol {
    got = ''
    override dataReceived(data: Uint8Array): void {
      this.got += String.fromCharCode(...data)
    }
  }

  it('goes to the protocol that takes over from within it', () => {
    const other = new Quiet()
    const lab = new Lab((request, response) => {
      void request.read().addCallback(() => response.switchProtocol(other))
    }, { limits: { pipelined: 1 } })
    lab.send('POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\nContent-Length: 2\r\n\r\nhibehind')
    expect([lab.responses()[0]!.status, other.got]).toEqual([101, 'behind'])
  })

  it('is answered once it is its turn, and only then', () => {
    class Stalled extends StringTransport {
      waiting = 0
      override get writableLength(): number {
        return this.waiting
      }
    }
    const seen: string[] = []
    const lab = new Lab((request, response) => {
      seen.push(request.method)
      void request.read().addCallback(() => response.end('x'))
    }, { limits: { pipelined: 1 } }, new Stalled())
    lab.send(`${post('a')}${post('b')}`)
    lab.reactor.advance(0)
    lab.reactor.advance(0)
    expect([seen.length, lab.responses().length]).toEqual([2, 2])
  })
})

describe('OPTIONS for the server as a whole', () => {
  it.each(['*', 'http://a', 'http://a:80'])('is answered by the server for %s', (target) => {
    const lab = new Lab(() => 'the handler').send(`OPTIONS ${target} HTTP/1.1\r\nHost: a\r\n\r\n`)
    expect(lab.responses().map((one) => [one.status, one.body])).toEqual([[200, '']])
  })
})

describe('the access log', () => {
  it('has nothing in JSON that a terminal would obey', () => {
    const lines: string[] = []
    const lab = new Lab(() => 'x', { accessLog: { format: 'json', to: (line) => { lines.push(line) } } })
    lab.send('GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: \x9b31m\x85\xfc\r\n\r\n')
    expect(lines[0]).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/)
    expect((JSON.parse(lines[0]!) as { userAgent: string }).userAgent).toBe('\x9b31m\x85\xfc')
  })

  it('tells of heads that took too long', () => {
    const lines: string[] = []
    const lab = new Lab(() => 'x', { accessLog: (line) => { lines.push(line) } }).send('GET / HTTP/1.1\r\n')
    lab.reactor.advance(10_000)
    expect(lab.responses()[0]!.status).toBe(408)
    expect(lines.map((line) => / "-" 408 -\n$/.test(line))).toEqual([true])
  })
})

describe('a peer that closes its sending side', () => {
  it('has closed the connection, and not cut a body short that never was', async () => {
    const found: unknown[] = []
    const lab = new Lab((request) => {
      request.notifyFinish().addErrback((failure) => found.push((failure.value as Error).name))
      request.signal.addEventListener('abort', () => found.push((request.signal.reason as Error).name))
    }).send(GET)
    lab.channel.readConnectionLost()
    await settled()
    expect([found, lab.closed]).toEqual([['ConnectionDone', 'ConnectionDone'], true])
  })
})
