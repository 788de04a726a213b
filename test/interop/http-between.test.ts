/** The HTTP server with clients, and both sides with proxies, that are not ours: Twisted web, undici. */
import { createHash, randomBytes } from 'node:crypto'
import { Client, fetch, Pool } from 'undici'
import { afterEach, expect, it } from 'vitest'
import { HTTPConnectionPool, ProxyAgent, serve } from 'whorl/http'
import type { RequestHandler } from 'whorl/http'
import type { IPv4Address } from 'whorl'
import { cleanUp, cleanups, client, digest, MEGABYTES, reactor } from './http-client-lab.js'
import { describeWith, Program, twistedPython } from './programs.js'

afterEach(cleanUp)

const BIG = randomBytes(1_500_000)
const MANY = 50
const LATE = Array.from({ length: MANY }, (_, n) => `late ${n}`)

const site: RequestHandler = async (request, response) => {
  switch (request.path) {
    case '/big': return BIG
    case '/pieces':
      for (let at = 0; at < BIG.length; at += 100_000) await response.write(BIG.subarray(at, at + 100_000))
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
    default: return `${request.method} ${request.path}`
  }
}

async function start(): Promise<number> {
  const port = await serve(reactor(), 'tcp:0:interface=127.0.0.1', site, { limits: { bodyBytes: null } })
  cleanups.push(async () => { await port.stopListening() })
  return (port.getHost() as IPv4Address).port
}

describeWith(twistedPython(), 'Twisted web', (python) => {
  const between = (...args: string[]): Program =>
    new Program(python, ['test/interop/peers/twisted_web_between.py', ...args])

  async function proxy(...args: string[]): Promise<string> {
    const [, port] = await between(...args).prints(/"port": (\d+)/)
    return `http://127.0.0.1:${port}`
  }

  it('as client gets and posts, alone and many at a time', async () => {
    const program = between('client', `${await start()}`)
    const { status } = await program.ended
    // Twisted warns of its own ways there.
    expect(program.errorText).not.toContain('Traceback')
    expect(status).toBe(0)
    expect(JSON.parse(program.text)).toEqual({
      '/big': [200, BIG.length, digest(BIG)],
      '/pieces': [200, 'chunked', digest(BIG)],
      HEAD: [200, 0],
      POST: [200, digest(Buffer.from('0123456789'.repeat(100_000)))],
      late: LATE,
    })
  })

  it('as proxy in front of our server', async () => {
    const url = await proxy('reverse', `${await start()}`)
    const { agent } = client()
    for (const path of ['/big', '/pieces']) {
      expect(digest(await (await agent.request('GET', url + path)).read())).toBe(digest(BIG))
    }
    const posted = await agent.request('POST', `${url}/digest`, { body: MEGABYTES })
    expect(await posted.text()).toBe(digest(MEGABYTES))
    const many = await Promise.all(LATE.map(async (_, n) =>
      await (await agent.request('GET', `${url}/late?n=${n}`)).text()))
    expect(many).toEqual(LATE)
  })

  it('as proxy that our client goes through', async () => {
    const url = `http://127.0.0.1:${await start()}`
    const on = reactor()
    const agent = new ProxyAgent(on, await proxy('forward'), { pool: new HTTPConnectionPool(on) })
    expect(await (await agent.request('GET', `${url}/a`)).text()).toBe('GET /a')
    for (const path of ['/big', '/pieces']) {
      expect(digest(await (await agent.request('GET', url + path)).read())).toBe(digest(BIG))
    }
    expect(await (await agent.request('POST', `${url}/digest`, { body: MEGABYTES })).text()).toBe(digest(MEGABYTES))
  })
})

it('undici gets and posts: one at a time, several ahead, by fetch', async () => {
  const url = `http://127.0.0.1:${await start()}`
  const pool = new Pool(url, { connections: 4 })
  const pipelining = new Client(url, { pipelining: 10 })
  cleanups.push(() => pool.close(), () => pipelining.close())
  for (const path of ['/big', '/pieces']) {
    const { statusCode, body } = await pool.request({ method: 'GET', path })
    expect([statusCode, digest(Buffer.from(await body.arrayBuffer()))]).toEqual([200, digest(BIG)])
  }
  const posted = await pool.request({ method: 'POST', path: '/digest', body: MEGABYTES })
  expect(await posted.body.text()).toBe(digest(MEGABYTES))
  for (const dispatcher of [pool, pipelining]) {
    expect(await Promise.all(LATE.map(async (_, n) =>
      await (await dispatcher.request({ method: 'GET', path: `/late?n=${n}` })).body.text()))).toEqual(LATE)
  }
  const fetched = await fetch(`${url}/digest`, {
    method: 'PUT', duplex: 'half', body: new Blob([MEGABYTES]).stream(), dispatcher: pool,
  })
  expect([fetched.status, await fetched.text()]).toEqual([200, digest(MEGABYTES)])
})
