/** docs/guide/http-server.md: every program on the page is one of examples/snippets/, and does what the page says. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { site } from '../../../examples/snippets/http-server-fetch.js'
import { start } from '../../../examples/snippets/http-server-handlers.js'
import { tree } from '../../../examples/snippets/http-server-resources.js'
import { ask, serving, temporaryDirectory } from './http-lab.js'
import { LOOPBACK, portOf, reactors } from './helpers.js'
import { checkNothingLeft } from './left-behind.js'

checkNothingLeft()
const fresh = reactors(afterEach)
const base = temporaryDirectory(afterAll)
const folder = new URL('../../../', import.meta.url)
const page = readFileSync(new URL('docs/guide/http-server.md', folder), 'utf8')

describe('the guide to HTTP servers', () => {
  it('shows programs of examples/snippets, and nothing else', () => {
    const snippets = readdirSync(new URL('examples/snippets', folder))
      .filter((name) => name.startsWith('http-server-'))
      .map((name) => readFileSync(new URL(`examples/snippets/${name}`, folder), 'utf8'))
    const shown = [...page.matchAll(/```ts\n([^]*?)```/g)].map((match) => match[1]!)
    expect(shown).toHaveLength(snippets.length)
    for (const program of shown) expect(snippets.filter((snippet) => snippet.includes(program))).toHaveLength(1)
  })

  it('handlers', async () => {
    const port = portOf(await start('tcp:0:interface=127.0.0.1', fresh()))
    expect((await ask(port, '/hello?name=you')).text).toBe('Hello, you\n')
    const made = await ask(port, '/upload', { method: 'POST' }, 'x'.repeat(100_000))
    expect([made.status, made.text]).toEqual([201, '100000 bytes\n'])
    expect((await ask(port, '/upload')).status).toBe(405)
    expect((await ask(port, '/clock')).text).toBe('data: 1\n\ndata: 2\n\ndata: 3\n\n')
    expect((await ask(port, '/numbers')).text.split('\n')).toHaveLength(100_001)
    expect((await ask(port, '/toString')).status).toBe(404)
  })

  it('resources', async () => {
    mkdirSync(`${base}/sub`)
    writeFileSync(`${base}/page.html`, '<p>again and again</p>\n'.repeat(100))
    const application = createServer((request, response) => response.end(`application ${request.url}`))
    await new Promise<void>((resolve) => application.listen(0, '127.0.0.1', resolve))
    const target = (application.address() as AddressInfo).port
    const { port } = await serving(fresh(), tree(base, `http://127.0.0.1:${target}`))
    const headers = { Host: 'www.example.test' }
    const get = (path: string, more: Record<string, string> = {}) => ask(port, path, { headers: { ...headers,
      ...more } })
    expect((await get('/')).headers.location).toBe('/static/')
    expect((await get('/static/')).text).toContain('page.html')
    const packed = await get('/static/page.html', { 'Accept-Encoding': 'gzip' })
    expect([packed.headers['content-encoding'], packed.headers['cache-control']]).toEqual(['gzip', 'max-age=60'])
    expect(gunzipSync(packed.body).toString()).toContain('again and again')
    expect((await get('/people/ann/a/b')).text).toBe('ann at a, b\n')
    expect((await ask(port, '/people/ann', { method: 'POST', headers }, 'hello')).text).toBe('ann says hello\n')
    expect((await get('/app/x?y')).text).toBe('application /x?y')
    expect((await get('/robots.txt')).text).toContain('Disallow')
    expect((await get('/', { Host: 'example.test' })).headers.location).toBe('http://www.example.test/')
    expect((await get('/', { Host: 'other.test' })).status).toBe(421)
    application.closeAllConnections()
    await new Promise((resolve) => application.close(resolve))
  })

  it('an application of the Fetch Standard', async () => {
    const reactor = fresh()
    const own = site()
    own.useReactor(reactor)
    const listening = reactor.listenTCP(0, own, LOOPBACK)
    await listening.ready
    const port = portOf(listening)
    expect((await ask(port, '/upper', { method: 'POST' }, 'loud')).text).toBe('LOUD')
    expect(JSON.parse((await ask(port, '/peer')).text)).toMatchObject({ host: '127.0.0.1' })
    expect((await ask(port, '/none')).status).toBe(404)
  })
})
