/** The HTTP client through proxies that are not ours: tinyproxy, microsocks. */
import type { RequestListener } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { Server as NetServer } from 'node:net'
import { afterAll, afterEach, expect, it } from 'vitest'
import { HTTPConnectError, SOCKSConnectionRefused } from 'whorl'
import { HTTPConnectionPool, ProxyAgent } from 'whorl/http'
import { cleanUp, listen, nodeServer, reactor, vector } from './http-client-lab.js'
import { describeWith } from './programs.js'
import { Folder, microsocks, start, startTinyproxy, tinyproxy } from './proxies.js'

const folder = new Folder()
afterEach(cleanUp)
afterAll(() => folder.remove())

/** A server for http and one for https, which say what they were asked. */
async function origins(): Promise<{ plain: string, secure: string }> {
  const say: RequestListener = (request, response) =>
    response.end(`${request.method} ${request.url} ${request.headers['proxy-authorization'] ?? 'nothing'}`)
  const { url: plain } = await nodeServer(say)
  const secured = createSecureServer({ key: vector('localhost.key'), cert: vector('localhost.pem') }, say)
  return { plain, secure: `https://localhost:${await listen(secured as unknown as NetServer)}` }
}

describeWith(tinyproxy(), 'through tinyproxy', (command) => {
  it('by the whole URL, and by tunnel', async () => {
    const { plain, secure } = await origins()
    const port = await startTinyproxy(command, folder, ['BasicAuth me secret'])
    const on = reactor()
    const pool = new HTTPConnectionPool(on)
    const agent = new ProxyAgent(on, `http://me:secret@127.0.0.1:${port}`, { pool, tls: { ca: vector('ca.pem') } })
    for (let i = 0; i < 2; i++) {
      expect(await (await agent.request('GET', `${plain}/a`)).text()).toBe('GET /a nothing')
      expect(await (await agent.request('GET', `${secure}/b`)).text()).toBe('GET /b nothing')
    }
    const stranger = new ProxyAgent(on, `http://127.0.0.1:${port}`, { tls: { ca: vector('ca.pem') } })
    const refused = await stranger.request('GET', plain)
    expect([401, 407]).toContain(refused.status)
    refused.discard()
    await expect(stranger.request('GET', secure).asPromise()).rejects.toBeInstanceOf(HTTPConnectError)
    const direct = new ProxyAgent(on, `http://127.0.0.1:${port}`, { except: ['127.0.0.1'] })
    expect(await (await direct.request('GET', plain)).text()).toBe('GET / nothing')
  })
})

describeWith(microsocks(), 'through microsocks', (command) => {
  it('both, by name', async () => {
    const { plain, secure } = await origins()
    const port = await start(command, (free) => ['-i', '127.0.0.1', '-p', `${free}`, '-u', 'me', '-P', 'secret'])
    const on = reactor()
    const agent = new ProxyAgent(on, `socks5://me:secret@127.0.0.1:${port}`, {
      pool: new HTTPConnectionPool(on), tls: { ca: vector('ca.pem') },
    })
    for (let i = 0; i < 2; i++) {
      expect(await (await agent.request('POST', `${plain}/a`, { body: 'x' })).text()).toBe('POST /a nothing')
      expect(await (await agent.request('GET', `${secure}/b`)).text()).toBe('GET /b nothing')
    }
    await expect(agent.request('GET', `http://127.0.0.2:${new URL(plain).port}/`).asPromise()).rejects
      .toBeInstanceOf(SOCKSConnectionRefused)
  })
})
