/** The HTTP client with servers that are not ours: nginx, Twisted web, Python's http.server. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CookieJar } from 'tough-cookie'
import { afterEach, expect, it } from 'vitest'
import { ContentDecoderAgent, CookieAgent, RedirectAgent } from 'whorl/http'
import { cleanUp, cleanups, client, digest, MEGABYTES } from './http-client-lab.js'
import { describeWith, Program, twistedPython } from './programs.js'
import type { Peer } from './programs.js'
import { installed, start } from './proxies.js'

afterEach(cleanUp)

const nginx = (): Peer => installed('nginx', 'nginx', ['-v'], /nginx/)

describeWith(nginx(), 'nginx', (command) => {
  const startNginx = async (): Promise<string> => {
    const place = mkdtempSync(join(tmpdir(), 'whorl-nginx-'))
    cleanups.push(async () => {
      await Program.killAll()
      rmSync(place, { recursive: true, force: true })
    })
    writeFileSync(join(place, 'big'), MEGABYTES)
    writeFileSync(join(place, 'page.html'), '<p>hello from nginx</p>'.repeat(100))
    const port = await start(command, (number) => {
      const config = join(place, 'nginx.conf')
      const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi',
        'scgi'].map((kind) => `${kind}_temp_path ${place}/${kind};`)
      writeFileSync(config, [
        'daemon off;', 'master_process off;', `pid ${place}/pid;`, 'error_log stderr;', 'events {}', 'http {',
          ...temporary,
        'access_log off;', 'gzip on;', 'gzip_types *;', 'types { text/html html; }', `root ${place};`,
        `server { listen 127.0.0.1:${number}; client_max_body_size 1m;`,
        'location /moved { return 308 /page.html; }',
          'location /away { return 302 http://localhost:$server_port/page.html; }',
        'location /once { keepalive_timeout 0; return 200 once; }',
          'location /twice { keepalive_requests 2; return 200 twice; }',
        '} }', '',
      ].join('\n'))
      return ['-e', 'stderr', '-p', place, '-c', config]
    })
    return `http://127.0.0.1:${port}`
  }

  it('serves files, by length and in chunks, on one connection', async () => {
    const url = await startNginx()
    const { agent, on, pool } = client()
    const big = await (await agent.request('GET', `${url}/big`)).read()
    expect(digest(big)).toBe(digest(MEGABYTES))
    const part = await agent.request('GET', `${url}/big`, { headers: { Range: 'bytes=10-19' } })
    expect([part.status, (await part.read()).length]).toEqual([206, 10])
    const head = await agent.request('HEAD', `${url}/big`)
    expect([head.headers.get('content-length'), await head.text()]).toEqual(['3000000', ''])
    const zipped = await new ContentDecoderAgent(on, agent).request('GET', `${url}/page.html`)
    expect(zipped.headers.has('content-encoding')).toBe(false)
    expect(await zipped.text()).toBe('<p>hello from nginx</p>'.repeat(100))
    const same = await agent.request('GET', `${url}/page.html`,
      { headers: { 'If-None-Match': zipped.headers.get('etag')!.replace('W/', '') } })
    expect([same.status, await same.text()]).toEqual([304, ''])
    const none = await agent.request('GET', `${url}/none`)
    expect([none.status, (await none.text()).includes('nginx')]).toEqual([404, true])
    expect(pool.counts).toEqual({ idle: 1, busy: 0, connecting: 0, waiting: 0 })
  })

  it('redirects here and elsewhere, and closes when it likes', async () => {
    const url = await startNginx()
    const { agent, pool } = client()
    const following = new RedirectAgent(agent)
    for (const path of ['/moved', '/away']) {
      const response = await following.request('GET', url + path)
      expect([response.status, (await response.text()).length]).toEqual([200, 2300])
    }
    const idle = pool.counts.idle
    for (let i = 0; i < 6; i++) expect(await (await agent
      .request('GET', `${url}/${i % 2 === 0 ? 'once' : 'twice'}`)).text()).toMatch(/once|twice/)
    expect(pool.counts.idle).toBeLessThanOrEqual(idle)
    expect(pool.counts.busy).toBe(0)
  })

  it('refuses a body that is too long', async () => {
    const url = await startNginx()
    const { agent } = client()
    const response = await agent.request('POST', `${url}/page.html`, { body: MEGABYTES, expectContinue: 30_000 })
    expect(response.status).toBe(413)
    response.discard()
  })
})

describeWith(twistedPython(), 'Twisted web', (python) => {
  const startTwisted = async (): Promise<string> => {
    const program = new Program(python, ['test/interop/peers/twisted_web_origin.py'])
    const [, port] = await program.prints(/"port": (\d+)/)
    return `http://127.0.0.1:${port}`
  }

  it('answers requests with and without bodies', async () => {
    const url = await startTwisted()
    const { agent, on, pool } = client()
    expect(await (await agent.request('GET', `${url}/hello`)).text()).toBe('hello from twisted')
    const posted = await agent.request('POST', `${url}/echo`, { body: MEGABYTES })
    expect(digest(await posted.read())).toBe(digest(MEGABYTES))
    expect(posted.headers.get('x-content-length')).toBe('3000000')
    const chunked = await agent.request('PUT', `${url}/echo`, { body: ['a', 'b'] })
    expect([await chunked.text(), chunked.headers.get('x-transfer-encoding')]).toEqual(['ab', 'chunked'])
    expect(await (await new ContentDecoderAgent(on, agent)
      .request('GET', `${url}/gzip`)).text()).toBe('hello from twisted')
    let bytes = 0
    for await (const piece of await agent.request('GET', `${url}/big?2000000`)) bytes += piece.length
    expect(bytes).toBe(2_000_000)
    expect(pool.counts).toEqual({ idle: 1, busy: 0, connecting: 0, waiting: 0 })
  })

  it('redirects, sets cookies, and closes connections', async () => {
    const url = await startTwisted()
    const { agent } = client()
    const following = new RedirectAgent(agent)
    for (const [status, method, body] of [[301, 'GET', ''], [302, 'GET', ''], [303, 'GET', ''], [307, 'POST', 'x'],
      [308, 'POST', 'x']] as const) {
      const response = await following.request('POST', `${url}/to/${status}`, { body: 'x' })
      expect([response.headers.get('x-method'), await response.text()]).toEqual([method, body])
    }
    const cookies = new CookieAgent(agent, new CookieJar())
    expect(await (await cookies.request('GET', `${url}/cookies`)).json()).toEqual([])
    expect(await (await cookies.request('GET', `${url}/cookies`)).json()).toEqual(['one=1', 'two=2'])
    const echoed = await cookies.request('GET', `${url.replace('http://', 'http://me:secret@')}/echo`)
    expect([echoed.headers.get('x-cookie'), echoed.headers.get('x-authorization')])
      .toEqual(['one=1', 'Basic bWU6c2VjcmV0'])
    echoed.discard()
    for (let i = 0; i < 5; i++) expect(await (await agent.request('GET', `${url}/late`)).text()).toBe('once')
  })

  it('python\'s http.server, of either version', async () => {
    for (const protocol of ['HTTP/1.0', 'HTTP/1.1']) {
      const place = mkdtempSync(join(tmpdir(), 'whorl-python-'))
      cleanups.push(() => rmSync(place, { recursive: true }))
      writeFileSync(join(place, 'file'), MEGABYTES)
      const program = new Program(python, ['-u', '-c', [
        'import functools, http.server, sys',
        `http.server.SimpleHTTPRequestHandler.protocol_version = "${protocol}"`,
        'handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=sys.argv[1])',
        'server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)',
        'print("port", server.server_address[1], flush=True)', 'server.serve_forever()',
      ].join('\n'), place])
      const [, port] = await program.prints(/port (\d+)/)
      const { agent, pool } = client()
      for (let i = 0; i < 3; i++) {
        expect(digest(await (await agent.request('GET',
          `http://127.0.0.1:${port}/file`)).read())).toBe(digest(MEGABYTES))
      }
      expect(pool.counts.idle).toBe(protocol === 'HTTP/1.1' ? 1 : 0)
      const none = await agent.request('GET', `http://127.0.0.1:${port}/none`)
      expect([none.status, (await none.text()).length > 0]).toEqual([404, true])
    }
  })
})
