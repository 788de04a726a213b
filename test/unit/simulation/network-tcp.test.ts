import { describe, expect, it } from 'vitest'
import type { Protocol } from '../../../src/protocols/protocol.js'
import { HalfRecorder, Programs, Recorder } from './network-programs.js'
import { TestWorld } from './network-world.js'

function pair<P extends Protocol = Recorder>(
  options: ConstructorParameters<typeof TestWorld>[1] = {}, seed = 1, make?: () => P,
) {
  const world = new TestWorld(seed, options)
  const [a, b] = [world.reactor('a'), world.reactor('b')]
  const [client, server] = [new Programs<P>(make), new Programs<P>(make)]
  b.listenTCP(80, server)
  a.connectTCP('10.0.0.2', 80, client)
  world.run(100)
  return { world, a, b, client: client.built[0]!, server: server.built[0]!, clients: client, servers: server }
}

describe('simulated TCP', () => {
  it('connects, carries bytes both ways, and closes in order on both sides', () => {
    const { world, client, server } = pair()
    expect(client.events).toEqual(['made'])
    expect(server.events).toEqual(['made'])
    client.transport!.write('ping')
    world.run(200)
    expect(server.text).toBe('ping')
    server.transport!.write('pong')
    server.transport!.loseConnection()
    world.run()
    expect(client.text).toBe('pong')
    expect(client.events).toEqual(['made', 'data', 'lost ConnectionDone'])
    expect(server.events).toEqual(['made', 'data', 'lost ConnectionDone'])
    expect([...world.network.connections]).toEqual([])
  })

  it('takes time: nothing arrives before the latency of its link', () => {
    const world = new TestWorld(1, { latency: 50 })
    const [clients, servers] = [new Programs(), new Programs()]
    world.reactor('b').listenTCP(80, servers)
    world.reactor('a').connectTCP('b', 80, clients)
    world.run(99.9)
    expect(clients.built).toHaveLength(0)
    world.run(149.9)
    expect([clients.built.length, servers.built.length]).toEqual([1, 0])
    clients.built[0]!.transport!.write('x')
    world.run(199.8)
    expect(servers.built[0]!.text).toBe('')
    world.run(200)
    expect(servers.built[0]!.text).toBe('x')
  })

  it('N13 half a close: the other side is told, may still write, and closes', () => {
    const { world, client, server } = pair({}, 1, () => new HalfRecorder())
    client.transport!.write('question')
    client.transport!.loseWriteConnection!()
    world.run(200)
    expect(server.text).toBe('question')
    expect(server.events).toEqual(['made', 'data', 'read lost'])
    expect(client.events).toEqual(['made', 'write lost'])
    server.transport!.write('answer')
    server.transport!.loseConnection()
    world.run()
    expect(client.text).toBe('answer')
    expect(client.events).toEqual(['made', 'write lost', 'data', 'read lost', 'lost ConnectionDone'])
    expect(server.events).toEqual(['made', 'data', 'read lost', 'lost ConnectionDone'])
  })

  it('N04 an abort is ConnectionAborted here and ConnectionLost there', () => {
    const { world, client, server } = pair()
    client.transport!.abortConnection()
    world.run()
    expect(client.events).toEqual(['made', 'lost ConnectionAborted'])
    expect(server.events).toEqual(['made', 'lost ConnectionLost'])
    expect((server.reason!.value as { cause?: { code?: string } }).cause?.code).toBe('ECONNRESET')
  })

  it('carries 1 MiB through small buffers, lossy links and any pieces, whole and in order', () => {
    const { world, client, servers } = pair({ bufferBytes: 8_000, latency: [0.1, 30] }, 7)
    world.network.link('a', 'b', { loss: 0.05 })
    const data = new Uint8Array(1_048_576).map((_, i) => i * 7 + (i >> 8))
    client.transport!.write(data)
    client.transport!.loseConnection()
    world.run()
    const [server] = servers.built
    expect(server!.bytes.length).toBe(data.length)
    expect(server!.bytes.every((byte, i) => byte === data[i])).toBe(true)
    expect(server!.events).toEqual(['made', 'data', 'lost ConnectionDone'])
    expect(world.checks.lines.some((line) => line.startsWith('lost'))).toBe(true)
  })

  it('a reader that pauses stops its writer once both buffers are full', () => {
    const { world, client, server } = pair({ bufferBytes: 10_000 })
    server.transport!.pauseProducing!()
    const steps: string[] = []
    client.transport!.registerProducer({
      pauseProducing: () => steps.push('pause'), resumeProducing: () => steps.push('resume'), stopProducing() {},
    }, true)
    client.transport!.write(new Uint8Array(100_000))
    world.run(10_000)
    expect(steps).toEqual(['pause'])
    expect(server.bytes).toHaveLength(0)
    expect([...world.network.connections][0]!.inFlight).toBe(90_000)
    server.transport!.resumeProducing!()
    world.run(20_000)
    expect(steps).toEqual(['pause', 'resume'])
    expect(server.bytes).toHaveLength(100_000)
  })

  it('N08 nobody listens: refused; a black hole and a host that is down: no answer', () => {
    const world = new TestWorld()
    const a = world.reactor('a')
    world.reactor('b')
    const [refused, silent, down, nobody] = [new Programs(), new Programs(), new Programs(), new Programs()]
    a.connectTCP('10.0.0.2', 80, refused)
    world.run(1_000)
    expect(refused.failures[0]!.value.constructor.name).toBe('ConnectionRefusedError')
    world.reactor('b').listenTCP(80, new Programs())
    world.network.blackHole('b', 80)
    a.connectTCP('10.0.0.2', 80, silent, { timeout: Infinity })
    world.run(100_000)
    expect(silent.failures).toEqual([])
    world.run(129_000)
    expect(silent.failures[0]!.value.constructor.name).toBe('TimeoutError')
    world.crash('b')
    a.connectTCP('10.0.0.2', 80, down)
    world.run(160_000)
    expect(down.failures[0]!.value.constructor.name).toBe('TimeoutError')
    a.connectTCP('10.9.9.9', 80, nobody)
    world.run(170_000)
    expect(nobody.failures[0]!.value.constructor.name).toBe('NoRouteError')
  })

  it('a refused port refuses until told otherwise, and a SYN that is lost is sent again', () => {
    const world = new TestWorld()
    const [a, b] = [world.reactor('a'), world.reactor('b')]
    b.listenTCP(80, new Programs())
    world.run(1)
    world.network.refuse('b', 80)
    const [first, second] = [new Programs(), new Programs()]
    a.connectTCP('10.0.0.2', 80, first)
    world.run(100)
    expect(first.failures).toHaveLength(1)
    world.network.refuse('b', 80, false)
    world.network.partition('a', 'b')
    a.connectTCP('10.0.0.2', 80, second)
    world.run(2_000)
    world.network.heal('a', 'b')
    expect(second.built).toHaveLength(0)
    world.run(3_500)
    expect(second.built[0]!.events).toEqual(['made'])
  })

  it('a partition holds bytes back, healing lets them through, once each', () => {
    const { world, client, server } = pair()
    world.network.partition('a', 'b')
    client.transport!.write('during')
    world.run(30_000)
    expect(server.text).toBe('')
    world.network.heal('a', 'b')
    client.transport!.write(' after')
    world.run(120_000)
    expect(server.text).toBe('during after')
  })

  it('a partition of 20 minutes ends the connection of who has something to say, not of who has not', () => {
    const { world, client, server } = pair()
    world.network.partition('a', 'b')
    client.transport!.write('x')
    world.run(1_200_000)
    expect(client.events).toEqual(['made', 'lost ConnectionLost'])
    expect((client.reason!.value as { cause?: { code?: string } }).cause?.code).toBe('ETIMEDOUT')
    expect(server.events).toEqual(['made'])
    world.network.heal('a', 'b')
    server.transport!.write('are you there?')
    world.run(1_300_000)
    expect(server.events).toEqual(['made', 'lost ConnectionLost'])
  })

  it('a one-way partition: what is said arrives, but is not answered, so that the sender gives up', () => {
    const { world, client, server } = pair()
    world.network.partition('b', 'a', { oneWay: true })
    client.transport!.write('heard')
    world.run(60_000)
    expect(server.text).toBe('heard')
    expect(client.events).toEqual(['made'])
    world.run(1_200_000)
    expect(client.events).toEqual(['made', 'lost ConnectionLost'])
    expect(server.text).toBe('heard')
  })

  it('half-open: after crash and restart the peer is reset when it speaks, and not before', () => {
    const { world, client, server } = pair()
    world.crash('b')
    world.run(10_000)
    world.restart('b')
    world.run(20_000)
    expect(client.events).toEqual(['made'])
    client.transport!.write('hello?')
    world.run(21_000)
    expect(client.events).toEqual(['made', 'lost ConnectionLost'])
    expect(server.events).toEqual(['made'])
  })

  it('keep-alive finds a peer that has crashed', () => {
    const { world, client } = pair()
    client.transport!.setTcpKeepAlive(true, 10_000)
    world.run(1_000_000)
    expect(client.events).toEqual(['made'])
    world.crash('b')
    world.restart('b')
    world.run(1_020_000)
    expect(client.events).toEqual(['made', 'lost ConnectionLost'])
  })

  it('keep-alive survives a partition that ends in time, and no longer one', () => {
    for (const [minutes, events] of [[5, ['made']], [15, ['made', 'lost ConnectionLost']]] as const) {
      const { world, client } = pair()
      client.transport!.setTcpKeepAlive(true, 10_000)
      world.network.partition('a', 'b')
      world.run(minutes * 60_000)
      world.network.heal('a', 'b')
      world.run()
      expect(client.events).toEqual(events)
    }
  })

  it('keep-alive on half a connection whose other side has forgotten it is answered with a reset', () => {
    const { world, client, server } = pair({}, 1, () => new HalfRecorder())
    server.transport!.loseConnection()
    world.run(10_000)
    expect(client.events).toEqual(['made', 'read lost'])
    client.transport!.setTcpKeepAlive(true, 1_000)
    world.run()
    expect(world.checks.lines.filter((line) => line.startsWith('rst'))).toEqual(['rst 1/1', 'rst 1/1 delivered'])
    client.transport!.write('x')
    world.run()
    expect(client.events).toEqual(['made', 'read lost', 'lost ConnectionLost'])
  })

  it('hold loses nothing, and release lets it go on', () => {
    const { world, client, server } = pair()
    world.network.hold('a', 'b')
    client.transport!.write('held')
    client.transport!.loseConnection()
    world.run(60_000)
    expect(server.events).toEqual(['made'])
    world.network.release('a', 'b')
    world.run(60_010)
    expect(server.text).toBe('held')
    expect(server.events).toEqual(['made', 'data', 'lost ConnectionDone'])
    expect(world.checks.lines.filter((line) => line.startsWith('lost'))).toEqual([])
  })

  it('reset ends connections on both sides', () => {
    const { world, client, server } = pair()
    world.network.reset('a', 'b')
    world.run(200)
    expect([client.events[1], server.events[1]]).toEqual(['lost ConnectionLost', 'lost ConnectionLost'])
  })

  it('data for a socket that was closed is answered with a reset', () => {
    const { world, client, server } = pair({}, 1, () => new HalfRecorder())
    server.transport!.loseConnection()
    world.run(5_000)
    expect(client.events).toEqual(['made', 'read lost'])
    client.transport!.write('too late')
    world.run(6_000)
    // Nobody who has read to the end reads on; so it is the next write that finds out, as on real sockets.
    expect(client.events).toEqual(['made', 'read lost'])
    client.transport!.write('again')
    world.run(7_000)
    expect(client.events).toEqual(['made', 'read lost', 'lost ConnectionLost'])
  })

  it('a program that takes no connections fills its backlog; more are not answered until it does', () => {
    const world = new TestWorld()
    const [a, b] = [world.reactor('a'), world.reactor('b')]
    const [clients, servers] = [new Programs(), new Programs()]
    b.listenTCP(80, servers, { backlog: 2 })
    world.run(1)
    world.network.stall('b', 80)
    for (let i = 0; i < 5; i++) {
      a.connectTCP('10.0.0.2', 80, clients)
      world.run(100 * (i + 1))
    }
    world.run(900)
    expect(clients.built).toHaveLength(3)
    expect(servers.built).toHaveLength(0)
    clients.built[0]!.transport!.write('early')
    world.network.stall('b', 80, false)
    world.run(3_000)
    expect(clients.built).toHaveLength(5)
    expect(servers.built).toHaveLength(5)
    expect(servers.built[0]!.text).toBe('early')
  })

  it('N11 a port that is used cannot be listened at, unless both share it', () => {
    const world = new TestWorld()
    const b = world.reactor('b')
    const failures: string[] = []
    const listen = (port: number, options = {}): void => {
      b.listenTCP(port, new Programs(), options).ready.addErrback((failure) => {
        failures.push((failure.value as { cause?: { code?: string } }).cause?.code ?? '')
      })
    }
    listen(80)
    listen(80)
    listen(80, { interface: '127.0.0.1' })
    listen(81, { interface: '127.0.0.1' })
    listen(81, { interface: '10.0.0.1' })
    listen(82, { interface: '10.0.0.9' })
    listen(83, { reusePort: true })
    listen(83, { reusePort: true })
    world.run()
    expect(failures).toEqual(['EADDRINUSE', 'EADDRINUSE', 'EADDRNOTAVAIL'])
  })

  it('addresses: both ends agree, a free port is told, loopback stays at home', () => {
    const { world, client, server, a } = pair()
    expect(client.transport!.getPeer()).toEqual({ family: 'IPv4', type: 'TCP', host: '10.0.0.2', port: 80 })
    expect(server.transport!.getPeer()).toEqual(client.transport!.getHost())
    const [clients, servers] = [new Programs(), new Programs()]
    const port = a.listenTCP(0, servers, { interface: '::' })
    world.run(101)
    const { port: free } = port.getHost()
    expect(free).toBeGreaterThan(1_023)
    a.connectTCP('::1', free, clients)
    a.connectTCP('127.0.0.1', free, clients)
    world.run(200)
    expect(servers.built).toHaveLength(2)
    const peers = servers.built.map(({ transport }) => (transport!.getPeer() as { host: string }).host)
    expect(peers.sort()).toEqual(['127.0.0.1', '::1'])
  })

  it('who crashes is told nothing, and who was told to connect there hears of it in time', () => {
    const { world, client, server, servers } = pair()
    world.network.crash('a')
    world.run(60_000)
    expect(client.events).toEqual(['made'])
    server.transport!.write('x')
    world.network.restart('a')
    world.run(61_000)
    expect(server.events).toEqual(['made', 'lost ConnectionLost'])
    expect(servers.built).toHaveLength(1)
  })

  it('a connection that nobody has taken is reset when its listener closes', () => {
    const world = new TestWorld()
    const [a, b] = [world.reactor('a'), world.reactor('b')]
    const clients = new Programs()
    const port = b.listenTCP(80, new Programs())
    world.run(1)
    world.network.stall('b', 80)
    a.connectTCP('10.0.0.2', 80, clients)
    world.run(100)
    void port.stopListening()
    world.run(200)
    expect(clients.built[0]!.events).toEqual(['made', 'lost ConnectionLost'])
  })
})
