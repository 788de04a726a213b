/** docs/guide/http-client.md: every program on the page is one of examples/snippets/, and does what the page says. */
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { CookieJar } from 'tough-cookie'
import { afterEach, describe, expect, it } from 'vitest'
import { CancelledError, ConnectionRefusedError, createReactor, Failure, Protocol } from 'whorl'
import {
  Agent, HTTPConnectionPool, HTTPError, RequestTimeoutError, ResponseFailed, ResponseNeverReceived,
} from 'whorl/http'
import { browser, page as getThePage, title } from '../../examples/snippets/http-client-agents.js'
import { translate, upload } from '../../examples/snippets/http-client-bodies.js'
import { explain, fastest, hasty } from '../../examples/snippets/http-client-limits.js'
import { askAll } from '../../examples/snippets/http-client-requests.js'
import { speak } from '../../examples/snippets/http-client-upgrade.js'
import { DEFAULT_CLIENT_TIMEOUTS } from '../../src/http/client/interfaces.js'

const folder = new URL('../../', import.meta.url)
const guide = readFileSync(new URL('docs/guide/http-client.md', folder), 'utf8')
const PREFIX = 'http-client-'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

function reactor(): ReturnType<typeof createReactor> {
  const made = createReactor({ installSignalHandlers: false })
  const ran = made.run()
  cleanups.push(async () => {
    made.stop()
    await ran
  })
  return made
}

async function serve(listener: RequestListener, onUpgrade?: (socket: Socket) => void): Promise<string> {
  const server = createServer(listener)
  if (onUpgrade !== undefined) server.on('upgrade', (_request, socket) => onUpgrade(socket as Socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanups.push(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

describe('the guide to the HTTP client', () => {
  it('shows programs of examples/snippets, and nothing else', () => {
    const snippets = readdirSync(new URL('examples/snippets', folder))
      .filter((name) => name.startsWith(PREFIX))
      .map((name) => readFileSync(new URL(`examples/snippets/${name}`, folder), 'utf8'))
    const shown = [...guide.matchAll(/```ts\n([^]*?)```/g)].map((match) => match[1]!)
    expect(shown).toHaveLength(snippets.length)
    for (const program of shown) expect(snippets.filter((snippet) => snippet.includes(program))).toHaveLength(1)
  })

  it('says the defaults that there are', () => {
    const said = [...guide.matchAll(/^\| `(\w+)` \|.* \| (Infinity|[\d,]+) \|$/gm)]
      .map(([, name, value]) => [name!, Number(value!.replaceAll(',', ''))] as const)
    const { maxPerHost, maxPersistentPerHost, cachedConnectionTimeout } = new HTTPConnectionPool(reactor())
    expect(Object.fromEntries(said)).toEqual({
      ...DEFAULT_CLIENT_TIMEOUTS, maxPerHost, maxPersistentPerHost, cachedConnectionTimeout,
    })
  })

  it('asks one after the other', async () => {
    const url = await serve((request, response) => {
      response.statusCode = request.url === '/none' ? 404 : 200
      response.end(JSON.stringify({ path: request.url }))
    })
    expect(await askAll(reactor(), [`${url}/a`, `${url}/none`, `${url}/b`]))
      .toEqual([{ path: '/a' }, '404 Not Found', { path: '/b' }])
  })

  it('sends and receives at once', async () => {
    const url = await serve((request, response) => {
      if (request.method === 'PUT') {
        response.statusCode = 201
        request.resume()
        request.on('end', () => response.end())
        return
      }
      response.writeHead(200)
      request.on('data', (data: Buffer) => response.write(data.toString().toUpperCase()))
      request.on('end', () => response.end())
    })
    const agent = new Agent(reactor())
    const heard: string[] = []
    let answered: () => void = () => undefined
    const lines = async function* (): AsyncGenerator<string> {
      for (const line of ['one', 'two', 'three']) {
        const answer = new Promise<void>((resolve) => { answered = resolve })
        yield line
        // The next is not said before the last was answered.
        await answer
      }
    }
    for await (const line of translate(agent, url, lines())) {
      heard.push(line)
      answered()
    }
    expect(heard).toEqual(['ONE', 'TWO', 'THREE'])
    expect(await upload(agent, url, new Uint8Array(100_000))).toBe(201)
  })

  it('goes through agents', async () => {
    let asked = 0
    const url = await serve((request, response) => {
      asked += 1
      if (request.url === '/') {
        response.writeHead(302, { 'Location': '/page', 'Set-Cookie': 'a=1' })
        response.end()
      } else {
        response.end(`<title>${request.headers.cookie}</title>`)
      }
    })
    const on = reactor()
    expect(await title(browser(on, new CookieJar()), url)).toBe('a=1')
    expect(new TextDecoder().decode(await getThePage(on, url))).toBe('<title>undefined</title>')
    expect(asked).toBe(4)
  })

  it('takes the first answer, and gives up the others', async () => {
    const left: Promise<void>[] = []
    const slow = await serve((_request, response) => {
      left.push(new Promise((resolve) => response.on('close', resolve)))
    })
    const fast = await serve((_request, response) => {
      // Not before the other has been asked.
      const answer = (): void => {
        if (left.length > 0) response.end('fast')
        else setImmediate(answer)
      }
      answer()
    })
    expect(await fastest(hasty(reactor()), [slow, fast])).toBe('fast')
    await Promise.all(left)
  })

  it('explains what went wrong', () => {
    expect([
      new CancelledError(), new RequestTimeoutError('tls'), new ConnectionRefusedError(), new ResponseNeverReceived(),
      new ResponseFailed(), new HTTPError(500, 'words'),
    ].map((error) => explain(new Failure(error)))).toEqual([
      'given up', 'too slow: tls', 'nothing was sent', 'perhaps it was done, perhaps not', 'it began to answer',
        'words',
    ])
  })

  it('speaks another protocol', async () => {
    const url = await serve((_request, response) => response.end('no'), (socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: shout\r\n\r\nhello ')
      socket.on('data', (data) => socket.end(data.toString().toUpperCase()))
      socket.on('error', () => undefined)
    })
    let heard = ''
    const over = new Promise<void>((resolve) => {
      class Shouter extends Protocol {
        override connectionMade(): void { this.transport.write('you') }
        override dataReceived(data: Uint8Array): void { heard += Buffer.from(data).toString() }
        override connectionLost(): void { resolve() }
      }
      void speak(new Agent(reactor()), url, 'shout', new Shouter())
    })
    await over
    expect(heard).toBe('hello YOU')
    const plain = await serve((_request, response) => response.end('no'))
    expect(await speak(new Agent(reactor()), plain, 'shout', new Protocol())).toBe(false)
  })
})
