/**
 * docs/guide/transports.md, the sections on UDP, multicast and names: their programs are those of examples/snippets/,
 * and do what the page says.
 */
import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import { connectByName, useTable } from '../../../examples/snippets/transports-names.js'
import { find } from '../../../examples/snippets/transports-multicast.js'
import { ask, Shouter } from '../../../examples/snippets/transports-udp.js'
import { TimeoutError } from '../../../src/errors/index.js'
import { DatagramProtocol } from '../../../src/protocols/datagram-protocol.js'
import { listen, LOOPBACK, portOf, reactors, Recorder, TestFactory } from './helpers.js'
import { checkNothingLeft } from './left-behind.js'

checkNothingLeft()
const newReactor = reactors(afterEach)
const folder = new URL('../../../', import.meta.url)
const page = readFileSync(new URL('docs/guide/transports.md', folder), 'utf8')

describe('the guide to transports: datagrams and names', () => {
  it.each(['udp', 'multicast', 'names'])('shows transports-%s.ts', (name) => {
    const snippet = readFileSync(new URL(`examples/snippets/transports-${name}.ts`, folder), 'utf8')
    const shown = [...page.matchAll(/```ts\n([^]*?)```/g)].map((match) => match[1])
    expect(shown.filter((program) => snippet.endsWith(program))).toHaveLength(1)
  })

  it('ask asks until it is answered, and Shouter answers', async () => {
    const reactor = newReactor()
    const deaf = reactor.listenUDP(0, new DatagramProtocol(), LOOPBACK)
    const { port } = deaf.getHost()
    const answer = ask(reactor, '127.0.0.1', port, 'is anyone there?')
    await deaf.stopListening()
    reactor.listenUDP(port, new Shouter(), LOOPBACK)
    expect(await answer).toBe('IS ANYONE THERE?')
  })

  it('an ask that is given up closes its port', async () => {
    const reactor = newReactor()
    const { port } = reactor.listenUDP(0, new DatagramProtocol(), LOOPBACK).getHost()
    const answer = ask(reactor, '127.0.0.1', port, 'hello?')
    reactor.callLater(0, () => answer.cancel())
    await expect(answer.asPromise()).rejects.not.toBeInstanceOf(TimeoutError)
    while (reactor.getDelayedCalls().length > 0) await new Promise((resolve) => setImmediate(resolve))
    expect(reactor.getDelayedCalls()).toEqual([])
  })

  it('finders find each other, whoever comes first', async () => {
    const reactor = newReactor()
    const free = reactor.listenMulticast(0, new DatagramProtocol(), { listenMultiple: true })
    const { port } = free.getHost()
    const finders = ['ada', 'bob'].map((name) => find(reactor, name, port, '127.0.0.1'))
    await free.stopListening()
    while (finders.some(({ found }) => found.size < 2)) await new Promise((resolve) => setImmediate(resolve))
    expect([...finders[0].found.keys()].sort()).toEqual(['ada', 'bob'])
    expect([...finders[1].found.keys()].sort()).toEqual(['ada', 'bob'])
  })

  it('names come from the table first, then from the system', async () => {
    const reactor = newReactor()
    useTable(reactor)
    const addresses = await reactor.nameResolver.resolve('DB.internal')
    expect(addresses.map((address) => (address as { host: string }).host)).toEqual(['fd00::7', '10.0.0.7'])
    const servers = new TestFactory()
    const port = portOf(await listen(reactor, servers))
    for (const host of ['cache.internal', 'localhost']) {
      const client = await connectByName(reactor, host, port, new Recorder())
      expect(client.transport.getPeer()).toMatchObject({ host: '127.0.0.1' })
      client.transport.loseConnection()
      await client.lost
    }
  })
})
