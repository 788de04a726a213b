/** Our HTTP server with clients and proxies that are not ours: curl, wget, ab, wrk, h2load, nginx, netcat, Node. */
import { spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request as nodeRequest, Agent } from 'node:http'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, it } from 'vitest'
import { createReactor, Protocol, quoteStringArgument } from 'whorl'
import type { IListeningPort } from 'whorl'
import { serve, Site } from 'whorl/http'
import type { RequestHandler, SiteOptions } from 'whorl/http'
import { describeWith, netcat, Program } from './programs.js'
import type { Peer } from './programs.js'

const ports: IListeningPort[] = []
const folders: string[] = []
const reactor = createReactor()
const big = randomBytes(3_000_000)
const digest = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex')

afterEach(async () => {
  await Program.killAll()
  for (const port of ports.splice(0)) await port.drain(0)
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'whorl-'))
  folders.push(made)
  return made
}

function installed(name: string, packageName: string, args: string[], output: RegExp, command = name): Peer {
  const tried = spawnSync(command, args, { encoding: 'utf8' })
  const works = tried.error === undefined && output.test(tried.stdout + tried.stderr)
  return { name, package: packageName, command: works ? command : null }
}

async function start(handler: RequestHandler | Site, options: SiteOptions = {}): Promise<number> {
  const port = await serve(reactor, 'tcp:0:interface=127.0.0.1', handler, options)
  ports.push(port)
  return (port.getHost() as { port: number }).port
}

/** What a program prints; it gives up by itself, long before the test does. */
interface Ran { status: number | null, output: Buffer, error: string }

async function run(command: string, ...args: string[]): Promise<Ran> {
  const environment = { http_proxy: '', HTTP_PROXY: '', all_proxy: '', no_proxy: '*', HOME: tmpdir() }
  const program = new Program(command, args, environment)
  const { status } = await program.ended
  return { status, output: program.output, error: program.errorText }
}

/** Long and short answers, with and without a length, and what was sent. */
const site: RequestHandler = async (request, response) => {
  switch (request.path) {
    case '/big':
      response.end(big)
      return undefined
    case '/pieces':
      for (let at = 0; at < big.length; at += 100_000) await response.write(big.subarray(at, at + 100_000))
      response.end()
      return undefined
    case '/digest': {
      const hash = createHash('sha256')
      for await (const piece of request) hash.update(piece)
      return hash.digest('hex')
    }
    case '/late':
      await new Promise((resolve) => setImmediate(resolve))
      return `late ${request.query.get('n')}`
    default:
      return `${request.method} ${request.path} ${request.headers.get('accept-encoding') === null ? '' : 'encoding '}hello`
  }
}

describeWith(installed('curl', 'curl', ['--version'], /^curl \d/), 'curl', (command) => {
  const curl = (...args: string[]): ReturnType<typeof run> =>
    run(command, '--disable', '--silent', '--show-error', '--noproxy', '*', '--max-time', '15', '--http1.1', ...args)

  it('gets bodies of every framing over one connection, and HEAD', async () => {
    const at = `http://127.0.0.1:${await start(site)}`
    const { output, error } = await curl('--verbose', `${at}/a`, `${at}/b%20c`, `${at}/late?n=7`)
    expect(output.toString()).toBe('GET /a helloGET /b c hellolate 7')
    expect(error.match(/Re-using existing connection/gi)?.length).toBe(2)
    for (const path of ['/big', '/pieces']) {
      for (const version of ['--http1.1', '--http1.0']) {
        expect(digest((await curl(version, at + path)).output)).toBe(digest(big))
      }
    }
    const head = await curl('--head', `${at}/big`)
    expect([head.status, /content-length: 3000000/i.test(head.output.toString())]).toEqual([0, true])
  })

  it('uploads with 100-continue, in chunks, and too much', async () => {
    const at = `http://127.0.0.1:${await start(site, { limits: { bodyBytes: null } })}`
    const file = join(folder(), 'body')
    writeFileSync(file, big)
    const asked = await curl(
      '--verbose', '--header', 'Expect: 100-continue', '--data-binary', `@${file}`, `${at}/digest`)
    expect([asked.output.toString(), asked.error.includes('HTTP/1.1 100 Continue')]).toEqual([digest(big), true])
    const chunked = await curl(
      '--header', 'Transfer-Encoding: chunked', '--header', 'Expect:', '--data-binary', `@${file}`, `${at}/digest`)
    expect(chunked.output.toString()).toBe(digest(big))
    const small = await start(site)
    // With and without waiting for 100: the answer arrives although the body is not read.
    for (const expectation of ['Expect: 100-continue', 'Expect:']) {
      const refused = await curl('--write-out', ' %{http_code}', '--header', expectation, '--data-binary', `@${file}`,
        `http://127.0.0.1:${small}/digest`)
      expect(refused.output.toString()).toMatch(/ 413$/)
    }
  })

  it('gets early hints, trailers, and an upgrade', async () => {
    const hello = new Site((request, response) => {
      response.informational(103, { Link: '</a.css>; rel=preload' })
      void response.write(request.path)
      response.trailers.set('X-Sum', '42')
      response.end()
    }, { reactor })
    hello.upgrade('/up', { upgrades: ['whorl'], acceptUpgrade: () => ({ protocol: new Shout() }) })
    const at = `http://127.0.0.1:${await start(hello)}`
    const seen = (await curl('--include', '--header', 'TE: trailers', `${at}/x`)).output.toString()
    expect(seen).toMatch(/^HTTP\/1.1 103 Early Hints\r\nLink: <\/a.css>; rel=preload\r\n\r\nHTTP\/1.1 200 OK\r\n/)
    expect((await curl('--raw', '--header', 'TE: trailers', `${at}/x`)).output.toString())
      .toBe('2\r\n/x\r\n0\r\nX-Sum: 42\r\n\r\n')
    const up = await curl('--include', '--header', 'Connection: Upgrade', '--header', 'Upgrade: whorl', `${at}/up`)
    expect(up.output.toString()).toContain('101 Switching Protocols')
    expect(up.output.toString()).toContain('SWITCHED')
  })

  it('comes through TLS', async () => {
    const key = (name: string): string => fileURLToPath(new URL(`../vectors/tls/${name}`, import.meta.url))
    const endpoint = `tls:0:interface=127.0.0.1:privateKey=${quoteStringArgument(key('localhost.key'))}:certificate=${
      quoteStringArgument(key('localhost.pem'))}`
    const port = await serve(reactor, endpoint, (request) => `secure ${request.isSecure} ${request.peer.family}`)
    ports.push(port)
    const { output } = await curl('--insecure', `https://127.0.0.1:${(port.getHost() as { port: number }).port}/`)
    expect(output.toString()).toBe('secure true IPv4')
  })

  class Shout extends Protocol {
    override connectionMade(): void {
      this.transport.write('SWITCHED')
      this.transport.loseConnection()
    }
  }
})

describeWith(installed('wget', 'wget', ['--version'], /GNU Wget/), 'wget', (command) => {
  it('gets and posts', async () => {
    const at = `http://127.0.0.1:${await start(site)}`
    const args = ['--no-config', '--no-proxy', '--quiet', '--timeout=15', '--tries=1', '--output-document=-']
    expect(digest((await run(command, ...args, `${at}/big`)).output)).toBe(digest(big))
    expect(digest((await run(command, ...args, `${at}/pieces`)).output)).toBe(digest(big))
    expect((await run(command, ...args, '--post-data=hello', `${at}/digest`)).output.toString())
      .toBe(digest(Buffer.from('hello')))
  })
})

describeWith(installed('ab', 'apache2-utils', ['-V'], /ApacheBench/), 'ab (HTTP/1.0)', (command) => {
  it.each([[['-k']], [[]]])('gets all its answers with %j', async (more) => {
    const port = await start((_request, response) => response.end('Hello, world!'))
    const { output } = await run(command, '-n', '500', '-c', '10', '-s', '15', ...more, `http://127.0.0.1:${port}/`)
    expect(output.toString()).toMatch(/Complete requests: +500\nFailed requests: +0\n/)
    if (more.length > 0) expect(output.toString()).toMatch(/Keep-Alive requests: +500\n/)
  })
})

describeWith(installed('wrk', 'wrk', ['-v'], /wrk/), 'wrk', (command) => {
  it.each([[1], [16]])('gets nothing but answers, %d requests at a time', async (depth) => {
    const port = await start((_request, response) => response.end('Hello, world!'))
    const script = join(folder(), 'pipeline.lua')
    writeFileSync(script, `init = function() local r = {} for i = 1, ${depth} do r[i] = wrk.format("GET", "/") end `
      + 'req = table.concat(r) end request = function() return req end')
    const { output } = await run(command, '-t1', '-c8', '-d1s', '--timeout', '15s', '-s', script, `http://127.0.0.1:${port}/`)
    const text = output.toString()
    expect(Number(/(\d+) requests in/.exec(text)?.[1])).toBeGreaterThan(0)
    expect(text).not.toMatch(/Socket errors|Non-2xx/)
  })
})

describeWith(installed('h2load', 'nghttp2-client', ['--version'], /h2load nghttp2/), 'h2load (as HTTP/1.1)', (command) => {
  it('gets all its answers, several ahead', async () => {
    const port = await start(site)
    const { output } = await run(command, '--h1', '-n', '1000', '-c', '5', '-m', '8', `http://127.0.0.1:${port}/late?n=1`)
    expect(output.toString()).toMatch(/1000 total, 1000 started, 1000 done, 1000 succeeded, 0 failed, 0 errored, 0 timeout/)
  })
})

describeWith(netcat(), 'netcat', (command) => {
  it('that closes its half gets the answers of a site that allows it', async () => {
    const port = await start(site, { halfClose: true })
    const nc = new Program(command, ['-N', '-w', '15', '127.0.0.1', String(port)])
    nc.child.stdin.end('GET /late?n=1 HTTP/1.1\r\nHost: a\r\n\r\nGET /late?n=2 HTTP/1.1\r\nHost: a\r\n\r\n')
    await nc.ended
    expect(nc.text.match(/late \d/g)).toEqual(['late 1', 'late 2'])
  })

  it('that speaks no HTTP is told so, and sees the end', async () => {
    const port = await start(site)
    const nc = new Program(command, ['-N', '-w', '15', '127.0.0.1', String(port)])
    nc.child.stdin.end('hello\r\n\r\n')
    await nc.ended
    expect(nc.text).toMatch(/^HTTP\/1.1 400 Bad Request\r\n/)
  })
})

/** A port that nobody listens to now. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

const NGINX = ['/usr/sbin/nginx', 'nginx'].map((path) => installed('nginx', 'nginx-light', ['-v'], /nginx version/, path))
  .find((peer) => peer.command !== null) ?? { name: 'nginx', package: 'nginx-light', command: null }

describeWith(NGINX, 'nginx in front', (command) => {
  /** nginx, passing everything on to `port`, once it listens. */
  async function proxy(port: number): Promise<number> {
    const base = folder()
    const own = await freePort()
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
      .map((name) => `${name}_temp_path ${base}/${name};`).join(' ')
    writeFileSync(join(base, 'conf'), `
      daemon off; master_process off; pid ${base}/pid; error_log ${base}/error.log;
      events {}
      http { access_log off; ${temporary} client_max_body_size 10m;
        upstream whorl { server 127.0.0.1:${port}; keepalive 4; }
        server { listen 127.0.0.1:${own};
          location / { proxy_pass http://whorl; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_request_buffering off; }
          location /old { proxy_pass http://whorl; } } }`)
    const program = new Program(command, ['-p', base, '-c', join(base, 'conf'), '-e', join(base, 'error.log')])
    await expect.poll(async () => {
      if (program.child.exitCode !== null) throw new Error(program.errorText + readFileSync(join(base, 'error.log'), 'utf8'))
      return (await fetched(own, '/up').catch(() => null))?.status
    }, { timeout: 15_000 }).toBe(200)
    return own
  }

  it('passes on requests and responses of every kind', async () => {
    const port = await proxy(await start(site, { limits: { bodyBytes: null } }))
    for (const path of ['/big', '/pieces']) expect(digest((await fetched(port, path)).body)).toBe(digest(big))
    expect((await fetched(port, '/digest', big)).body.toString()).toBe(digest(big))
    // nginx speaks HTTP/1.0 here.
    expect((await fetched(port, '/old')).body.toString()).toBe('GET /old hello')
    const many = await Promise.all(Array.from({ length: 50 }, (_, n) => fetched(port, `/late?n=${n}`)))
    expect(many.map((one) => one.body.toString())).toEqual(Array.from({ length: 50 }, (_, n) => `late ${n}`))
  })
})

/** A request by Node's own client. */
function fetched(port: number, path: string, body?: Buffer, agent?: Agent): Promise<{ status: number, body: Buffer }> {
  return new Promise((resolve, reject) => {
    const request = nodeRequest({ host: '127.0.0.1', port, path, method: body === undefined ? 'GET' : 'POST', agent,
      headers: body === undefined ? {} : { 'transfer-encoding': 'chunked' } })
    request.on('response', (response) => {
      const pieces: Buffer[] = []
      response.on('data', (piece: Buffer) => pieces.push(piece))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(pieces) }))
      response.on('error', reject)
    })
    request.on('error', reject)
    request.end(body)
  })
}

it('Node\'s client keeps its connections, and a port that drains ends them', async () => {
  const handler: RequestHandler = (request, response) => request.path === '/slow' ? undefined : response.end(request.path)
  const slow: (() => void)[] = []
  const answers: RequestHandler = (request, response) => {
    if (request.path === '/slow') slow.push(() => response.end('slow'))
    return handler(request, response)
  }
  const port = await start(answers)
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  for (const path of ['/1', '/2', '/3']) expect((await fetched(port, path, undefined, agent)).body.toString()).toBe(path)
  const listening = ports.pop() as IListeningPort & { connections: number }
  expect(listening.connections).toBe(1)
  const other = new Agent({ keepAlive: true })
  const waiting = fetched(port, '/slow', undefined, other)
  await expect.poll(() => slow.length).toBe(1)
  const drained = listening.drain(60_000)
  let isDrained = false
  drained.addCallback(() => { isDrained = true })
  // The idle one goes at once, the other when its answer is there.
  await expect.poll(() => listening.connections).toBe(1)
  expect(isDrained).toBe(false)
  slow[0]!()
  expect((await waiting).body.toString()).toBe('slow')
  await drained
  expect(listening.connections).toBe(0)
  agent.destroy()
  other.destroy()
})
