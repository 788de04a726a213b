/**
 * The web side of the switchboard on real sockets, with Node's own client and the WebSocket of `ws`: which requests it
 * answers and how, who may open a WebSocket, and what becomes of those who ask too much of it.
 */
import { request as askNode } from 'node:http'
import { connect } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { createReactor } from 'whorl'
import type { IAddress, IListeningPort } from 'whorl'
import { WebSocket } from 'ws'
import { ChatFactory } from '../../../examples/switchboard/chat-protocol.js'
import {
  CHAT_LIMITS, CONNECTIONS_PER_PEER, LIVE_VIEWERS, MESSAGE_LENGTH,
} from '../../../examples/switchboard/limits.js'
import type { ChatLimits } from '../../../examples/switchboard/limits.js'
import { LiveFeed } from '../../../examples/switchboard/live.js'
import type { Report } from '../../../examples/switchboard/live.js'
import { PerPeerLimit } from '../../../examples/switchboard/per-peer.js'
import { Room } from '../../../examples/switchboard/room.js'
import { Traffic } from '../../../examples/switchboard/traffic.js'
import { KnownHosts, Web, webRefusal } from '../../../examples/switchboard/web.js'

const FOLDER = fileURLToPath(new URL('../../../examples/switchboard/web/', import.meta.url))
const portOf = (port: IListeningPort): number => (port.getHost() as IAddress & AddressInfo).port
const boards: Board[] = []
const sockets: WebSocket[] = []

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.terminate()
  for (const board of boards.splice(0)) await board.close()
})

/** The switchboard's chat and page in this process. */
class Board {
  readonly reactor = createReactor({ installSignalHandlers: false })
  readonly room = new Room()
  readonly traffic = new Traffic()
  readonly feed = new LiveFeed(this.reactor, this.traffic)
  readonly web: Web
  readonly #ports: IListeningPort[] = []

  private constructor(names: string[], limits: ChatLimits) {
    this.web = new Web({
      reactor: this.reactor, room: this.room, feed: this.feed, folder: FOLDER, hosts: new KnownHosts(names), limits,
    })
  }

  static async open({ perPeer = 200, names = [] as string[], limits = {} } = {}): Promise<Board> {
    const board = new Board(names, { ...CHAT_LIMITS, ...limits })
    boards.push(board)
    for (const factory of [
      new PerPeerLimit(new ChatFactory(board.room, board.reactor), perPeer, board.traffic),
      new PerPeerLimit(board.web.site, perPeer, board.traffic, webRefusal(perPeer)),
    ]) {
      const port = board.reactor.listenTCP(0, factory, { interface: '127.0.0.1' })
      board.#ports.push(port)
      await port.ready
    }
    return board
  }

  get chat(): number {
    return portOf(this.#ports[0]!)
  }

  get port(): number {
    return portOf(this.#ports[1]!)
  }

  /** What `main.ts` does when it closes. */
  async close(): Promise<void> {
    this.web.hangUp()
    await Promise.all(this.#ports.map(async (port) => await port.drain(500)))
  }

  ask(path: string, headers: Record<string, string> = {}, method = 'GET') {
    return new Promise<{ status: number, headers: Record<string, unknown>, text: string }>((resolve, reject) => {
      const where = { host: '127.0.0.1', port: this.port, path }
      const asking = askNode({ ...where, headers, method, agent: false }, (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (data: string) => (text += data)).on('error', reject)
        response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, text }))
      })
      asking.on('error', reject)
      asking.end()
    })
  }
}

/** A WebSocket and what came of it. */
class Caller {
  readonly socket: WebSocket
  /** The close code; or the status with which it was refused. */
  readonly ended: Promise<number>
  readonly messages: string[] = []
  /** What was taken away of them. */
  readonly past: string[] = []
  #waiting: (() => void)[] = []

  constructor(board: Board, path: string, headers: Record<string, string> = {}) {
    this.socket = new WebSocket(`ws://127.0.0.1:${board.port}${path}`, { headers })
    sockets.push(this.socket)
    this.socket.on('message', (data) => {
      this.messages.push(String(data))
      for (const wake of this.#waiting.splice(0)) wake()
    })
    this.ended = new Promise((resolve) => {
      this.socket.on('unexpected-response', (asking, response) => {
        resolve(response.statusCode!)
        asking.destroy()
      })
      this.socket.on('error', () => undefined)
      this.socket.on('close', (code) => resolve(code))
    })
  }

  static async named(board: Board, nick: string): Promise<Caller> {
    const caller = new Caller(board, '/chat')
    await caller.hears('nickname?')
    caller.says(nick)
    await caller.hears(`Hello, ${nick}.`)
    return caller
  }

  says(...lines: string[]): void {
    for (const line of lines) this.socket.send(line)
  }

  /** Waits for a message with this text in it; takes it and those before away. */
  async hears(text: string): Promise<string> {
    for (;;) {
      const at = this.messages.findIndex((message) => message.includes(text))
      if (at >= 0) {
        this.past.push(...this.messages.splice(0, at + 1))
        return this.past.at(-1)!
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
  }
}

/** Someone with `nc`. */
async function netcat(board: Board, nick: string): Promise<{ socket: Socket, hears(text: string): Promise<void> }> {
  const socket = connect(board.chat, '127.0.0.1')
  let heard = ''
  socket.setEncoding('utf8').on('data', (data: string) => (heard += data)).on('error', () => undefined)
  const hears = async (text: string): Promise<void> => {
    while (!heard.includes(text)) await new Promise((resolve) => socket.once('data', resolve))
    heard = heard.slice(heard.indexOf(text) + text.length)
  }
  socket.write(`${nick}\n`)
  await hears(`Hello, ${nick}.`)
  return { socket, hears }
}

describe('the page', () => {
  it('is served with all it needs, and a policy that lets in nothing else', async () => {
    const board = await Board.open()
    const page = await board.ask('/')
    expect(page).toMatchObject({ status: 200, headers: { 'content-type': 'text/html; charset=utf-8' } })
    const named = [...page.text.matchAll(/(?:href|src)="([^"#]+)"/g)].map((match) => match[1]!)
    expect(new Set(named)).toEqual(new Set(['icon.svg', 'style.css', 'app.js']))
    for (const path of ['', ...named, 'nothing']) {
      const { status, headers } = await board.ask(`/${path}`)
      expect(status).toBe(path === 'nothing' ? 404 : 200)
      expect(headers['content-security-policy']).toMatch(/^default-src 'self';.* frame-ancestors 'none'/)
      expect(headers['content-security-policy']).not.toMatch(/unsafe|\*|https?:/)
      expect(headers['x-content-type-options']).toBe('nosniff')
    }
    // Nothing in it would need more: no inline style, script or handler, and no address of another host.
    expect(page.text).not.toMatch(/<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)|https?:\/\//)
    expect((await board.ask('/', { 'If-None-Match': String(page.headers['etag']) })).status).toBe(304)
    expect((await board.ask('/', {}, 'POST')).status).toBe(405)
    for (const path of ['/../main.ts', '/%2e%2e/main.ts', '/..%2fmain.ts', '/.git']) {
      expect((await board.ask(path)).status).toBe(404)
    }
  })

  it('answers only to names that no other page can have', async () => {
    const board = await Board.open({ names: ['Box.example'] })
    const known = ['127.0.0.1', 'localhost:8080', '[::1]:8080', '192.0.2.7:80', 'a.localhost', 'box.EXAMPLE:8080']
    const unknown = ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example:8080', 'xbox.example']
    for (const host of known) expect((await board.ask('/', { Host: host })).status, host).toBe(200)
    for (const host of unknown) expect((await board.ask('/', { Host: host })).status, host).toBe(421)
  })

  it('tells the one beyond the limit of connections why not', async () => {
    const board = await Board.open({ perPeer: 1 })
    const first = await Caller.named(board, 'ada')
    const socket = connect(board.port, '127.0.0.1')
    let heard = ''
    socket.on('data', (data) => (heard += data.toString()))
    await new Promise((resolve) => socket.on('close', resolve))
    expect(heard).toMatch(/^HTTP\/1\.1 503 .*\r\nToo many connections from your address; at most 1\. Goodbye\.\n$/s)
    expect(first.socket.readyState).toBe(WebSocket.OPEN)
  })
})

describe('who may open a WebSocket', () => {
  it('is the page itself, and what is no browser', async () => {
    const board = await Board.open({ names: ['box.example'] })
    const own = `127.0.0.1:${board.port}`
    for (const path of ['/chat', '/live']) {
      const good = [{}, { Origin: `http://${own}` }, { Origin: 'http://box.example', Host: 'box.example' }]
      for (const headers of good as Record<string, string>[]) {
        const caller = new Caller(board, path, headers)
        await caller.hears(path === '/chat' ? 'nickname?' : '"received"')
      }
      for (const [origin, host, status] of [
        ['http://evil.example', own, 403], ['null', own, 403], [`http://127.0.0.1:${board.port + 1}`, own, 403],
        // Its own name for this machine (DNS rebinding).
        [`http://evil.example:${board.port}`, `evil.example:${board.port}`, 421],
      ] as const) {
        expect(await new Caller(board, path, { Origin: origin, Host: host }).ended).toBe(status)
      }
    }
  })

  it('is not everybody at a time', async () => {
    const board = await Board.open()
    const members: Caller[] = []
    for (let i = 0; i < CONNECTIONS_PER_PEER; i++) members.push(await Caller.named(board, `m${i}`))
    const refused = new Caller(board, '/chat')
    await refused.hears(`Too many connections from your address; at most ${CONNECTIONS_PER_PEER}. Goodbye.`)
    expect(await refused.ended).toBe(1013)
    members[0]!.says('/quit')
    expect(await members[0]!.ended).toBe(1000)
    await Caller.named(board, 'again')
    const viewers = Array.from({ length: LIVE_VIEWERS }, () => new Caller(board, '/live'))
    for (const viewer of viewers) await viewer.hears('"received"')
    expect(await new Caller(board, '/live').ended).toBe(503)
  })
})

describe('the chat', () => {
  it('is one room for browsers and for `nc`, with the same commands', async () => {
    const board = await Board.open()
    const ada = await Caller.named(board, 'ada')
    const bob = await netcat(board, 'bob')
    await ada.hears('* bob joined')
    bob.socket.write('hello from nc\r\n')
    expect(await ada.hears('hello')).toBe('<bob> hello from nc')
    ada.says('hello from\na browser \x07\u202e')
    await bob.hears('<ada> hello from a browser\r\n')
    ada.says('/nick countess', '/who')
    await bob.hears('* ada is now countess\r\n')
    expect(await ada.hears('Here: ')).toBe('Here: countess, bob')
    const other = new Caller(board, '/chat')
    await other.hears('nickname?')
    other.says('BOB')
    expect(await other.hears('taken')).toBe('The nickname BOB is taken. Another?')
    ada.says('/quit see you')
    expect(await ada.ended).toBe(1000)
    await bob.hears('* countess left: see you\r\n')
    bob.socket.destroy()
  })

  it('cuts off lines that are too long, however they come, and what is no text', async () => {
    const board = await Board.open()
    const ada = await Caller.named(board, 'ada')
    const bob = await Caller.named(board, 'bob')
    bob.says('é'.repeat(CHAT_LIMITS.line / 2))
    expect(await ada.hears('<bob>')).toHaveLength('<bob> '.length + CHAT_LIMITS.line / 2)
    bob.says('é'.repeat(CHAT_LIMITS.line / 2 + 1))
    expect(await bob.hears('A line')).toBe(`A line has at most ${CHAT_LIMITS.line} bytes. Goodbye.`)
    expect(await bob.ended).toBe(1000)
    await ada.hears('* bob was cut off: a line too long')
    const eve = await Caller.named(board, 'eve')
    eve.says('x'.repeat(MESSAGE_LENGTH + 1))
    expect(await eve.ended).toBe(1009)
    await ada.hears('* eve lost the connection')
    const dan = await Caller.named(board, 'dan')
    dan.socket.send(Uint8Array.of(1))
    expect(await dan.ended).toBe(1003)
    await ada.hears('* dan left')
  })

  it('loses nothing of a flood, which is read in portions', async () => {
    const board = await Board.open()
    const ada = await Caller.named(board, 'ada')
    const bob = await Caller.named(board, 'bob')
    const numbers = Array.from({ length: 3 * CHAT_LIMITS.burst }, (_, i) => i)
    bob.says(...numbers.map((i) => `line ${i}`), '/who')
    await bob.hears('Here: ')
    for (const i of numbers) expect(await ada.hears('<bob>')).toBe(`<bob> line ${i}`)
  })

  it('drops who does not read, and tells the room', async () => {
    const board = await Board.open({ limits: { burst: Infinity } })
    const ada = await Caller.named(board, 'ada')
    const bob = await Caller.named(board, 'bob')
    const slow = await Caller.named(board, 'slow')
    slow.socket.pause()
    const text = 'x'.repeat(1000)
    // Until the kernel has as much as it keeps. Each portion is taken before the next: only `slow` is slow.
    for (let said = 0; board.room.nicks.includes('slow'); said += 200) {
      expect(said).toBeLessThan(200_000)
      bob.says(...Array.from({ length: 200 }, () => text), '/who')
      await bob.hears('Here: ')
      ada.says('/who')
      await ada.hears('Here: ')
    }
    ada.says('/who')
    await ada.hears('Here: ada, bob')
    expect(ada.past).toContain('* slow was dropped: reads too slowly')
  })
})

describe('the live view', () => {
  const reportOf = (message: string): Report => JSON.parse(message) as Report

  it('names every connection, counts what passed, and forgets nothing that has ended', async () => {
    const board = await Board.open()
    board.feed.chat = `127.0.0.1 ${board.chat}`
    const bob = await netcat(board, 'bob')
    const ada = await Caller.named(board, 'ada')
    const viewer = new Caller(board, '/live')
    const first = reportOf(await viewer.hears('"at"'))
    expect(first.chat).toBe(`127.0.0.1 ${board.chat}`)
    expect(first.open).toBe(3)
    expect(first.connections.map(({ protocol }) => protocol).sort())
      .toEqual(['chat', 'chat in a browser', 'live view'])
    const { localPort } = bob.socket
    expect(first.connections.find(({ protocol }) => protocol === 'chat'))
      .toMatchObject({ peer: `127.0.0.1:${localPort}`, bytesIn: 4 })
    expect(new Set(first.connections.map(({ id }) => id)).size).toBe(3)
    for (const { age } of first.connections) expect(age).toBeGreaterThanOrEqual(0)
    bob.socket.end('/quit\n')
    await ada.hears('* bob left')
    let last = first
    while (last.open > 2) last = reportOf(await viewer.hears('"at"'))
    expect(last.at).toBeGreaterThan(first.at)
    expect(last.connections.map(({ protocol }) => protocol)).not.toContain('chat')
    expect(last.received).toBeGreaterThanOrEqual(first.received + '/quit\n'.length)
    expect(last.sent).toBeGreaterThan(first.sent)
    const sum = last.connections.reduce((all, { bytesIn }) => all + bytesIn, 0)
    expect(last.received - sum).toBe(board.traffic.bytesIn)
    expect(board.traffic.bytesIn).toBe('bob\n/quit\n'.length)
  })

  it('looks at nothing while nobody looks on, and hears nobody', async () => {
    const board = await Board.open()
    const viewer = new Caller(board, '/live')
    await viewer.hears('"at"')
    expect(board.reactor.getDelayedCalls().length).toBeGreaterThan(0)
    viewer.says('hello')
    expect(await viewer.ended).toBe(1008)
    await board.close()
    expect(board.reactor.getDelayedCalls()).toEqual([])
  })

  it('says goodbye to all when the switchboard closes', async () => {
    const board = await Board.open()
    const callers = [await Caller.named(board, 'ada'), new Caller(board, '/live')]
    await callers[1]!.hears('"at"')
    await board.close()
    for (const caller of callers) expect(await caller.ended).toBe(1001)
  })
})
