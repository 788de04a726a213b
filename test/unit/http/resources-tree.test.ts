/** Trees of resources: the walk, methods, redirects, virtual hosts. */
import { describe, expect, it } from 'vitest'
import { Deferred, fail, succeed } from '../../../src/defer/index.js'
import {
  Data, ErrorPage, NoResource, Redirect, Resource, VirtualHosts,
} from '../../../src/http/index.js'
import type { ServerRequest, ServerResponse } from '../../../src/http/index.js'
import { Lab } from './resources-lab.js'

class Leaf extends Resource {
  override isLeaf = true
  render_GET({ prepath, postpath }: ServerRequest): string {
    return JSON.stringify([prepath, postpath])
  }
  render_POST(request: ServerRequest): unknown {
    return request.text().addCallback((text: string) => text.toUpperCase())
  }
}

class Named extends Resource {
  readonly name: string
  constructor(name: string) {
    super()
    this.name = name
  }
  render_GET(): string {
    return this.name
  }
}

class Lazy extends Resource {
  override getChild(segment: string): Resource | Deferred<Resource> | Promise<Resource> {
    if (segment === 'later') return succeed<unknown>(new Leaf()) as unknown as Deferred<Resource>
    if (segment === 'fails') return fail(new Error('no luck')) as unknown as Deferred<Resource>
    if (segment === 'throws') throw new Error('thrown')
    return segment === 'leaf' ? new Leaf() : new NoResource(`no ${segment}`)
  }
}

const tree = (): Resource => new Named('root')
  .putChild('', new Named('index'))
  .putChild('leaf', new Leaf())
  .putChild('a', new Named('a').putChild('', new Named('a/')).putChild('b c', new Named('b c')))
  .putChild('lazy', new Lazy())
  .putChild('data', new Data('hello\u20ac'))
  .putChild('bytes', new Data(new Uint8Array([0, 255]), 'image/x'))

describe('the walk', () => {
  it.each([
    ['/', 200, 'index'], ['/a', 200, 'a'], ['/a/', 200, 'a/'], ['/a/b%20c', 200, 'b c'],
    ['/leaf', 200, '[["leaf"],[]]'],
    ['/leaf/x/%2e%2e/y%2Fz/', 200, '[["leaf"],["x","..","y/z",""]]'],
    ['/lazy/later/x', 200, '[["lazy","later"],["x"]]'],
    ['/lazy/leaf', 200, '[["lazy","leaf"],[]]'], ['/a?b=/c', 200, 'a'], ['http://h/a/', 200, 'a/'],
    ['/none', 404, null], ['/a/none', 404, null], ['/a/b%2', 400, null], ['/a/%ff', 400, null], ['/a//', 404, null],
    ['/leaf/%e2%82%ac', 200, '[["leaf"],["\u00e2\u0082\u00ac"]]'],
  ])('of %s: %i', (path, status, body) => {
    const answer = new Lab(tree()).ask(`GET ${path}`)
    expect(answer.status).toBe(status)
    if (body !== null) expect(answer.body).toBe(body)
    else expect(answer.headers['content-type']).toBe('text/html; charset=utf-8')
  })

  it('says what is not there as text, not as markup', () => {
    const { body } = new Lab(new Lazy()).ask('GET /%3Cscript%3E')
    expect(body).toContain('no &lt;script&gt;')
    expect(body).not.toContain('<script')
  })

  it('an error on the way is a 500', () => {
    const lab = new Lab(tree())
    expect(lab.ask('GET /lazy/fails').status).toBe(500)
    expect(lab.ask('GET /lazy/throws').status).toBe(500)
  })

  it('children are resources, and a segment has no slash', () => {
    expect(() => new Resource().putChild('a/b', new Resource())).toThrow(TypeError)
    expect(() => new Resource().putChild('a', {} as never)).toThrow(TypeError)
    const root = new Resource().putChild('a', new Named('a'))
    expect([...root.children.keys()]).toEqual(['a'])
    root.removeChild('a')
    expect(new Lab(root).ask('GET /a').status).toBe(404)
  })
})

describe('methods', () => {
  it('GET answers HEAD, without a body', () => {
    const answer = new Lab(tree()).ask('HEAD /data')
    expect([answer.status, answer.body, answer.headers['content-length']]).toEqual([200, '', '8'])
    expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8')
  })

  it('others are 405, and OPTIONS says which there are', () => {
    const lab = new Lab(tree())
    const refused = lab.ask('PUT /leaf', {}, 'x')
    expect([refused.status, refused.headers['allow']]).toEqual([405, 'GET, HEAD, OPTIONS, POST'])
    const options = lab.ask('OPTIONS /data')
    expect([options.status, options.headers['allow'], options.body]).toEqual([204, 'GET, HEAD, OPTIONS', ''])
    expect(lab.ask('POST /leaf', {}, 'abc').body).toBe('ABC')
    expect(lab.ask('constructor /leaf').status).toBe(405)
    expect(lab.ask('GET /bytes').body).toBe('\0\xff')
  })

  it('a resource without any answers all of them with 405', () => {
    expect(new Lab(new Resource().putChild('', new Resource())).ask('GET /').headers['allow']).toBe('OPTIONS')
  })
})

describe('ErrorPage', () => {
  it('answers everything, below it too', () => {
    const lab = new Lab(new ErrorPage(503, 'Closed', 'Until <Monday>'))
    const { status, body } = lab.ask('POST /a/b', {}, 'x')
    expect(status).toBe(503)
    expect(body).toContain('<h1>503 Closed</h1>')
    expect(body).toContain('Until &lt;Monday&gt;')
  })
})

describe('Redirect', () => {
  it.each([
    ['/new?a=b#c', 302, '/new?a=b#c'], ['https://example.org/', 301, 'https://example.org/'],
    ['/caf\u00e9 <b>"', 308, '/caf%C3%A9%20%3Cb%3E%22'], ['/%41', 307, '/%41'], ['/\ud800', 303, '/%EF%BF%BD'],
  ] as const)('to %j with %i', (location, status, sent) => {
    const answer = new Lab(new Redirect(location, status)).ask('GET /x/y')
    expect([answer.status, answer.headers['location']]).toEqual([status, sent])
    expect(answer.body).not.toContain('<b>')
  })

  it('refuses what would be more than a field', () => {
    expect(() => new Redirect('/a\r\nSet-Cookie: b=c')).toThrow(TypeError)
    expect(() => new Redirect('/a', 200 as never)).toThrow(RangeError)
  })
})

describe('VirtualHosts', () => {
  const hosts = (): Resource => new VirtualHosts({ 'one.test': tree(), '[::1]': new Leaf() })
    .addHost('Two.test', new Leaf())

  it.each([
    ['one.test', 'GET /a/', 200, 'a/'], ['ONE.TEST:8080', 'GET /', 200, 'index'], ['one.test.', 'GET /a', 200, 'a'],
    ['two.test', 'GET /a/b', 200, '[[],["a","b"]]'], ['[::1]:80', 'GET /', 200, '[[],[""]]'],
    ['other.test', 'GET http://one.test/a', 200, 'a'], ['three.test', 'GET /', 421, null], ['', 'GET /', 421, null],
  ])('%s, %s: %i', (host, line, status, body) => {
    const answer = new Lab(hosts()).ask(line, { Host: host })
    expect(answer.status).toBe(status)
    if (body !== null) expect(answer.body).toBe(body)
  })

  it('names are names, and can be taken away', () => {
    expect(() => new VirtualHosts({ 'a/b': new Leaf() })).toThrow(TypeError)
    expect(() => new VirtualHosts({ 'a:80': new Leaf() })).toThrow(TypeError)
    const root = new VirtualHosts({ 'a.test': new Leaf() }, new Named('other').putChild('', new Named('other')))
    root.removeHost('A.test')
    expect(new Lab(root).ask('GET /', { Host: 'a.test' }).body).toBe('other')
  })
})

describe('what a resource gives back', () => {
  it('is what a handler may give back', () => {
    class Answers extends Resource {
      override isLeaf = true
      render_GET(_request: ServerRequest, response: ServerResponse): unknown {
        response.headers.set('X-Seen', 'yes')
        return { status: 201, headers: { 'Content-Type': 'text/x' }, body: 'made' }
      }
    }
    const { status, body, headers } = new Lab(new Answers()).ask('GET /')
    expect([status, body, headers['x-seen'], headers['content-type']]).toEqual([201, 'made', 'yes', 'text/x'])
  })
})
