import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { CancelledError, ConnectionRefusedError, DNSLookupError, TimeoutError } from '../../../src/errors/index.js'
import { Deferred } from '../../../src/defer/index.js'
import { HostnameEndpoint } from '../../../src/endpoints/index.js'
import type { IAddress } from '../../../src/interfaces/index.js'
import { StaticResolver } from '../../../src/transports/index.js'
import { listen, portOf, reactors, Recorder, TestFactory } from './helpers.js'
import { checkNothingLeft } from './left-behind.js'

checkNothingLeft()
const newReactor = reactors(afterEach)

describe('names on Node', () => {
  it('come from the hosts file of the system', async () => {
    const lines = readFileSync('/etc/hosts', 'latin1').split('\n').map((line) => line.replace(/#.*/, '').trim().split(/\s+/))
    const own = lines.filter(([address, ...names]) => address !== '' && names.includes('localhost')).map(([address]) => address)
    expect(own.length).toBeGreaterThan(0)
    const found = await newReactor().nameResolver.resolve('localhost')
    for (const address of found) expect(own).toContain((address as { host: string }).host)
    expect(found.length).toBeGreaterThan(0)
    expect(found[0]).toMatchObject({ type: 'TCP', port: 0 })
  })

  it('one family of them', async () => {
    const found = await newReactor().nameResolver.resolve('localhost', { family: 4 })
    expect(found).toEqual([{ family: 'IPv4', type: 'TCP', host: '127.0.0.1', port: 0 }])
  })

  it('what the system cannot even ask for is a DNSLookupError with the host\'s error as cause', async () => {
    const resolver = newReactor().nameResolver
    for (const name of ['a'.repeat(300), `${'a'.repeat(64)}.example`]) {
      const error = await resolver.resolve(name).asPromise().catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(DNSLookupError)
      expect((error as Error).message).toMatch(/ could not be resolved \(E\w+\)\.$/)
      expect((error as Error).cause).toBeInstanceOf(Error)
    }
  })

  it('an aborted question is a CancelledError', async () => {
    const controller = new AbortController()
    const asked = newReactor().nameResolver.resolve('localhost', { signal: controller.signal })
    controller.abort()
    await expect(asked.asPromise()).rejects.toBeInstanceOf(CancelledError)
  })
})

describe('connecting by name on Node', () => {
  it('connectTCP reaches a server on one family, whichever comes first', async () => {
    const reactor = newReactor()
    const servers = new TestFactory()
    const port = portOf(await listen(reactor, servers))
    for (const order of [['::1', '127.0.0.1'], ['127.0.0.1', '::1']]) {
      reactor.installNameResolver(new StaticResolver({ 'both.example': order }))
      const clients = new TestFactory()
      reactor.connectTCP('both.example', port, clients)
      const client = await clients.first
      expect(client.transport.getPeer()).toMatchObject({ host: '127.0.0.1', port })
      client.transport.loseConnection()
      await clients.lost
    }
  })

  it('N08 refused on every address is a ConnectionRefusedError', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    await new Promise((resolve) => server.close(resolve))
    const reactor = newReactor()
    reactor.installNameResolver(new StaticResolver({ 'both.example': ['127.0.0.1', '127.0.0.2'] }))
    const clients = new TestFactory()
    reactor.connectTCP('both.example', port, clients)
    expect((await clients.failed).value).toBeInstanceOf(ConnectionRefusedError)
    await expect(new HostnameEndpoint(reactor, 'both.example', port).connect(new TestFactory()).asPromise())
      .rejects.toBeInstanceOf(ConnectionRefusedError)
  })

  it('N10 a name that is never answered is a TimeoutError', async () => {
    const reactor = newReactor()
    reactor.installNameResolver({ resolve: () => new Deferred<IAddress[]>() })
    const clients = new TestFactory()
    reactor.connectTCP('slow.example', 80, clients, { timeout: 20 })
    expect((await clients.failed).value).toBeInstanceOf(TimeoutError)
  })

  it('HostnameEndpoint connects to localhost', async () => {
    const reactor = newReactor()
    const servers = new TestFactory()
    const port = portOf(await listen(reactor, servers))
    const client = await new HostnameEndpoint(reactor, 'localhost', port).connect(new TestFactory()) as Recorder
    client.transport.write('hello')
    await (await servers.first).until('hello')
    expect(client.transport.getPeer()).toMatchObject({ host: '127.0.0.1' })
    client.transport.loseConnection()
    await client.lost
  })
})
