/** File over the files of a MemoryReactor: what is served, as what, and what is not. */
import { describe, expect, it } from 'vitest'
import { File, Resource } from '../../../src/http/index.js'
import { isName, isWithin, joinPath, splitPath } from '../../../src/http/resources/paths.js'
import { Lab } from './resources-lab.js'
import type { Answer } from './resources-lab.js'

const FILES = {
  '/srv/index.html': '<p>top', '/srv/a.txt': 'hello', '/srv/b.bin': '0123456789', '/srv/empty.txt': '',
  '/srv/.hidden': 'secret', '/srv/.git/config': 'secret', '/srv/sub/index.html': '<p>sub', '/srv/sub/x.css': 'p{}',
  '/srv/list/b<&>.txt': 'x', '/srv/list/a.txt': 'y', '/srv/list/.dot': 'z', '/srv/list/z/inner': '',
    '/srv/caf\u00e9.txt': 'caf\u00e9',
  '/srv/noext': 'n', '/srv/odd.odd': 'o', '/srv/a.txt.gz': 'zipped', '/srv/a.txt.br': 'brotli', '/outside': 'secret',
  '/srv2/secret': 'secret', '/srv/con.txt': 'fine', '/srv/50%.txt': 'half', '/srv/a b.txt': 'blank',
}

const lab = (options: ConstructorParameters<typeof File>[1] = {}, path = '/srv'): Lab =>
  new Lab(new File(path, options)).files(FILES)

describe('paths', () => {
  it.each([
    ['/', 200, '<p>top'], ['/index.html', 200, '<p>top'], ['/a.txt', 200, 'hello'], ['/sub/', 200, '<p>sub'],
    ['/a%2etxt', 200, 'hello'], ['/%61.txt', 200, 'hello'], ['/caf%C3%A9.txt', 200, 'caf\u00c3\u00a9'],
    ['/50%25.txt', 200, 'half'],
    ['/a%20b.txt', 200, 'blank'], ['/con.txt', 200, 'fine'], ['/a.txt?x=../..', 200, 'hello'],
    ['/none', 404, null], ['/a.txt/', 404, null], ['/a.txt/x', 404, null], ['/list/', 403, null],
    // Ways out, all of which lead to nothing.
    ['/../outside', 404, null], ['/..', 404, null], ['/../', 404, null], ['/sub/../a.txt', 404, null],
    ['/./a.txt', 404, null],
    ['/%2e%2e/outside', 404, null], ['/%2E%2E%2Foutside', 404, null], ['/..%2foutside', 404, null],
    ['/%2e%2e%5coutside', 404, null], ['/..%5coutside', 404, null], ['/..\\outside', 404, null],
    ['/sub%2fx.css', 404, null],
    ['/sub\\x.css', 404, null], ['/sub%5Cx.css', 404, null], ['//outside', 404, null], ['//srv/a.txt', 404, null],
    ['/%2fsrv/a.txt', 404, null], ['/%2Foutside', 404, null], ['/a.txt%00', 404, null], ['/a.txt%00.html', 404, null],
    ['/%00', 404, null], ['/sub//x.css', 404, null], ['/%252e%252e/outside', 404, null],
    ['/%c0%ae%c0%ae/outside', 400, null],
    ['/%uff0e%uff0e/outside', 400, null], ['/..%c0%afoutside', 400, null], ['/%ff', 400, null], ['/%', 400, null],
    ['/..;/outside', 404, null], ['/.../outside', 404, null], ['/..%01/outside', 404, null], ['/~/outside', 404, null],
    ['/../srv2/secret', 404, null], ['/..srv2/secret', 404, null], ['/file:%2f%2f%2foutside', 404, null],
    // Dots.
    ['/.hidden', 404, null], ['/%2ehidden', 404, null], ['/.git/config', 404, null], ['/.git/', 404, null],
    ['/.git', 404, null],
  ])('%s: %i', (path, status, body) => {
    const answer = lab().ask(`GET ${path}`)
    expect(answer.status).toBe(status)
    expect(answer.body).not.toContain('secret')
    if (body !== null) expect(answer.body).toBe(body)
  })

  it('dots, where they are wanted', () => {
    const dots = lab({ dotfiles: true })
    expect(dots.ask('GET /.hidden').body).toBe('secret')
    expect(dots.ask('GET /.git/config').body).toBe('secret')
    expect(dots.ask('GET /../outside').status).toBe(404)
    expect(dots.ask('GET /./a.txt').status).toBe(404)
  })

  it.each([
    ['C:\\srv', 'a.txt', true], ['C:\\srv', 'a.txt:stream', false], ['C:\\srv', 'nul', false],
    ['C:\\srv', 'COM1.txt', false],
    ['C:\\srv', 'a.txt.', false], ['C:\\srv', 'a.txt ', false], ['C:\\srv', 'a\x01', false], ['C:\\srv', '..', false],
    ['C:\\srv', 'console', true], ['\\\\host\\share', 'a:b', false], ['/srv', 'a:b', true], ['/srv', 'nul', true],
    ['/srv', 'a\\b', false], ['/srv', '', false],
  ])('below %s a name may be %j: %s', (root, name, may) => {
    expect(isName(name, root)).toBe(may)
  })

  it('joins, splits, and tells what is inside', () => {
    expect(splitPath('/a/b%20c/')).toEqual(['a', 'b c', ''])
    expect(splitPath('/')).toEqual([''])
    expect(splitPath('/%zz')).toBeNull()
    expect(joinPath('/', ['a', 'b'], true)).toBe('/a/b')
    expect(joinPath('/srv', ['a', '..'], true)).toBeNull()
    expect([isWithin('/srv', '/srv'), isWithin('/srv', '/srv/a'), isWithin('/srv', '/srv2'), isWithin('/', '/a')])
      .toEqual([true, true, false, true])
    expect([isWithin('C:\\srv', 'C:\\srv\\a'), isWithin('C:\\srv', 'C:\\srvx')]).toEqual([true, false])
  })
})

describe('directories', () => {
  it.each([
    ['/sub', './sub/'], ['/sub?a=b/c', './sub/?a=b/c'], ['//sub', null], ['/list', './list/'],
  ])('%s leads to %s', (path, location) => {
    const answer = lab().ask(`GET ${path}`)
    expect([answer.status, answer.headers['location'] ?? null]).toEqual([location === null ? 404 : 301, location])
  })

  it('a list has links that are safe, in order, and no dots', () => {
    const { status, body, headers } = lab({ listing: true }).ask('GET /list/')
    expect([status, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8'])
    expect([...body.matchAll(/<li><a href="([^"]*)">([^<]*)<\/a>/g)].map(([, href, text]) => [href, text])).toEqual([
      ['./z/', 'z/'], ['./a.txt', 'a.txt'], ['./b%3C%26%3E.txt', 'b&lt;&amp;&gt;.txt'],
    ])
    expect(body).toContain('<title>Index of /list/</title>')
    expect(body).toContain('href="../"')
    expect(body).toContain('<html lang="en">')
    expect(lab({ listing: true }).ask('HEAD /list/').body).toBe('')
    expect(lab({ listing: true, dotfiles: true }).ask('GET /list/').body).toContain('.dot')
    const names = Object.keys(FILES).filter((name) => name !== '/srv/index.html')
    const top = new Lab(new File('/srv', { listing: true }))
    for (const name of names) top.reactor.files.set(name, 'x')
    expect(top.ask('GET /').body).not.toContain('href="../"')
  })

  it('names stand for a directory in their order', () => {
    expect(lab({ index: ['x.css', 'index.html'] }).ask('GET /sub/').body).toBe('p{}')
    expect(lab({ index: ['none', 'z', 'a.txt'] }).ask('GET /list/').body).toBe('y')
    expect(lab({ index: [] }).ask('GET /sub/').status).toBe(403)
  })

  it('below other resources, with children of its own, and one file alone', () => {
    const root = new Resource().putChild('static', new File('/srv').putChild('api', new File('/srv/sub')))
    const site = new Lab(root).files(FILES)
    expect(site.ask('GET /static/a.txt').body).toBe('hello')
    expect(site.ask('GET /static/api/x.css').body).toBe('p{}')
    expect(site.ask('GET /static').headers['location']).toBe('./static/')
    expect(site.ask('GET /static/sub').headers['location']).toBe('./sub/')
    expect(site.ask('GET /static/').body).toBe('<p>top')
    expect(site.ask('GET /static/../outside').status).toBe(404)
    expect(lab({}, '/srv/a.txt').ask('GET /').status).toBe(404)
    const one = new Lab(new Resource().putChild('a', new File('/srv/a.txt'))).files(FILES)
    expect([one.ask('GET /a').body, one.ask('GET /a/').status, one.ask('GET /a/b').status]).toEqual(['hello', 404, 404])
  })
})

describe('types', () => {
  it.each([
    ['/a.txt', {}, 'text/plain; charset=utf-8'], ['/sub/x.css', {}, 'text/css; charset=utf-8'],
    ['/sub/x.css', { charset: null }, 'text/css'],
    ['/a.txt', { charset: 'iso-8859-1' }, 'text/plain; charset=iso-8859-1'],
    ['/noext', {}, 'application/octet-stream'], ['/odd.odd', { defaultType: 'text/x' }, 'text/x; charset=utf-8'],
    ['/odd.odd', { types: { odd: 'application/x-odd' } }, 'application/x-odd'],
    ['/a.txt', { types: { txt: 'text/x; charset=koi8-r' } }, 'text/x; charset=koi8-r'],
  ])('%s with %j is %s', (path, options, type) => {
    expect(lab(options).ask(`GET ${path}`).headers['content-type']).toBe(type)
  })
})

describe('answers', () => {
  const get = (headers: Record<string, string> = {}, options = {}, line = 'GET /b.bin'): Answer =>
    lab(options).ask(line, headers)

  it('have validators, and say that there are ranges', () => {
    const { headers, body } = get({}, { cacheControl: 'max-age=60' })
    expect(body).toBe('0123456789')
    expect(headers).toMatchObject({
      'content-length': '10', etag: '"a-0"', 'last-modified': 'Thu, 01 Jan 1970 00:00:00 GMT', 'accept-ranges': 'bytes',
      'cache-control': 'max-age=60',
    })
  })

  it('to HEAD are those to GET without the body', () => {
    const full = get()
    const head = get({}, {}, 'HEAD /b.bin')
    expect([head.status, head.body, head.headers]).toEqual([200, '', full.headers])
    expect(get({ Range: 'bytes=0-1' }, {}, 'HEAD /b.bin').headers['content-length']).toBe('10')
  })

  it('of empty files are empty', () => {
    const answer = lab().ask('GET /empty.txt')
    expect([answer.status, answer.headers['content-length'], answer.body]).toEqual([200, '0', ''])
    expect(lab().ask('GET /empty.txt', { Range: 'bytes=0-' }).status).toBe(416)
  })

  it('one range is 206 with Content-Range', () => {
    const { status, headers, body } = get({ Range: 'bytes=2-4' })
    expect([status, headers['content-range'], headers['content-length'], body]).toEqual([206, 'bytes 2-4/10', '3',
      '234'])
    expect(get({ Range: 'bytes=-3' }).body).toBe('789')
    expect(get({ Range: 'bytes=0-0,20-' }).body).toBe('0')
  })

  it('several are multipart/byteranges, of the length that is said', () => {
    const { status, headers, body } = get({ Range: 'bytes=0-1,5-6,-1' })
    expect(status).toBe(206)
    const boundary = /^multipart\/byteranges; boundary=([\w-]{10,70})$/.exec(headers['content-type']!)![1]!
    expect(headers['content-range']).toBeUndefined()
    expect(headers['content-length']).toBe(String(body.length))
    const part = (range: string, data: string): string =>
      `--${boundary}\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes ${range}/10\r\n\r\n${data}\r\n`
    expect(body).toBe(`${part('0-1', '01')}${part('5-6', '56')}${part('9-9', '9')}--${boundary}--\r\n`)
  })

  it('what cannot be met is 416 with the length', () => {
    const { status, headers } = get({ Range: 'bytes=10-' })
    expect([status, headers['content-range']]).toEqual([416, 'bytes */10'])
  })

  it.each([
    [{ 'If-Range': '"a-0"', 'Range': 'bytes=0-1' }, 206, '01'],
    [{ 'If-Range': '"x"', 'Range': 'bytes=0-1' }, 200, '0123456789'],
    [{ 'If-Range': 'Thu, 01 Jan 1970 00:00:00 GMT', 'Range': 'bytes=0-1' }, 206, '01'],
    [{ 'If-Range': 'Thu, 01 Jan 1970 00:00:01 GMT', 'Range': 'bytes=0-1' }, 200, '0123456789'],
    [{ 'If-Range': '"x"', 'Range': 'bytes=99-' }, 200, '0123456789'], [{ 'Range': 'bytes=5-1' }, 200, '0123456789'],
    [{ 'If-None-Match': '"a-0"', 'Range': 'bytes=0-1' }, 304, ''], [{ 'If-None-Match': '"a-0"' }, 304, ''],
    [{ 'If-Modified-Since': 'Fri, 02 Jan 1970 00:00:00 GMT' }, 304, ''],
    [{ 'If-Match': '"x"', 'Range': 'bytes=0-1' }, 412, null],
    [{ 'If-Match': '"a-0"', 'Range': 'bytes=99-' }, 416, null],
    [{ 'If-Unmodified-Since': 'Wed, 31 Dec 1969 23:59:59 GMT' }, 412, null],
  ])('%j: %i', (headers, status, body) => {
    const answer = get(headers)
    expect(answer.status).toBe(status)
    if (body !== null) expect(answer.body).toBe(body)
    if (status === 304) {
      expect(answer.headers).toMatchObject({ etag: '"a-0"' })
      expect(answer.headers['content-type']).toBeUndefined()
      expect(answer.headers['content-length']).toBeUndefined()
    }
  })

  it('other methods are refused', () => {
    const answer = get({}, {}, 'DELETE /b.bin')
    expect([answer.status, answer.headers['allow']]).toEqual([405, 'GET, HEAD, OPTIONS'])
  })

  it('the compressed sibling, if the client takes it', () => {
    const ask = (accept: string | null,
      precompressed: boolean | readonly ('br' | 'gzip')[] = true): (string | undefined)[] => {
      const { headers, body } = lab({ precompressed }).ask('GET /a.txt',
        accept === null ? {} : { 'Accept-Encoding': accept })
      return [body, headers['content-encoding'], headers['content-type'], headers['vary']]
    }
    const type = 'text/plain; charset=utf-8'
    expect(ask('gzip, br')).toEqual(['brotli', 'br', type, 'Accept-Encoding'])
    expect(ask('gzip')).toEqual(['zipped', 'gzip', type, 'Accept-Encoding'])
    expect(ask('gzip, br', ['gzip'])).toEqual(['zipped', 'gzip', type, 'Accept-Encoding'])
    expect(ask(null)).toEqual(['hello', undefined, type, 'Accept-Encoding'])
    expect(ask('gzip, br', false)).toEqual(['hello', undefined, type, undefined])
    expect(lab({ precompressed: true }).ask('GET /b.bin', { 'Accept-Encoding': 'br' }).body).toBe('0123456789')
    const range = lab({ precompressed: true }).ask('GET /a.txt', { 'Accept-Encoding': 'gzip', 'Range': 'bytes=0-2' })
    expect([range.status, range.body, range.headers['content-range']]).toEqual([206, 'zip', 'bytes 0-2/6'])
  })

  it('options are checked', () => {
    for (const options of [{ symlinks: 'yes' }, { precompressed: ['zstd'] }]) {
      expect(() => new File('/srv', options as never)).toThrow(TypeError)
    }
    expect(() => new File('')).toThrow(TypeError)
    expect(() => new File('a\0b')).toThrow(TypeError)
  })

  it('a directory that is not there is 404, and a host without files 500', () => {
    expect(lab({}, '/nowhere').ask('GET /a').status).toBe(404)
  })
})
