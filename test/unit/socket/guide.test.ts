/**
 * docs/guide/sockets.md: every program on the page is one of examples/snippets/, and does what the page says.
 */
import { readFileSync, readdirSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import { ask } from '../../../examples/snippets/sockets-client.js'
import { copy } from '../../../examples/snippets/sockets-copy.js'
import { answerOnce } from '../../../examples/snippets/sockets-datagrams.js'
import { serveByPulling } from '../../../examples/snippets/sockets-pull.js'
import { serveByCallbacks } from '../../../examples/snippets/sockets-push.js'
import type { IPv4Address } from '../../../src/interfaces/index.js'
import * as sockets from '../../../src/socket/index.js'
import { DatagramSocket, StreamSocket } from '../../../src/socket/index.js'
import { reactors } from '../../hosts/node/helpers.js'
import { outcome, pair, text } from './support.js'

const newReactor = reactors(afterEach)
const folder = new URL('../../../', import.meta.url)
const page = readFileSync(new URL('docs/guide/sockets.md', folder), 'utf8')

describe('the guide to sockets', () => {
  it('shows programs of examples/snippets, and nothing else', () => {
    const snippets = readdirSync(new URL('examples/snippets', folder))
      .filter((name) => name.startsWith('sockets-'))
      .map((name) => readFileSync(new URL(`examples/snippets/${name}`, folder), 'utf8'))
    const shown = [...page.matchAll(/```ts\n([^]*?)```/g)].map((match) => match[1])
    expect(shown.length).toBe(snippets.length)
    for (const program of shown) expect(snippets.filter((snippet) => snippet.includes(program))).toHaveLength(1)
    for (const snippet of snippets) expect(shown.filter((program) => snippet.includes(program))).not.toHaveLength(0)
  })

  it('names calls that exist', () => {
    const called = [...page.matchAll(/`(?:s\.)?([a-z]\w+)\((?:s|reactor)\b/gi)].map((match) => match[1])
    expect(called.length).toBeGreaterThan(10)
    for (const name of called) expect(name in sockets || name in StreamSocket.prototype).toBe(true)
    const errors = [...page.matchAll(/`((?:Socket|Incomplete|ReadLimit)\w*(?:Error|Closed))`/g)]
      .map((match) => match[1])
    for (const name of errors) expect(name in sockets).toBe(true)
  })

  it('both servers answer alike', async () => {
    const reactor = newReactor()
    const pulling = await serveByPulling(reactor, 0)
    const port = await serveByCallbacks(reactor, 0)
    const ports = [(await pulling.getsockname() as IPv4Address).port, (port.getHost() as IPv4Address).port]
    for (const one of ports) {
      const client = new StreamSocket(reactor)
      await client.connect({ port: one })
      await client.sendall('one two three\r\nfour five\nquit\n')
      expect(await client.readUntil('\r\n').addCallback(text)).toBe('three two one')
      expect(await client.readUntil('\r\n').addCallback(text)).toBe('five four')
      expect(await client.readLine()).toBe(null)
      await client.close()
    }
    await pulling.close()
  })

  it('ask sends a framed question and reads a framed answer, or gives up', async () => {
    const reactor = newReactor()
    const server = new StreamSocket(reactor)
    await server.bind({ host: '127.0.0.1', port: 0 })
    await server.listen()
    const { port } = await server.getsockname() as IPv4Address
    const asking = ask(reactor, port, 'wörld?')
    const peer = await server.accept()
    const length = Number(await peer.readLine())
    expect(text(await peer.readExactly(length))).toBe('wörld?')
    await peer.sendall('6\nan')
    await peer.sendall('swer')
    expect(await asking).toBe('answer')
    const controller = new AbortController()
    const silent = ask(reactor, port, 'x', controller.signal)
    await server.accept()
    controller.abort()
    await expect(silent).rejects.toMatchObject({ name: expect.stringMatching(/Cancelled/) as string })
    await server.close()
  })

  it('copy goes no faster than the slower side', async () => {
    const [one, two] = [pair(), pair()]
    const flush = async (): Promise<void> => {
      for (let turn = 0; turn < 50; turn++) {
        one.pump.flush()
        two.pump.flush()
        await new Promise((resolve) => setImmediate(resolve))
      }
    }
    const copying = copy(one.server, two.client)
    let copied: number | null = null
    void copying.then((count) => { copied = count })
    for (let i = 0; i < 10; i++) outcome(one.client.send(new Uint8Array(50_000)))
    one.client.shutdown()
    await flush()
    expect(copied).toBe(null)
    const got = outcome(two.server.readExactly(500_000).addCallback((data: Uint8Array) => data.length))
    await flush()
    expect([got(), copied]).toEqual([500_000, 500_000])
    const end = outcome(two.server.recv())
    await flush()
    expect(end()).toBe('')
  })

  it('answerOnce sends a datagram back to its sender', async () => {
    const reactor = newReactor()
    const server = await answerOnce(reactor, 0)
    const client = new DatagramSocket(reactor)
    await client.sendto('abc', await server.getsockname())
    expect(text(await client.recv())).toBe('cba')
    await Promise.all([server.close(), client.close()])
  })
})
