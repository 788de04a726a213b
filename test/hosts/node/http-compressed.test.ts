/** Compressed over real sockets: what is compressed, what is not, what changes with it, and slow readers. */
import { once } from 'node:events'
import { request as askNode } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { brotliDecompressSync, createGunzip, gunzipSync, inflateSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import { Compressed, Data, File, Resource } from '../../../src/http/index.js'
import type { CompressedOptions, RequestHandler, ServerRequest, ServerResponse } from '../../../src/http/index.js'
import { ask, serving } from './http-lab.js'
import type { NodeAnswer } from './http-lab.js'
import { later, reactors } from './helpers.js'
import { checkNothingLeft } from './left-behind.js'
import { Lab } from '../../unit/http/resources-lab.js'

checkNothingLeft()
const newReactor = reactors(afterEach)
const TEXT = 'The same words again and again. '.repeat(200)

async function get(
  handler: RequestHandler | Resource, accept: string | null, options: CompressedOptions = {}, method = 'GET',
  headers: Record<string, string> = {},
): Promise<NodeAnswer> {
  const { port } = await serving(newReactor(), new Compressed(handler, options))
  return ask(port, '/', { method, headers: { ...accept === null ? {} : { 'Accept-Encoding': accept }, ...headers } })
}

const text: RequestHandler = () => TEXT
const withFields = (fields: Record<string, string>, body = TEXT, status = 200): RequestHandler =>
  () => ({ status, headers: { 'Content-Type': 'text/plain', ...fields }, body })

describe('what is compressed', () => {
  it.each([
    ['gzip', (bytes: Buffer) => gunzipSync(bytes)], ['br', (bytes: Buffer) => brotliDecompressSync(bytes)],
    ['deflate', (bytes: Buffer) => inflateSync(bytes)],
  ] as const)('with %s', async (coding, unpack) => {
    const { headers, body } = await get(text, coding)
    expect([headers['content-encoding'], headers.vary, headers['content-length']])
      .toEqual([coding, 'Accept-Encoding', undefined])
    expect(body.length).toBeLessThan(TEXT.length / 5)
    expect(unpack(body).toString()).toBe(TEXT)
  })

  it.each<[string, RequestHandler, string | undefined, string | null, CompressedOptions?]>([
    // What, handler, coding, Vary
    ['nothing asked for', text, undefined, 'Accept-Encoding'],
    ['short', () => 'short', undefined, null],
    ['short, with a lower minimum', () => 'short', 'gzip', 'Accept-Encoding', { minimum: 1 }],
    ['an image', withFields({ 'Content-Type': 'image/png' }), undefined, null],
    ['an image in text', withFields({ 'Content-Type': 'image/svg+xml' }), 'gzip', 'Accept-Encoding'],
    ['JSON of a kind', withFields({ 'Content-Type': 'application/ld+json; charset=utf-8' }), 'gzip', 'Accept-Encoding'],
    ['no type', () => ({ body: new TextEncoder().encode(TEXT) }), undefined, null],
    ['a type that is named', withFields({ 'Content-Type': 'x/y' }), 'gzip', 'Accept-Encoding', { types: /^x\/y/ }],
    ['encoded already', withFields({ 'Content-Encoding': 'zstd' }), 'zstd', null],
    ['no-transform', withFields({ 'Cache-Control': 'max-age=1, no-transform' }), undefined, null],
    ['a digest of the bytes', withFields({ 'Content-Digest': 'sha-256=:AA==:' }), undefined, null],
    ['a part', withFields({ 'Content-Range': 'bytes 0-9/20' }, TEXT, 206), undefined, 'Accept-Encoding'],
    ['an error', withFields({}, TEXT, 404), 'gzip', 'Accept-Encoding'],
    ['something that varies', withFields({ Vary: 'Cookie' }), 'gzip', 'Cookie, Accept-Encoding'],
    ['something that varies by it', withFields({ Vary: 'accept-encoding' }), 'gzip', 'accept-encoding'],
    ['something that varies by all', withFields({ Vary: '*' }), 'gzip', '*'],
    ['pieces', (_request, response) => void response.write('a'), 'gzip', 'Accept-Encoding'],
  ])('%s', async (what, handler, coding, vary, options) => {
    const own: RequestHandler = what !== 'pieces' ? handler : (request, response) => {
      response.headers.set('Content-Type', 'text/plain')
      void handler(request, response)
      response.end('b')
    }
    const { headers, body } = await get(own, what === 'nothing asked for' ? null : 'gzip', options)
    expect(headers['content-encoding']).toBe(coding)
    expect(headers.vary ?? null).toBe(vary)
    if (what === 'pieces') expect(gunzipSync(body).toString()).toBe('ab')
  })

  it('what has no body', async () => {
    const empty = await get(() => ({ status: 204, headers: { 'Content-Type': 'text/plain' } }), 'gzip')
    expect([empty.status, empty.headers['content-encoding']]).toEqual([204, undefined])
    const head = await get(new Data(TEXT), 'gzip', {}, 'HEAD')
    expect([head.headers['content-encoding'], head.headers['content-length'], head.body.length]).toEqual(['gzip',
      undefined, 0])
  })

  it('a tag becomes weak, and ranges are not offered', async () => {
    const handler = withFields({ 'ETag': '"v1"', 'Accept-Ranges': 'bytes' })
    const packed = (await get(handler, 'gzip')).headers
    expect([packed.etag, packed['accept-ranges']]).toEqual(['W/"v1"', undefined])
    const plain = (await get(handler, null)).headers
    expect([plain.etag, plain['accept-ranges']]).toEqual(['"v1"', 'bytes'])
    const same = await get(() => ({ status: 304, headers: { ETag: '"v1"' } }), 'gzip')
    expect([same.headers.etag, same.headers.vary]).toEqual(['W/"v1"', 'Accept-Encoding'])
  })

  it('nothing that is acceptable is 406, for what only reads', async () => {
    expect((await get(text, 'identity;q=0')).status).toBe(406)
    expect((await get(text, '*;q=0')).status).toBe(406)
    expect((await get(text, 'identity;q=0', {}, 'POST')).text).toBe(TEXT)
    const forced = await get(() => 'short', 'gzip, identity;q=0')
    expect(gunzipSync(forced.body).toString()).toBe('short')
  })

  it('the host\'s choice of codings may be narrowed', async () => {
    expect((await get(text, 'br, gzip', { codings: ['gzip'] })).headers['content-encoding']).toBe('gzip')
    expect((await get(text, 'br, gzip')).headers['content-encoding']).toBe('br')
    expect(() => new Compressed(text, { codings: ['zstd'] as never })).toThrow(TypeError)
    expect(() => new Compressed(text, { minimum: -1 })).toThrow(RangeError)
    expect(() => new Compressed(null as never)).toThrow(TypeError)
  })

  it('a tree, and once only', async () => {
    const root = new Resource().putChild('', new Data(TEXT))
    expect(gunzipSync((await get(new Compressed(root), 'gzip')).body).toString()).toBe(TEXT)
    const files = new Lab(new Compressed(new File('/srv'))).files({ '/srv/a.txt': TEXT })
    // A reactor without compression: answers go as they are.
    expect(files.ask('GET /a.txt', { 'Accept-Encoding': 'gzip' }).headers['content-encoding']).toBeUndefined()
  })

  it('requests behind it on the connection wait for the last of it', async () => {
    const { port } = await serving(newReactor(), new Compressed((request) => `${request.path} ${TEXT}`))
    const { Agent } = await import('node:http')
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const answers = await Promise.all(['/1', '/2', '/3'].map((path) =>
      ask(port, path, { agent, headers: { 'Accept-Encoding': 'gzip' } })))
    expect(answers.map(({ body }) => gunzipSync(body).toString().slice(0, 2))).toEqual(['/1', '/2', '/3'])
    agent.destroy()
  })
})

describe('pieces', () => {
  function begin(port: number): Promise<IncomingMessage> {
    const request = askNode({ host: '127.0.0.1', port, agent: false, headers: { 'Accept-Encoding': 'gzip' } })
    request.on('error', () => undefined)
    request.end()
    return once(request, 'response').then(([response]) => response as IncomingMessage)
  }

  it('come out as they are written', async () => {
    let open: ServerResponse | null = null
    const { port } = await serving(newReactor(), new Compressed((_request, response) => {
      response.headers.set('Content-Type', 'text/event-stream')
      void response.write('data: 1\n\n')
      open = response
    }))
    const unpack = (await begin(port)).pipe(createGunzip())
    let text = ''
    let wanted = later()
    unpack.on('data', (data: Buffer) => {
      text += data.toString()
      wanted.resolve()
    })
    await wanted.promise
    expect(text).toBe('data: 1\n\n')
    wanted = later()
    void open!.write('data: 2\n\n')
    await wanted.promise
    expect(text).toBe('data: 1\n\ndata: 2\n\n')
    open!.end('data: 3\n\n')
    await once(unpack, 'end')
    expect(text).toBe('data: 1\n\ndata: 2\n\ndata: 3\n\n')
  })

  it('a client that goes away frees the writer and the codec', async () => {
    const over = later()
    const freed = later()
    const { port } = await serving(newReactor(), new Compressed((request: ServerRequest, response: ServerResponse) => {
      response.headers.set('Content-Type', 'text/plain')
      request.notifyFinish().addErrback(() => over.resolve())
      // Nobody reads it: more than sockets hold.
      response.write(Buffer.alloc(30_000_000, Buffer.from(crypto.getRandomValues(new Uint8Array(65_536)))))
        .addBoth(() => freed.resolve())
    }))
    const response = await begin(port)
    response.pause()
    response.destroy()
    await over.promise
    await freed.promise
  })

  it('a source that fails cuts the response off', async () => {
    const { port } = await serving(newReactor(), new Compressed((_request, response) => {
      response.headers.set('Content-Type', 'text/plain')
      return response.send((async function* () {
        yield TEXT
        throw new Error('no more')
      })())
    }))
    const response = await begin(port)
    const how = await new Promise<string>((resolve) => {
      response.on('end', () => resolve('whole'))
      response.on('error', () => resolve('cut off'))
      response.resume()
    })
    expect(how).toBe('cut off')
  })
})
