/**
 * What is special to workerd, seen from outside: sockets and requests that come into a worker, a Durable Object in which
 * connections reach each other.
 *
 * Owns: the cases, as rows of a report. Must not know: how workerd is started.
 */
import { once } from 'node:events'
import { request } from 'node:http'
import type { IncomingMessage, RequestOptions } from 'node:http'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { connect as connectTLS } from 'node:tls'
import { gunzipSync, gzipSync } from 'node:zlib'
import { WebSocket } from 'ws'
import { equal, ok } from '../../contract/checks.js'
import type { CaseResult, Lab } from '../../contract/contract.js'

/** Where the workers are. */
export interface Workers {
  /** By the names of the configuration's sockets. */
  readonly ports: ReadonlyMap<string, number>
  readonly lab: Lab
  /** Of the UNIX socket. */
  readonly path: string
}

const MIB = 1_048_576
const DEADLINE = 30_000

function bytes(length: number, from = 0): Buffer {
  return Buffer.from(Uint8Array.from({ length }, (_, i) => (from + i) % 251))
}

async function all(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

/** Sends, ends, and reads to the end. */
async function exchange(socket: Socket, sent: Buffer): Promise<Buffer> {
  socket.end(sent)
  return await all(socket)
}

/** Lines of one who talks. */
class Talking {
  readonly lines: string[] = []
  readonly socket: Socket
  #rest = ''

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1')
    this.socket.setEncoding('utf8').on('data', (text: string) => {
      const found = (this.#rest + text).split('\r\n')
      this.#rest = found.pop()!
      this.lines.push(...found)
    }).on('error', () => undefined)
  }

  say(line: string): void {
    this.socket.write(`${line}\r\n`)
  }

  async until(line: string): Promise<void> {
    while (!this.lines.includes(line)) await once(this.socket, 'data')
  }
}

class Cases {
  readonly #workers: Workers

  constructor(workers: Workers) {
    this.#workers = workers
  }

  #port(name: string): number {
    return this.#workers.ports.get(name)!
  }

  async #ask(options: RequestOptions, body?: Buffer): Promise<IncomingMessage> {
    const asking = request({ host: '127.0.0.1', port: this.#port('site'), agent: false, ...options })
    asking.end(body)
    const [response] = await once(asking, 'response') as [IncomingMessage]
    return response
  }

  async #text(path: string): Promise<string> {
    return (await all(await this.#ask({ path }))).toString()
  }

  async #kind(name: string, kind: string): Promise<void> {
    await this.#text(`/kind?port=${this.#port(name)}&kind=${kind}`)
  }

  #webSocket(path: string, protocols: string[] = [], origin?: string): WebSocket {
    return new WebSocket(`ws://127.0.0.1:${this.#port('site')}${path}`, protocols, origin === undefined ? {} : { origin })
  }

  readonly sockets: Record<string, () => Promise<void>> = {
    'TCP: 1 MiB there and back, and the ends of both directions': async () => {
      const back = await exchange(connect(this.#port('tcp'), '127.0.0.1'), bytes(MIB))
      ok(back.equals(bytes(MIB)), `${back.length} bytes`)
    },
    'TLS, which the configuration does': async () => {
      const { ca } = this.#workers.lab
      const back = await exchange(connectTLS({ port: this.#port('tls'), host: '127.0.0.1', ca, servername: 'localhost' }),
        bytes(100_000))
      ok(back.equals(bytes(100_000)), `${back.length} bytes`)
    },
    'UNIX: its protocol knows where it came in': async () => {
      const said = await all(connect(this.#workers.path))
      equal(JSON.parse(said.toString()), [
        { family: 'UNIX', type: 'UNIX', path: '' }, { family: 'UNIX', type: 'UNIX', path: this.#workers.path }])
    },
    '50 at once, each with its own bytes': async () => {
      const backs = await Promise.all(Array.from({ length: 50 }, (_, i) =>
        exchange(connect(this.#port('tcp'), '127.0.0.1'), bytes(20_000, i))))
      for (const [i, back] of backs.entries()) ok(back.equals(bytes(20_000, i)), `connection ${i}`)
    },
    'a protocol that pauses gets all of it': async () => {
      await this.#kind('tcp', 'slow')
      const back = await exchange(connect(this.#port('tcp'), '127.0.0.1'), bytes(MIB))
      await this.#kind('tcp', 'echo')
      equal(back.toString(), String(MIB))
    },
    'a client that vanishes leaves the worker as it was': async () => {
      const gone = connect(this.#port('tcp'), '127.0.0.1')
      gone.on('error', () => undefined)
      gone.write(bytes(100))
      await once(gone, 'data')
      gone.resetAndDestroy()
      const back = await exchange(connect(this.#port('tcp'), '127.0.0.1'), bytes(100))
      equal(back.length, 100)
    },
    'null instead of a factory closes the connection': async () => {
      await this.#kind('tcp', 'none')
      const back = await all(connect(this.#port('tcp'), '127.0.0.1'))
      await this.#kind('tcp', 'echo')
      equal(back.length, 0)
    },
  }

  readonly site: Record<string, () => Promise<void>> = {
    'a Site answers: method, host, fields, query, peer': async () => {
      const response = await this.#ask({ path: '/?q=a%20b', headers: { 'X-Mine': 'one', Connection: 'close' } })
      const { peer, ...said } = JSON.parse((await all(response)).toString()) as Record<string, unknown>
      equal(said, { method: 'GET', host: `127.0.0.1:${this.#port('site')}`, mine: 'one', query: 'a b' })
      equal((peer as { host: string }).host, '127.0.0.1')
      equal(response.headers['set-cookie'], ['a=1', 'b=2'])
      const missing = await this.#ask({ path: '/nowhere' })
      equal([missing.statusCode, (await all(missing)).toString()], [404, 'nothing'])
      const head = await this.#ask({ path: '/', method: 'HEAD' })
      equal([head.statusCode, (await all(head)).length, Number(head.headers['content-length']) > 0], [200, 0, true])
    },
    'bodies there and back piece by piece: what comes of one is seen before it ends': async () => {
      const asking = request({ host: '127.0.0.1', port: this.#port('site'), path: '/echo', method: 'POST', agent: false })
      asking.write(bytes(10))
      const [response] = await once(asking, 'response') as [IncomingMessage]
      const [first] = await once(response, 'data') as [Buffer]
      ok(first.equals(bytes(10)), 'the first piece')
      asking.end(bytes(MIB))
      const rest = await all(response)
      ok(rest.equals(bytes(MIB)), `${rest.length} bytes`)
    },
    'a body that is not read holds its site up, and comes whole': async () => {
      const response = await this.#ask({ path: '/large' })
      await new Promise((resolve) => setTimeout(resolve, 200))
      const body = await all(response)
      equal(body.length, 64 * 65_536)
      for (let i = 0; i < 64; i++) {
        ok(body.subarray(i * 65_536, (i + 1) * 65_536).equals(bytes(65_536, i)), `piece ${i}`)
      }
    },
    'what is encoded stays as it is': async () => {
      const encoded = gzipSync('hello')
      const response = await this.#ask({ path: `/encoded?hex=${encoded.toString('hex')}` })
      equal(response.headers['content-encoding'], 'gzip')
      equal(gunzipSync(await all(response)).toString(), 'hello')
    },
    'a response that breaks off does not look whole': async () => {
      // Before its head has gone out, or behind it.
      const whole = await this.#ask({ path: '/broken' }).then(all).catch((error: Error) => error)
      ok(whole instanceof Error, String(whole))
    },
  }

  readonly webSockets: Record<string, () => Promise<void>> = {
    'one that a Site upgrades to: subprotocol, text, binary, 1 MB, a close with its code': async () => {
      const ws = this.#webSocket('/talk', ['other', 'talk.v1'])
      const [first] = await once(ws, 'message') as [Buffer]
      equal([String(first), ws.protocol], ['hello talk.v1', 'talk.v1'])
      ws.send('grüße')
      equal(String((await once(ws, 'message'))[0]), 'grüße')
      ws.send(bytes(1_000_000))
      const [data, isBinary] = await once(ws, 'message') as [Buffer, boolean]
      ok(isBinary && data.equals(bytes(1_000_000)), `${data.length} bytes`)
      ws.close(4001, 'enough')
      equal((await once(ws, 'close')).map(String), ['4001', 'enough'])
      while (!(await this.#text('/ended')).includes('ConnectionDone 4001 enough')) continue
    },
    'the Site closes it, with a code and a reason': async () => {
      const ws = this.#webSocket('/talk')
      await once(ws, 'message')
      ws.send('close')
      equal((await once(ws, 'close')).map(String), ['4002', 'asked for'])
    },
    'what a Site refuses is refused': async () => {
      const ws = this.#webSocket('/talk', [], 'http://elsewhere.example')
      const [error] = await once(ws, 'error') as [Error]
      ok(error.message.includes('403'), error.message)
      const nowhere = this.#webSocket('/nowhere')
      ok(((await once(nowhere, 'error'))[0] as Error).message.includes('404'), 'no such place')
    },
    'as a stream of bytes': async () => {
      const ws = this.#webSocket('/bytes')
      await once(ws, 'open')
      ws.send(bytes(70_000))
      let got = Buffer.alloc(0)
      while (got.length < 70_000) got = Buffer.concat([got, (await once(ws, 'message'))[0] as Buffer])
      ok(got.equals(bytes(70_000)), 'the bytes')
      ws.close()
      await once(ws, 'close')
    },
  }

  /** From a worker whose network trusts nobody. */
  readonly tls: Record<string, () => Promise<void>> = {
    'an authority that the configuration does not name: TLSHandshakeError': async () => {
      equal(JSON.parse(await this.#text(`/tls?port=${this.#workers.lab.tlsPorts.echo}`)), ['TLSHandshakeError', 'failed'])
    },
    'options that workerd has nothing for: NotSupportedError, which names them': async () => {
      for (const option of ['ca', 'identity', 'insecureSkipVerify', 'ciphers', 'sessions', 'minVersion', 'maxVersion']) {
        const [name, feature] = JSON.parse(
          await this.#text(`/tls?port=${this.#workers.lab.tlsPorts.echo}&option=${option}`)) as [string, string]
        equal([name, feature], ['NotSupportedError', `the TLS option ${option}`])
      }
    },
    'startTLS while a read is under way, and as a server: NotSupportedError': async () => {
      for (const how of ['late', 'server']) {
        equal(JSON.parse(await this.#text(`/start?port=${this.#workers.lab.ports.echo}&how=${how}`)),
          ['NotSupportedError', how === 'late' ? 'startTLS' : 'TLS as a server'])
      }
    },
    'startTLS in what is awaited in dataReceived': async () => {
      // Its name is refused, which only a handshake can have found out.
      equal(JSON.parse(await this.#text(`/start?port=${this.#workers.lab.startTLSPort}&how=awaited`)),
        ['TLSHandshakeError', 'failed'])
    },
  }

  readonly object: Record<string, () => Promise<void>> = {
    'an object knows where a socket came from and where it came in': async () => {
      const port = this.#port('inbound-7')
      const socket = connect(port, '127.0.0.1')
      await once(socket, 'connect')
      const { localPort } = socket
      const address = { family: 'IPv4', type: 'TCP', host: '127.0.0.1' }
      equal(JSON.parse((await all(socket)).toString()), [{ ...address, port: localPort }, { ...address, port }])
    },
    // Of docs/guide/workerd.md.
    'two connections hear each other in a Durable Object, and a request sees both': async () => {
      const [ann, bob] = [new Talking(this.#port('chat')), new Talking(this.#port('chat'))]
      await Promise.all([once(ann.socket, 'data'), once(bob.socket, 'data')])
      equal([...ann.lines, ...bob.lines].sort(), ['welcome, you are one of 1', 'welcome, you are one of 2'])
      ann.say('hello bob')
      await bob.until('hello bob')
      bob.say('hello ann')
      await ann.until('hello ann')
      const port = this.#port('chat-site')
      equal((await all(await this.#ask({ path: '/', port }))).toString(), '2 are talking\n')
      bob.socket.end()
      await once(bob.socket, 'close')
      while ((await all(await this.#ask({ path: '/', port }))).toString() !== '1 are talking\n') continue
      ann.socket.resetAndDestroy()
      while ((await all(await this.#ask({ path: '/', port }))).toString() !== '0 are talking\n') continue
    },
  }
}

/** Runs them all. */
export async function ownSuites(workers: Workers): Promise<CaseResult[]> {
  const { sockets, site, webSockets, tls, object } = new Cases(workers)
  const results: CaseResult[] = []
  const suites = {
    'workerd-sockets': sockets, 'workerd-site': site, 'workerd-websockets': webSockets, 'workerd-tls': tls,
    'workerd-object': object,
  }
  for (const [suite, cases] of Object.entries(suites)) {
    for (const [name, run] of Object.entries(cases)) results.push({ suite, name, ...await outcome(run) })
  }
  return results
}

async function outcome(run: () => Promise<void>): Promise<Pick<CaseResult, 'outcome' | 'detail'>> {
  let alarm: NodeJS.Timeout | undefined
  const overdue = new Promise<never>((_resolve, reject) => {
    alarm = setTimeout(() => reject(new Error(`not over after ${DEADLINE} ms`)), DEADLINE)
  })
  try {
    await Promise.race([run(), overdue])
    return { outcome: 'passed' }
  } catch (error) {
    return { outcome: 'failed', detail: error instanceof Error ? error.stack ?? error.message : String(error) }
  } finally {
    clearTimeout(alarm)
  }
}
