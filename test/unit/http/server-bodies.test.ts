/**
 * Bodies of requests, connections that end early, upgrades, draining, and the access log.
 */
import { describe, expect, it } from 'vitest'
import { Deferred, Failure } from '../../../src/defer/index.js'
import { ConnectionDone } from '../../../src/errors/index.js'
import { BodyTooLargeError } from '../../../src/http/index.js'
import type { AccessLogFormat, RequestHandler, ServerRequest } from '../../../src/http/index.js'
import type { IDrainingProtocol, IProtocol } from '../../../src/interfaces/index.js'
import { Protocol } from '../../../src/protocols/index.js'
import { WrappingFactory } from '../../../src/protocols/policies/index.js'
import { StringTransport } from '../../../src/testing/index.js'
import { collectLog, echo, Lab, settled } from './server-lab.js'

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'
const post = (body: string, fields = ''): string =>
  `POST / HTTP/1.1\r\nHost: a\r\n${fields}Content-Length: ${body.length}\r\n\r\n${body}`

describe('bodies', () => {
  it('are read whole, as text, as JSON, or piece by piece', async () => {
    const lab = new Lab(async (request) => {
      switch (request.headers.get('x-how')) {
        case 'read': return String((await request.read()).length)
        case 'text': return await request.text()
        case 'json': return JSON.stringify(await request.json())
        default: {
          let all = ''
          for await (const piece of request) all += `<${String.fromCharCode(...piece)}>`
          return all
        }
      }
    })
    lab.send(post('12', 'X-How: read\r\n'), post('12', 'X-How: text\r\n'), post('{"a": 1}', 'X-How: json\r\n'))
    await settled()
    const [head, rest] = [post('abcdef').slice(0, -4), post('abcdef').slice(-4)]
    lab.send(head)
    await settled()
    lab.send(rest)
    await settled()
    expect(lab.responses().map((one) => one.body)).toEqual(['2', '12', '{"a":1}', '<ab><cdef>'])
  })

  it('may be asked for late', async () => {
    const go = new Deferred<void>()
    const lab = new Lab(async (request) => {
      await go
      return await request.text()
    }).send(post('hello'), GET)
    go.callback(undefined)
    await settled()
    expect(lab.responses().map((one) => one.body)).toEqual(['hello', ''])
  })

  it('are read once', async () => {
    const logged = collectLog()
    const lab = new Lab(async (request) => {
      await request.text()
      return await request.text()
    }).send(post('hello'))
    await settled()
    expect(lab.responses()[0]!.status).toBe(500)
    expect(logged().join()).toContain('ERR_HTTP_BODY_TAKEN')
  })

  it('that are no JSON are 400', async () => {
    const lab = new Lab(async (request) => { await request.json() }).send(post('{'), GET)
    await settled()
    expect(lab.responses()[0]!.status).toBe(400)
  })

  it('are too large for one call', async () => {
    let error: unknown
    const lab = new Lab(async (request) => {
      await request.read(4).catch((reason: unknown) => { error = reason })
      return 'fine'
    }).send(post('hello'), GET)
    await settled()
    expect(error).toBeInstanceOf(BodyTooLargeError)
    expect(lab.responses().map((one) => one.body)).toEqual(['fine', 'fine'])
  })

  it('have no limit where the site has none', async () => {
    const lab = new Lab(async (request) => String((await request.read()).length), { limits: { bodyBytes: null } })
    lab.send(post('b'.repeat(1_200_000)))
    await settled()
    expect(lab.responses()[0]!.body).toBe('1200000')
  })

  it('have trailers behind chunks', async () => {
    const lab = new Lab(async (request) => `${await request.text()} ${request.trailers.get('X-T')}`)
    lab.send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX-T: 1\r\n\r\n')
    await settled()
    expect(lab.responses()[0]!.body).toBe('hi 1')
  })

  it('hold the peer back while their reader is slow', async () => {
    const go = new Deferred<void>()
    let total = 0
    const lab = new Lab(async (request) => {
      for await (const piece of request) {
        total += piece.length
        await go
      }
      return String(total)
    }, { limits: { bodyBytes: null } })
    lab.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n')
    for (let i = 0; i < 5; i++) lab.send('b'.repeat(20_000))
    await settled()
    expect([lab.transport.producerState, total]).toEqual(['paused', 20_000])
    go.callback(undefined)
    await settled()
    expect([lab.transport.producerState, total]).toEqual(['producing', 100_000])
    for (let i = 0; i < 5; i++) lab.send('b'.repeat(20_000))
    await settled()
    expect(lab.responses()[0]!.body).toBe('200000')
  })

  it('that nobody reads are thrown away, to keep the connection', () => {
    const lab = new Lab((_request, response) => response.end())
    lab.send(post('b'.repeat(60_000)) + GET)
    expect([lab.responses().length, lab.closed]).toEqual([2, false])
  })

  it('that nobody reads are not waited for when they are long', () => {
    const lab = new Lab((_request, response) => response.end(), { limits: { bodyBytes: null } })
    lab.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 70000\r\n\r\n')
    expect([lab.responses()[0]!.headers.get('connection'), lab.closed]).toEqual(['close', true])
    const chunked = new Lab((_request, response) => response.end())
    chunked.send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n')
    expect(chunked.closed).toBe(false)
    for (let i = 0; i < 5; i++) chunked.send(`4000\r\n${'b'.repeat(16_384)}\r\n`)
    expect(chunked.closed).toBe(true)
  })

  it('that nobody reads do not fill memory while the handler thinks', async () => {
    const lab = new Lab(() => undefined, { limits: { bodyBytes: null } })
    lab.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n')
    for (let i = 0; i < 5; i++) lab.send('b'.repeat(20_000))
    expect(lab.transport.producerState).toBe('paused')
  })

  it('may be left in the middle', async () => {
    const lab = new Lab(async (request) => {
      for await (const piece of request) return `first ${piece.length}`
      return ''
    })
    lab.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello')
    await settled()
    lab.send(`hello${GET}`)
    await settled()
    expect(lab.responses().map((one) => one.body)).toEqual(['first 5', ''])
  })
})

describe('Expect: 100-continue', () => {
  const head = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n'

  it('is answered when the body is asked for', async () => {
    const go = new Deferred<void>()
    const lab = new Lab(async (request) => {
      await go
      return await request.text()
    }).send(head)
    await settled()
    expect(lab.text).toBe('')
    go.callback(undefined)
    await settled()
    expect(lab.text).toBe('HTTP/1.1 100 Continue\r\n\r\n')
    lab.send('hello')
    await settled()
    expect(lab.responses().map(({ status, body }) => [status, body])).toEqual([[100, ''], [200, 'hello']])
    expect(lab.closed).toBe(false)
  })

  it('is not answered when the body comes anyway', async () => {
    const lab = new Lab(echo).send(`${head}hello`)
    await settled()
    // Asked for before it was seen: once is fine, and so is not at all.
    expect(lab.responses().filter((one) => one.status === 200).map((one) => one.body)).toEqual(['POST / hello'])
    expect(lab.responses().filter((one) => one.status === 100).length).toBeLessThan(2)
  })

  it('is not answered when the answer needs no body, and the connection ends', () => {
    const lab = new Lab((_request, response) => response.end('no, thanks')).send(head)
    expect(lab.responses().map(({ status, headers }) => [status, headers.get('connection')])).toEqual([[200, 'close']])
    expect(lab.closed).toBe(true)
  })
})

describe('informational responses', () => {
  const hints: RequestHandler = (_request, response) => {
    response.informational(103, { Link: '</a.css>; rel=preload' })
    return 'page'
  }

  it('come before the real one', () => {
    const lab = new Lab(hints).send(GET)
    expect(lab.responses().map(({ status, headers, body }) => [status, headers.get('link'), body]))
      .toEqual([[103, '</a.css>; rel=preload', ''], [200, undefined, 'page']])
  })

  it('are not for HTTP/1.0', () => {
    expect(new Lab(hints).send('GET / HTTP/1.0\r\n\r\n').responses().map((one) => one.status)).toEqual([200])
  })
})

describe('connections that end early', () => {
  it('abort the signal, fail notifyFinish and the body', async () => {
    let seen: ServerRequest | null = null
    const failures: string[] = []
    const lab = new Lab((request) => {
      seen = request
      request.notifyFinish().addErrback((failure) => { failures.push(failure.value.name) })
      request.read().addErrback((failure) => { failures.push(failure.value.name) })
      expect(request.signal.aborted).toBe(false)
    }).send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello')
    lab.lose()
    expect(seen!.signal.aborted).toBe(true)
    expect(failures.sort()).toEqual(['BodyIncompleteError', 'ConnectionDone'])
  })

  it('are no matter behind the response', async () => {
    let seen: ServerRequest | null = null
    const ends: string[] = []
    const lab = new Lab((request, response) => {
      seen = request
      request.notifyFinish().addCallback(() => { ends.push('finished') })
      void request.signal
      response.end()
    }).send(GET)
    lab.lose()
    expect([seen!.signal.aborted, ends]).toEqual([false, ['finished']])
  })

  it('take what is still written, and lose it', async () => {
    const logged = collectLog()
    let go = (): void => undefined
    const lab = new Lab(async (_request, response) => {
      await new Promise<void>((resolve) => { go = resolve })
      await response.write('a')
      response.end('b')
    }).send(GET)
    lab.lose()
    go()
    await settled()
    expect([lab.text, logged()]).toEqual(['', []])
  })

  it('by halves: the response still comes with halfClose', async () => {
    for (const halfClose of [false, true]) {
      const end: (() => void)[] = []
      const lab = new Lab((_request, response) => { end.push(() => response.end('late')) }, { halfClose })
      lab.send(GET + GET)
      lab.channel.readConnectionLost()
      expect(lab.closed).toBe(!halfClose)
      if (!halfClose) continue
      end[0]!()
      end[1]!()
      expect(lab.responses().map((one) => one.body)).toEqual(['late', 'late'])
      expect(lab.closed).toBe(true)
    }
  })
})

describe('peers that take nothing', () => {
  /** A peer whose window is closed. */
  class Stalled extends StringTransport {
    waiting = 0
    waiter: Deferred<void> | null = null

    override get writableLength(): number {
      return this.waiting
    }

    override drain(): Deferred<void> {
      return this.waiter ??= new Deferred<void>()
    }
  }

  it('are given up after a while', () => {
    const transport = new Stalled()
    const lab = new Lab((_request, response) => { void response.write('much') }, {}, transport).send(GET)
    transport.waiting = 4
    lab.reactor.advance(60_000)
    expect(transport.aborted).toBe(false)
    lab.reactor.advance(61_000)
    expect(transport.aborted).toBe(true)
  })

  it('get no more requests answered than fit', () => {
    const transport = new Stalled()
    const lab = new Lab((_request, response) => response.end('x'), {}, transport)
    transport.waiting = 100_000
    lab.send(GET.repeat(5))
    expect([lab.responses().length, transport.producerState]).toEqual([1, 'paused'])
    transport.waiting = 0
    transport.waiter!.callback(undefined)
    expect([lab.responses().length, transport.producerState]).toEqual([5, 'producing'])
  })

  it('are aborted when they are to be closed and do not take the last response', () => {
    const transport = new Stalled()
    const lab = new Lab((_request, response) => response.end('x'), {}, transport)
    lab.send('GET / HTTP/1.0\r\n\r\n')
    expect([transport.disconnecting, transport.aborted]).toEqual([true, false])
    lab.reactor.advance(5000)
    expect(transport.aborted).toBe(true)
  })

  it('that take something are waited for, as long as it takes', () => {
    for (const request of [GET, 'GET / HTTP/1.0\r\n\r\n']) {
      const transport = new Stalled()
      const lab = new Lab((_request, response) => response.end('x'), {}, transport).send(request)
      for (transport.waiting = 100; transport.waiting > 90; transport.waiting--) {
        lab.reactor.advance(61_000)
        expect(transport.aborted).toBe(false)
      }
      lab.reactor.advance(61_000)
      expect(transport.aborted).toBe(false)
      lab.reactor.advance(61_000)
      expect(transport.aborted).toBe(true)
    }
  })
})

describe('other protocols', () => {
  class Collect extends Protocol {
    text = ''
    override connectionMade(): void {
      this.transport.write('[made]')
    }

    override dataReceived(data: Uint8Array): void {
      this.text += String.fromCharCode(...data)
    }
  }
  const upgrade = 'GET /up HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: Other, collect\r\n\r\n'

  it.each([[false], [true]])('get the connection, and what came behind the request first (later: %s)', async (later) => {
    const lab = new Lab()
    const made: Collect[] = []
    lab.site.upgrade('/up', {
      upgrades: ['collect'],
      acceptUpgrade: () => {
        const protocol = new Collect()
        made.push(protocol)
        const answer = { protocol, headers: { Upgrade: 'collect', 'X-A': '1' } }
        return later ? Promise.resolve(answer) : answer
      },
    })
    lab.send(`${upgrade}first`)
    await settled()
    lab.send(' second')
    expect(lab.text).toBe('HTTP/1.1 101 Switching Protocols\r\nUpgrade: collect\r\nX-A: 1\r\nConnection: Upgrade\r\n\r\n[made]')
    expect(made.map((one) => one.text)).toEqual(['first second'])
    expect([lab.site.connections, lab.reactor.getDelayedCalls().length]).toEqual([0, 0])
    lab.lose()
  })

  it('get it through a wrapper too, and hear of the end', async () => {
    const lab = new Lab()
    const lost: string[] = []
    class Listener extends Collect {
      override connectionLost(reason: Failure): void {
        lost.push(`${this.text} ${reason.value.name}`)
      }
    }
    lab.site.upgrade('/up', { upgrades: ['collect'], acceptUpgrade: () => ({ protocol: new Listener() }) })
    const transport = new StringTransport()
    const wrapper = new WrappingFactory(lab.site).buildProtocol(transport.getPeer())!
    wrapper.makeConnection(transport)
    wrapper.dataReceived(new TextEncoder().encode(`${upgrade}first`))
    wrapper.dataReceived(new TextEncoder().encode(' second'))
    expect(transport.text()).toMatch(/^HTTP\/1.1 101 [^]*\[made\]$/)
    wrapper.connectionLost(new Failure(new ConnectionDone()))
    expect(lost).toEqual(['first second ConnectionDone'])
  })

  it('are only for those who ask, and where there are some', async () => {
    const lab = new Lab()
    lab.site.upgrade('/up', { buildProtocol: () => new Collect(), doStart: () => undefined, doStop: () => undefined }, 'collect')
    lab.send(upgrade.replace('/up', '/elsewhere'), upgrade.replace('collect', 'nothing'), GET)
    await settled()
    expect(lab.responses().map((one) => one.status)).toEqual([200, 200, 200])
    lab.send(upgrade)
    expect(lab.text).toContain('101 Switching Protocols\r\nUpgrade: Other')
  })

  it('may be refused', async () => {
    const lab = new Lab()
    lab.site.upgrade('/up', { upgrades: ['collect'], acceptUpgrade: () => ({ status: 403, body: 'no' }) })
    lab.send(upgrade, GET)
    await settled()
    expect(lab.responses().map((one) => one.status)).toEqual([403, 200])
  })

  it('are not for requests with a body', async () => {
    const lab = new Lab()
    lab.site.upgrade('/up', { upgrades: ['collect'], acceptUpgrade: () => ({ protocol: new Collect() }) })
    lab.send(upgrade.replace('GET', 'POST').replace('\r\n\r\n', '\r\nContent-Length: 2\r\n\r\nhi'))
    await settled()
    expect(lab.responses().map(({ status, body }) => [status, body])).toEqual([[200, 'POST /up hi']])
  })

  it('begin a tunnel where the site has them', async () => {
    const protocol = new Collect()
    const lab = new Lab((request, response) => {
      if (request.method === 'CONNECT') response.switchProtocol(protocol)
      else return request.host
      return undefined
    }, { tunnels: true }).send('CONNECT b:443 HTTP/1.1\r\nHost: b:443\r\n\r\nbytes')
    expect(lab.text).toBe('HTTP/1.1 200 OK\r\n\r\n[made]')
    expect(protocol.text).toBe('bytes')
  })
})

describe('draining', () => {
  it('closes idle connections at once, and others behind their response', () => {
    let end = (): void => undefined
    const busy = new Lab((_request, response) => { end = () => response.end('done') })
    const idle = new StringTransport()
    busy.site.buildProtocol(idle.getPeer())!.makeConnection(idle)
    busy.send(GET)
    busy.channel.draining()
    busy.site.drain()
    expect([idle.disconnecting, busy.closed]).toEqual([true, false])
    end()
    expect([busy.responses()[0]!.headers.get('connection'), busy.closed]).toEqual(['close', true])
  })

  it('is told through wrappers', () => {
    const lab = new Lab()
    const transport = new StringTransport()
    const wrapper = new WrappingFactory(lab.site).buildProtocol(transport.getPeer()) as IProtocol & IDrainingProtocol
    wrapper.makeConnection(transport)
    wrapper.draining()
    expect(transport.disconnecting).toBe(true)
  })

  it('lets a head that has begun come to its end', async () => {
    const lab = new Lab().send('GET / HTTP/1.1\r\nHo')
    lab.channel.draining()
    expect(lab.closed).toBe(false)
    lab.send('st: a\r\n\r\n')
    await settled()
    expect([lab.responses()[0]!.headers.get('connection'), lab.closed]).toEqual(['close', true])
  })
})

describe('the access log', () => {
  async function lines(format: AccessLogFormat, ...requests: string[]): Promise<string[]> {
    const found: string[] = []
    const lab = new Lab(echo, { accessLog: { format, to: (line) => { found.push(line) } } })
    lab.reactor.epoch = Date.UTC(2000, 9, 10, 13, 55, 36)
    lab.send(...requests)
    await settled()
    return found
  }

  it('has lines of the Common Log Format', async () => {
    expect(await lines('common', GET, post('hello'))).toEqual([
      '192.0.2.2 - - [10/Oct/2000:13:55:36 +0000] "GET / HTTP/1.1" 200 6\n',
      '192.0.2.2 - - [10/Oct/2000:13:55:36 +0000] "POST / HTTP/1.1" 200 12\n',
    ])
  })

  it('has who sent them in combined lines, and nobody can forge one', async () => {
    const [line] = await lines('combined', 'GET /"\\ HTTP/1.1\r\nHost: a\r\nUser-Agent: a" \x9b b\r\n\r\n')
    expect(line).toBe('192.0.2.2 - - [10/Oct/2000:13:55:36 +0000] "GET /\\"\\\\ HTTP/1.1" 200 8 "-" "a\\" \\x9b b"\n')
  })

  it('is JSON for programs', async () => {
    const [line] = await lines('json', GET)
    expect(JSON.parse(line!)).toEqual({
      time: '2000-10-10T13:55:36.000Z', peer: '192.0.2.2', method: 'GET', target: '/', version: '1.1', host: 'a',
      status: 200, bytes: 6, duration: 0, referer: null, userAgent: null,
    })
  })

  it('tells of what was no request, and of connections that were lost', async () => {
    expect(await lines('common', 'nonsense\r\n\r\n')).toEqual(['192.0.2.2 - - [10/Oct/2000:13:55:36 +0000] "-" 400 -\n'])
    const found: string[] = []
    const lab = new Lab(() => undefined, { accessLog: (line) => { found.push(line) } }).send(GET)
    lab.lose()
    expect(found[0]).toMatch(/"GET \/ HTTP\/1.1" - -\n$/)
  })
})
