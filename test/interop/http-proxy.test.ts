/** nginx behind our ReverseProxy, and nginx beside our File: the same requests have the same answers. */
import { createHash } from 'node:crypto'
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { File, ReverseProxy } from '../../src/http/index.js'
import { createReactor } from '../../bindings/node/index.js'
import type { Reactor } from '../../bindings/node/index.js'
import { ask, serving } from '../hosts/node/http-lab.js'
import type { NodeAnswer } from '../hosts/node/http-lab.js'
import { stopped } from '../hosts/node/helpers.js'
import { describeWith, Program } from './programs.js'
import { Folder, installed, start } from './proxies.js'

const nginx = installed('nginx', 'nginx-light', ['-v'], /nginx/)

const MODIFIED = 'Wed, 01 Jan 2020 00:00:00 GMT'
const TEXT = Array.from({ length: 1000 }, (_, at) => `line ${at}\n`).join('')
/** Short enough for a test to show. */
const digest = (content: Buffer | string): string => createHash('sha256').update(content).digest('hex')
const LARGE = Buffer.alloc(3_000_000, 'nginx and whorl ')

function configuration(folder: string, port: number): string {
  return `
daemon off; master_process off; pid ${folder}/pid; error_log stderr error; worker_processes 1;
events { worker_connections 64; }
http {
  access_log off; client_max_body_size 0; default_type application/octet-stream;
  types { text/plain txt; text/html html; }
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi',
    'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`).join(' ')}
  server {
    listen 127.0.0.1:${port}; root ${folder}/www; etag off; absolute_redirect off;
    location = /status { return 418 "teapot"; }
    location = /moved { absolute_redirect on; return 302 /a.txt; }
    location /zip/ {
      alias ${folder}/www/; gzip on; gzip_min_length 1; gzip_http_version 1.0; gzip_proxied any; gzip_types text/plain;
    }
    location /upload { proxy_pass http://127.0.0.1:${port}/status; }
  }
}
`
}

describeWith(nginx, 'nginx', (command) => {
  const folder = new Folder()
  let reactor: Reactor
  let direct = 0
  let proxy = 0
  let own = 0

  beforeAll(async () => {
    const www = `${folder.path}/www`
    mkdirSync(`${www}/sub`, { recursive: true })
    for (const [name, content] of [
      ['a.txt', TEXT], ['large.bin', LARGE], ['empty.txt', ''], ['sub/index.html', '<p>sub'], ['b c.txt', 'blank'],
    ] as const) {
      writeFileSync(`${www}/${name}`, content)
      utimesSync(`${www}/${name}`, new Date(MODIFIED), new Date(MODIFIED))
    }
    direct = await start(command, (port) => {
      const config = folder.write(configuration(folder.path, port))
      return ['-p', folder.path, '-c', config]
    })
    reactor = createReactor({ installSignalHandlers: false })
    void reactor.run()
    proxy = (await serving(reactor, new ReverseProxy(`http://127.0.0.1:${direct}`),
      { limits: { bodyBytes: null } })).port
    own = (await serving(reactor, new File(www))).port
  }, 60_000)

  afterAll(async () => {
    await stopped(reactor)
    await Program.killAll()
    folder.remove()
  })

  const REQUESTS: [string, string, Record<string, string>][] = [
    ['GET', '/a.txt', {}], ['HEAD', '/a.txt', {}], ['GET', '/large.bin', {}], ['GET', '/empty.txt', {}],
    ['GET', '/none', {}],
    ['GET', '/sub/', {}], ['GET', '/b%20c.txt', {}], ['GET', '/a.txt', { Range: 'bytes=0-9' }],
    ['GET', '/a.txt', { Range: 'bytes=-5' }], ['GET', '/a.txt', { Range: 'bytes=100-' }],
    ['GET', '/a.txt', { Range: 'bytes=999999-' }],
    ['GET', '/a.txt', { Range: 'items=0-1' }], ['GET', '/large.bin', { Range: 'bytes=1000000-2999999' }],
    ['GET', '/a.txt', { 'If-Modified-Since': MODIFIED }],
    ['GET', '/a.txt', { 'If-Modified-Since': 'Tue, 31 Dec 2019 23:59:59 GMT' }],
    ['GET', '/a.txt', { 'If-Unmodified-Since': 'Tue, 31 Dec 2019 23:59:59 GMT' }],
    ['GET', '/a.txt', { 'If-Unmodified-Since': MODIFIED }],
    ['GET', '/a.txt', { 'If-Modified-Since': 'nonsense' }],
    ['GET', '/a.txt', { 'If-Range': MODIFIED, 'Range': 'bytes=0-4' }],
    ['GET', '/a.txt', { 'If-Range': 'Tue, 31 Dec 2019 23:59:59 GMT', 'Range': 'bytes=0-4' }],
    ['HEAD', '/none', {}], ['GET', '/a.txt?x=y', {}],
  ]

  it.each([...REQUESTS, ['GET', '/status', {}], ['GET', '/a.txt', { Range: 'bytes=5-4' }],
    ['GET', '/sub', {}], ['GET', '/zip/a.txt', { 'Accept-Encoding': 'gzip' }],
    ['GET', '/a.txt', { Range: 'bytes=0-1,5-6' }], ['DELETE', '/a.txt', {}],
    ['POST', '/upload', {}]] as typeof REQUESTS,
  )('answers %s %s %j through the proxy as it does without', async (method, path, headers) => {
    const [through, straight] = await Promise.all([proxy, direct].map((port) => ask(port, path, { method, headers })))
    const shown = ({ status, headers: { date: _, connection: __, via, 'content-type': type, ...rest },
      body }: NodeAnswer) => ({
      // nginx makes a boundary of its own each time.
      status, via, type: type?.replace(/boundary=.*/, ''), headers: { ...rest, 'transfer-encoding': undefined },
      body: digest(body.toString('latin1').replace(/--\d{20}/g, '--')),
    })
    expect({ ...shown(through!), via: undefined }).toEqual(shown(straight!))
    expect(through!.headers.via).toBe('1.1 whorl')
  })

  // Of what RFC 9110 leaves open they differ in one thing: nginx rejects a Range that is malformed, and we ignore it.
  it.each(REQUESTS)('answers %s %s %j as our own File does', async (method, path, headers) => {
    const [ours, theirs] = await Promise.all([own, direct].map((port) => ask(port, path, { method, headers })))
    const shown = ({ status, headers: fields, body }: NodeAnswer) => ({
      status, ...status < 400 ? {
        body: digest(body), length: fields['content-length'], modified: fields['last-modified'],
        type: fields['content-type']?.replace('; charset=utf-8', ''),
      } : {},
      range: fields['content-range'],
    })
    expect(shown(ours!)).toEqual(shown(theirs!))
  })

  it('takes a large upload through the proxy, with and without a length', async () => {
    for (const headers of [{ 'Content-Length': String(LARGE.length) }, { 'Transfer-Encoding': 'chunked' }]) {
      expect((await ask(proxy, '/upload', { method: 'POST', headers }, LARGE)).status).toBe(418)
    }
  })

  it('has its own address taken out of Location', async () => {
    expect((await ask(direct, '/moved')).headers.location).toBe(`http://127.0.0.1:${direct}/a.txt`)
    expect((await ask(proxy, '/moved')).headers.location).toBe('/a.txt')
  })

  it('connections to it are kept', async () => {
    for (let round = 0; round < 20; round++) expect((await ask(proxy, '/a.txt')).status).toBe(200)
    const open = reactor.openTransports()
      .filter((transport) => (transport.getPeer() as { port?: number }).port === direct)
    expect(open.length).toBeGreaterThan(0)
    expect(open.length).toBeLessThan(20)
  })
})
