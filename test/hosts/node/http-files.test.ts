/** File over real files: links, pipes, what is large, and what changes while it is sent. */
import { createHash } from 'node:crypto'
import {
  mkdirSync, readdirSync, readlinkSync, renameSync, rmSync, symlinkSync, truncateSync, utimesSync, writeFileSync,
} from 'node:fs'
import { request as askNode } from 'node:http'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { Compressed, File, Resource } from '../../../src/http/index.js'
import type { FileOptions } from '../../../src/http/index.js'
import { ask, serving, temporaryDirectory } from './http-lab.js'
import { reactors } from './helpers.js'
import { checkNothingLeft } from './left-behind.js'

checkNothingLeft()
const newReactor = reactors(afterEach)
const base = temporaryDirectory(afterAll)
const root = `${base}/root`
const OLD = new Date(Date.UTC(2020, 0, 1))

const write = (path: string, content: string | Buffer, when: Date = OLD): void => {
  writeFileSync(path, content)
  utimesSync(path, when, when)
}

const LARGE = Buffer.alloc(3_000_000, 'whorl serves files. ')

beforeAll(() => {
  mkdirSync(`${root}/sub`, { recursive: true })
  mkdirSync(`${base}/elsewhere`)
  write(`${base}/secret.txt`, 'secret')
  write(`${base}/elsewhere/secret.txt`, 'secret')
  write(`${root}/a.txt`, 'hello')
  write(`${root}/sub/b.html`, '<p>b')
  write(`${root}/large.bin`, LARGE)
  write(`${root}/page.xyz`, 'x')
  symlinkSync('a.txt', `${root}/link.txt`)
  symlinkSync('sub', `${root}/linked`)
  symlinkSync(`${root}/a.txt`, `${root}/absolute.txt`)
  symlinkSync('../secret.txt', `${root}/out.txt`)
  symlinkSync(`${base}/elsewhere`, `${root}/out`)
  symlinkSync('loop', `${root}/loop`)
  symlinkSync('nowhere', `${root}/dangling`)
  symlinkSync('.', `${root}/again`)
  execFileSync('mkfifo', [`${root}/pipe`])
})

async function serveFiles(options: FileOptions = {}, path = root): Promise<number> {
  return (await serving(newReactor(), new File(path, options))).port
}

/** Descriptors of this process that lead below a directory. */
function descriptors(below: string): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`)
      return path.startsWith(below) ? [path] : []
    } catch {
      return []
    }
  })
}

describe('links', () => {
  it.each<[string, number, number, number]>([
    // inside, never, follow
    ['/a.txt', 200, 200, 200], ['/link.txt', 200, 404, 200], ['/absolute.txt', 200, 404, 200],
    ['/linked/b.html', 200, 404, 200], ['/linked', 301, 404, 301], ['/again/a.txt', 200, 404, 200],
    ['/again/again/again/sub/b.html', 200, 404, 200], ['/out.txt', 404, 404, 200], ['/out/secret.txt', 404, 404, 200],
    ['/out/', 404, 404, 200], ['/loop', 404, 404, 404], ['/dangling', 404, 404, 404], ['/pipe', 404, 404, 404],
    ['/sub/b.html', 200, 200, 200],
  ])('%s', async (path, inside, never, follow) => {
    for (const [symlinks, status] of [['inside', inside], ['never', never], ['follow', follow]] as const) {
      const answer = await ask(await serveFiles({ symlinks, listing: true }), path)
      expect(answer.status, symlinks).toBe(status)
      if (symlinks !== 'follow') expect(answer.text).not.toContain('secret')
    }
  })

  it('the directory itself may be a link, and lead elsewhere later', async () => {
    for (const name of ['one', 'two']) {
      mkdirSync(`${base}/${name}`)
      write(`${base}/${name}/v.txt`, name)
    }
    symlinkSync('one', `${base}/current`)
    for (const symlinks of ['inside', 'never'] as const) {
      rmSync(`${base}/current`)
      symlinkSync('one', `${base}/current`)
      const port = await serveFiles({ symlinks }, `${base}/current`)
      expect((await ask(port, '/v.txt')).text).toBe('one')
      symlinkSync('two', `${base}/next`)
      renameSync(`${base}/next`, `${base}/current`)
      expect((await ask(port, '/v.txt')).text).toBe('two')
    }
  })

  it('are listed as they can be opened', async () => {
    const listed = async (symlinks: 'inside' | 'never'): Promise<string> =>
      (await ask(await serveFiles({ symlinks, listing: true }), '/')).text
    expect(await listed('inside')).toContain('link.txt')
    const never = await listed('never')
    expect(never).not.toContain('link.txt')
    expect(never).toContain('a.txt')
    expect(never).not.toContain('pipe')
  })
})

describe('paths', () => {
  it.each([
    '/../secret.txt', '/%2e%2e/secret.txt', '/..%2fsecret.txt', '/sub/../../secret.txt', '/%2e%2e%2fsecret.txt',
    '/sub/%2e%2e/%2e%2e/secret.txt', '//secret.txt', '/..%5csecret.txt', '/a.txt%00', '/a.txt/../a.txt',
    `/${encodeURIComponent(base)}/secret.txt`, `//${base}/secret.txt`, `/${'../'.repeat(30)}etc/passwd`,
    `/${'%2e%2e/'.repeat(30)}etc/passwd`, '/link.txt/../../secret.txt', '/out.txt/', '/linked/../../secret.txt',
  ])('%s leads to nothing', async (path) => {
    const { status, text } = await ask(await serveFiles(), path)
    expect(status).toBe(404)
    expect(text).not.toContain('secret')
  })

  it('what is too long for a name is not there', async () => {
    expect((await ask(await serveFiles(), `/${'x'.repeat(300)}`)).status).toBe(404)
  })
})

describe('content', () => {
  it('is whole, by ranges too, and every descriptor is closed', async () => {
    const port = await serveFiles()
    const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
    const { body, headers } = await ask(port, '/large.bin')
    expect(digest(body)).toBe(digest(LARGE))
    expect(headers['content-type']).toBe('application/octet-stream')
    const part = await ask(port, '/large.bin', { headers: { Range: 'bytes=1000000-2500000' } })
    expect(digest(part.body)).toBe(digest(LARGE.subarray(1_000_000, 2_500_001)))
    const parts = await ask(port, '/large.bin', { headers: { Range: 'bytes=0-999999,2000000-' } })
    expect(parts.status).toBe(206)
    expect(parts.body.length).toBe(Number(parts.headers['content-length']))
    expect(parts.body.includes(LARGE.subarray(2_000_000))).toBe(true)
    await expect.poll(() => descriptors(root)).toEqual([])
  })

  it('types are those of the library', async () => {
    const port = await serveFiles()
    expect((await ask(port, '/sub/b.html')).headers['content-type']).toBe('text/html; charset=utf-8')
    expect((await ask(port, '/page.xyz')).headers['content-type']).toBe('chemical/x-xyz')
  })

  it('tags are weak while a file may change again within the second', async () => {
    const port = await serveFiles()
    expect((await ask(port, '/a.txt')).headers.etag).toMatch(/^"[\da-f]+-[\da-f]+"$/)
    write(`${root}/new.txt`, 'new', new Date())
    const { headers } = await ask(port, '/new.txt')
    expect(headers.etag).toMatch(/^W\//)
    const again = await ask(port, '/new.txt', { headers: { 'If-None-Match': headers.etag!.slice(2) } })
    expect(again.status).toBe(304)
    const range = await ask(port, '/new.txt', { headers: { 'If-Range': headers.etag!, 'Range': 'bytes=0-0' } })
    expect(range.status).toBe(200)
    write(`${root}/future.txt`, 'later', new Date(Date.now() + 86_400_000))
    const future = (await ask(port, '/future.txt')).headers
    expect(Date.parse(future['last-modified']!)).toBeLessThanOrEqual(Date.parse(future.date!))
  })

  it('a client that goes away leaves no file open', async () => {
    const port = await serveFiles()
    const request = askNode({ host: '127.0.0.1', port, path: '/large.bin', agent: false })
    request.on('error', () => undefined)
    request.end()
    const [response] = await once(request, 'response')
    response.destroy()
    await expect.poll(() => descriptors(root)).toEqual([])
  })

  it('a file that becomes shorter is cut off, not made up', async () => {
    write(`${root}/shrinks.bin`, Buffer.alloc(40_000_000))
    const port = await serveFiles()
    const request = askNode({ host: '127.0.0.1', port, path: '/shrinks.bin', agent: false })
    request.on('error', () => undefined)
    request.end()
    const [response] = await once(request, 'response')
    // More is on its way than sockets hold: nothing more is sent until this reads.
    truncateSync(`${root}/shrinks.bin`, 1000)
    const ended = await new Promise<string>((resolve) => {
      response.on('end', () => resolve('whole'))
      response.on('error', (error: NodeJS.ErrnoException) => resolve(String(error.code)))
      response.resume()
    })
    expect(ended).toBe('ECONNRESET')
    await expect.poll(() => descriptors(root)).toEqual([])
    rmSync(`${root}/shrinks.bin`)
  })

  it('compressed siblings that are older do not count', async () => {
    write(`${root}/c.txt`, 'plain')
    write(`${root}/c.txt.gz`, 'zipped')
    const port = await serveFiles({ precompressed: true })
    const get = async (): Promise<string> => (await ask(port, '/c.txt',
      { headers: { 'Accept-Encoding': 'gzip' } })).text
    expect(await get()).toBe('zipped')
    write(`${root}/c.txt.gz`, 'zipped', new Date(Date.UTC(2019, 0, 1)))
    expect(await get()).toBe('plain')
  })
})

describe('abilities', () => {
  it('a restricted reactor serves files only with the grant', async () => {
    const reactor = newReactor()
    const listen = ['tcp:127.0.0.1:*']
    const refused = await serving(reactor.restrict({ listen }), new File(root))
    expect((await ask(refused.port, '/a.txt')).status).toBe(500)
    const granted = await serving(reactor.restrict({ listen, files: true }), new Compressed(new File(root)))
    expect((await ask(granted.port, '/a.txt')).text).toBe('hello')
    const large = await ask(granted.port, '/sub/b.html', { headers: { 'Accept-Encoding': 'gzip, identity;q=0' } })
    expect(large.headers['content-encoding']).toBe('gzip')
  })

  it('children go before files', async () => {
    const { port } = await serving(newReactor(), new File(root).putChild('sub', new Resource()))
    expect((await ask(port, '/sub/b.html')).status).toBe(404)
    expect((await ask(port, '/a.txt')).text).toBe('hello')
  })
})
