/** Long bodies that are read whole: from the socket to where they belong, past the parser. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { BodyTarget } from '../../../src/http/body-target.js'
import { Agent, HTTPConnectionPool } from '../../../src/http/index.js'
import type { RequestHandler, SiteOptions } from '../../../src/http/index.js'
import { reactors } from './helpers.js'
import { serving } from './http-lab.js'
import { checkNothingLeft } from './left-behind.js'

checkNothingLeft()
const newReactor = reactors(afterEach)

const digest = (bytes: Uint8Array): string => `${bytes.length} ${createHash('sha1').update(bytes).digest('hex')}`

/** Bytes that are nowhere the same as a little further on. */
function body(length: number, seed = 1): Buffer {
  const bytes = Buffer.allocUnsafe(length)
  let state = seed
  for (let i = 0; i < length; i++) {
    state = Math.imul(state, 1_664_525) + 1_013_904_223 | 0
    bytes[i] = state >>> 24
  }
  return bytes
}

const post = (bytes: Buffer, more = ''): Buffer => Buffer.concat([
  Buffer.from(`POST / HTTP/1.1\r\nHost: a\r\n${more}Content-Length: ${bytes.length}\r\n\r\n`), bytes])

/** Counts what was read past the parser meanwhile. */
function counting(): { direct: number, stop(): void } {
  const { bufferUpdated } = BodyTarget.prototype
  const counted = { direct: 0, stop: () => void (BodyTarget.prototype.bufferUpdated = bufferUpdated) }
  BodyTarget.prototype.bufferUpdated = function (length) {
    counted.direct += length
    bufferUpdated.call(this, length)
  }
  return counted
}

async function talk(port: number, send: (socket: Socket) => unknown): Promise<string[]> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  let text = ''
  socket.setEncoding('latin1').on('data', (piece: string) => text += piece)
  socket.on('error', () => undefined)
  await send(socket)
  await once(socket, 'close')
  return text.split(/(?=HTTP\/1\.1 )/).map((one) => `${one.slice(9, 12)} ${one.split('\r\n\r\n')[1] ?? ''}`.trim())
}

const LAST = 'Connection: close\r\n'
const whole: RequestHandler = (request) => request.read(null).addCallback(digest)
const site = async (handler: RequestHandler, options: SiteOptions = {}): Promise<number> =>
  (await serving(newReactor(), handler, { limits: { bodyBytes: null }, ...options })).port

describe('a long body that is read whole', () => {
  it.each([65_537, 262_144, 1_048_576, 2_097_152, 3_000_001, 9_000_000])('of %d bytes is what was sent', async (length) => {
    const port = await site(whole)
    const [one, two] = [body(length), body(length, 7)]
    const seen = counting()
    const answers = await talk(port, async (socket) => {
      socket.write(post(one))
      await once(socket, 'data')
      socket.write(post(two, LAST))
    })
    seen.stop()
    expect(answers).toEqual([`200 ${digest(one)}`, `200 ${digest(two)}`])
    if (length > 1_000_000) expect(seen.direct).toBeGreaterThan(length)
  })

  it('leaves what comes behind it to the next request', async () => {
    const port = await site(whole)
    const parts = [body(300_000), body(200_000, 2), body(10, 3), body(1_000_000, 4)]
    const answers = await talk(port, (socket) =>
      socket.write(Buffer.concat(parts.map((part, i) => post(part, i === parts.length - 1 ? LAST : '')))))
    expect(answers).toEqual(parts.map((part) => `200 ${digest(part)}`))
  })

  it('comes in small pieces just as well', async () => {
    const port = await site(whole)
    const sent = body(400_000)
    const bytes = post(sent, LAST)
    const answers = await talk(port, async (socket) => {
      for (let at = 0; at < bytes.length; at += 7_001) {
        socket.write(bytes.subarray(at, at + 7_001))
        if (at % 3 === 0) await new Promise(setImmediate)
      }
    })
    expect(answers).toEqual([`200 ${digest(sent)}`])
  })

  it('may be asked for late, and told to go on', async () => {
    const reactor = newReactor()
    const { port } = await serving(reactor, async (request) => {
      await reactor.deferLater(30)
      return digest(await request.read(null))
    }, { limits: { bodyBytes: null } })
    const sent = body(1_500_000)
    const answers = await talk(port, (socket) => {
      const all = post(sent, `Expect: 100-continue\r\n${LAST}`)
      const head = all.length - sent.length
      socket.write(all.subarray(0, head))
      socket.once('data', () => socket.write(all.subarray(head)))
    })
    expect(answers).toEqual(['100', `200 ${digest(sent)}`])
  })

  it('that is too long is refused, in the middle as at the head', async () => {
    const port = await site((request) => request.read(100_000).addCallback(digest))
    expect(await talk(port, (socket) => socket.write(post(body(300_000), LAST)))).toEqual([
      expect.stringMatching(/^413 /)])
  })

  it('that nobody wants any more does not stop the connection', async () => {
    const port = await site(async (request) => {
      const reading = request.read(null)
      reading.addErrback(() => undefined)
      setTimeout(() => reading.cancel(), 20)
      await reading
      return 'given up'
    }, { limits: { bodyBytes: null, unreadBytes: 10_000_000 } })
    const bytes = post(body(1_000_000))
    const answers = await talk(port, async (socket) => {
      socket.write(bytes.subarray(0, 400_000))
      await once(socket, 'data')
      socket.write(bytes.subarray(400_000))
      socket.end(post(body(3), LAST))
    })
    expect(answers[0]).toBe('200 given up')
    expect(answers.length).toBe(2)
  })

  it('that ends too early fails, and others go on', async () => {
    const failed: unknown[] = []
    const port = await site((request) => request.read(null).addCallbacks(digest, (failure) => {
      failed.push(failure.value)
      return 'cut off'
    }))
    const other = body(700_000)
    const [, answers] = await Promise.all([
      talk(port, (socket) => {
        socket.write(post(body(900_000)).subarray(0, 500_000))
        setTimeout(() => socket.destroy(), 20)
      }),
      talk(port, (socket) => socket.write(post(other, LAST))),
    ])
    expect(answers).toEqual([`200 ${digest(other)}`])
    expect(failed).toEqual([expect.objectContaining({ name: 'BodyIncompleteError' })])
  })

  it('in chunks goes through the parser', async () => {
    const port = await site(whole)
    const sent = body(500_000)
    const seen = counting()
    const answers = await talk(port, (socket) => socket.write(Buffer.concat([
      Buffer.from(`POST / HTTP/1.1\r\nHost: a\r\n${LAST}Transfer-Encoding: chunked\r\n\r\n`),
      ...[0, 1].flatMap((i) => [Buffer.from('3d090\r\n'), sent.subarray(i * 250_000, (i + 1) * 250_000),
        Buffer.from('\r\n')]), Buffer.from('0\r\n\r\n')])))
    seen.stop()
    expect(answers).toEqual([`200 ${digest(sent)}`])
    expect(seen.direct).toBe(0)
  })
})

describe('a long response that is read whole', () => {
  it.each([65_537, 1_048_576, 5_000_000])('of %d bytes is what was sent, again and again', async (length) => {
    const sent = body(length)
    const port = await site(() => sent)
    const reactor = newReactor()
    const pool = new HTTPConnectionPool(reactor)
    const agent = new Agent(reactor, { pool })
    const seen = counting()
    for (let i = 0; i < 3; i++) {
      const response = await agent.request('GET', `http://127.0.0.1:${port}/`)
      expect(digest(await response.read(null))).toBe(digest(sent))
    }
    seen.stop()
    if (length > 1_000_000) expect(seen.direct).toBeGreaterThan(length)
    await pool.closeCachedConnections()
  })

  it('that ends too early fails', async () => {
    const port = await site(async (_request, response) => {
      response.headers.set('Content-Length', '2000000')
      await response.write(body(900_000))
      setTimeout(() => response.abort(), 20)
    })
    const response = await new Agent(newReactor()).request('GET', `http://127.0.0.1:${port}/`)
    await expect(Promise.resolve(response.read(null))).rejects.toMatchObject({ code: 'ERR_HTTP_RESPONSE_FAILED' })
  })
})
