import { describe, expect, it } from 'vitest'
import { DEFAULT_LINK, linkShape } from '../../../src/testing/simulation/network/options.js'
import type { LinkOptions } from '../../../src/testing/simulation/network/options.js'
import { Programs } from './network-programs.js'
import { TestWorld } from './network-world.js'

function pair(options: LinkOptions = {}, world = new TestWorld(1, options)) {
  const [clients, servers] = [new Programs(), new Programs()]
  const [a, b] = [world.reactor('a'), world.reactor('b')]
  b.listenTCP(80, servers)
  a.connectTCP('b', 80, clients)
  world.run(1_000)
  return { world, client: clients.built[0]!, server: servers.built[0]! }
}

describe('options of links', () => {
  it('that make no sense are refused with their name', () => {
    const wrong: [LinkOptions, RegExp][] = [
      [{ latency: -1 }, /latency/], [{ latency: [3, 2] }, /latency/], [{ latency: Number.NaN }, /latency/],
      [{ latency: [1] as unknown as [number, number] }, /latency/], [{ latency: Infinity }, /latency/],
      [{ loss: 1.1 }, /loss/], [{ reorder: -0.1 }, /reorder/], [{ duplicate: Number.NaN }, /duplicate/],
      [{ bandwidth: 0 }, /bandwidth/], [{ segment: [0, 5] }, /segment/], [{ segment: [6, 5] }, /segment/],
      [{ segment: 5 as unknown as [number, number] }, /segment/], [{ bufferBytes: 0 }, /bufferBytes/],
      [{ giveUpMs: 0 }, /giveUpMs/],
    ]
    for (const [options, name] of wrong) expect(() => linkShape(options, DEFAULT_LINK)).toThrow(name)
    expect(() => new TestWorld(1, { loss: 2 })).toThrow(RangeError)
  })

  it('that are not given stay as they were', () => {
    const first = linkShape({ loss: 0.5 }, DEFAULT_LINK)
    expect(linkShape({ latency: 7, bandwidth: undefined } as LinkOptions, first))
      .toEqual({ ...DEFAULT_LINK, loss: 0.5, latency: 7 })
  })

  it('latency may be a function; what it says is checked', () => {
    const { world, client, server } = pair({ latency: (random) => 5 + random.next() % 2 })
    const then = world.now
    client.transport!.write('x')
    world.run(then + 4.9)
    expect(server.text).toBe('')
    world.run(then + 6)
    expect(server.text).toBe('x')
    world.network.link('a', 'b', { latency: () => -1 })
    client.transport!.write('y')
    expect(() => world.run(world.now + 10)).toThrow(/latency/)
  })

  it('bandwidth is shared by what goes the same way, and both ways are apart', () => {
    const { world, client, server } = pair({ latency: 1, bandwidth: 1_000, segment: [100, 100] })
    const then = world.now
    client.transport!.write(new Uint8Array(1_000))
    server.transport!.write(new Uint8Array(500))
    world.run(then + 490)
    expect(server.bytes.length).toBe(400)
    world.run(then + 502)
    expect([server.bytes.length, client.bytes.length]).toEqual([500, 500])
    world.run(then + 1_002)
    expect(server.bytes.length).toBe(1_000)
  })

  it('change one way only with linkOneWay', () => {
    const { world, client, server } = pair({ latency: 1 })
    world.network.linkOneWay('a', 'b', { latency: 500 })
    expect(world.network.shapeOf('a', 'b')).toMatchObject({ latency: 500, loss: 0 })
    expect(world.network.shapeOf('b', 'a')).toMatchObject({ latency: 1 })
    const then = world.now
    client.transport!.write('slow')
    server.transport!.write('fast')
    world.run(then + 2)
    expect([client.text, server.text]).toEqual(['fast', ''])
    world.run(then + 501)
    expect(server.text).toBe('slow')
  })

  it('cut small messages, too, into pieces that vary', () => {
    for (const latency of [1, [0.2, 2]] as const) {
      const { world, client, server } = pair({ latency })
      for (let i = 0; i < 500; i++) world.call(i * 50, () => client.transport!.write('0123456789'))
      world.run()
      expect(server.bytes).toHaveLength(5_000)
      expect(server.chunks).toBeGreaterThan(510)
    }
  })
})

describe('faults', () => {
  it('draw their numbers from links of their own: another host changes nothing between two', () => {
    const times = (others: string[]): number[] => {
      const world = new TestWorld(5, { loss: 0.1 })
      const arrivals: number[] = []
      world.host('a')
      world.host('b')
      for (const name of others) {
        world.reactor(name).listenTCP(80, new Programs())
        world.reactor('a').connectTCP(world.host(name).ipv4, 80, new Programs())
      }
      const { client, server } = pair({}, world)
      const former = server.dataReceived.bind(server)
      server.dataReceived = (data: Uint8Array): void => {
        arrivals.push(world.now)
        former(data)
      }
      for (let i = 0; i < 20; i++) world.call(i * 10, () => client.transport!.write('x'))
      world.run()
      return arrivals
    }
    expect(times(['c', 'd'])).toEqual(times([]))
  })

  it('a partition loses what is held and what is on its way', () => {
    const { world, client, server } = pair({ latency: 10 })
    world.network.hold('a', 'b')
    client.transport!.write('held')
    world.run(world.now + 50)
    world.network.partition('a', 'b')
    expect(world.checks.lines.filter((line) => line.startsWith('lost'))).toHaveLength(1)
    world.network.healAll()
    world.run(world.now + 5_000)
    expect(server.text).toBe('held')
  })

  it('name unknown hosts', () => {
    const { world } = pair()
    expect(() => world.network.partition('a', 'nobody')).toThrow(/nobody/)
    expect(() => world.network.refuse(['a', 'nobody'], null)).toThrow(/nobody/)
  })

  it('connections are listed with their hosts, states, and bytes on their way', () => {
    const { world, client, server } = pair({ latency: 10 })
    const only = () =>
      [...world.network.connections].map(({ from, to, state, inFlight }) => [from, to, state, inFlight])
    expect(only()).toEqual([['a', 'b', 'open', 0]])
    client.transport!.write('12345')
    world.run(world.now + 1)
    expect(only()).toEqual([['a', 'b', 'open', 5]])
    world.run(world.now + 50)
    world.crash('b')
    expect(only()).toEqual([['a', 'b', 'half-open', 0]])
    client.transport!.abortConnection()
    expect(only()).toEqual([])
    expect(server.events).not.toContain('lost ConnectionLost')
    world.restart('b')
    world.reactor('a').connectTCP('b', 80, new Programs())
    expect(only()).toEqual([['a', 'b', 'connecting', 0]])
  })

  it('an attempt that is given up leaves nothing behind', () => {
    const world = new TestWorld()
    const [clients, servers] = [new Programs(), new Programs()]
    world.host('a')
    world.reactor('b').listenTCP(80, servers)
    world.network.hold('a', 'b')
    const connector = world.reactor('a').connectTCP('b', 80, clients)
    world.run(10)
    connector.stopConnecting()
    world.network.release('a', 'b')
    world.run()
    expect(clients.failures).toHaveLength(1)
    expect(servers.built).toEqual([])
    expect([...world.network.connections]).toEqual([])
  })

  it('a SYN-ACK or an ACK that is lost is made up for; data may tell of the connection first', () => {
    for (let seed = 1; seed <= 100; seed++) {
      const world = new TestWorld(seed, { loss: 0.4 })
      const [clients, servers] = [new Programs(), new Programs()]
      world.reactor('b').listenTCP(80, servers)
      world.reactor('a').connectTCP('b', 80, clients, { timeout: Infinity })
      for (let time = 0; time < 200_000 && clients.built.length === 0; time += 100) world.run(time)
      if (clients.failures.length > 0) continue
      clients.built[0]!.transport!.write('x')
      world.run(world.now + 300_000)
      expect(servers.built.map(({ text }) => text), `seed ${seed}`).toEqual(['x'])
    }
  })
})
