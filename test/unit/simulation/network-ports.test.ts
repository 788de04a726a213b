/** No two connections have the same four addresses. */
import { describe, expect, it } from 'vitest'
import { Programs } from './network-programs.js'
import { TestWorld } from './network-world.js'

const FIRST = 32_768
const LAST = 60_999
const ALL = LAST - FIRST + 1

function start() {
  const world = new TestWorld(1, { latency: 1 })
  const [a, b, c] = [world.reactor('a'), world.reactor('b'), world.reactor('c')]
  const servers = new Programs()
  for (const reactor of [b, c]) {
    reactor.listenTCP(80, servers)
    reactor.listenTCP(81, servers)
  }
  const connect = (to: string, port: number, localPort = 0, from = a): Programs => {
    const clients = new Programs()
    from.connectTCP(to, port, clients, localPort === 0 ? {} : { bindAddress: { host: '', port: localPort } })
    return clients
  }
  return { world, a, b, c, connect }
}

function outcome(clients: Programs): string {
  if (clients.failures.length === 0) return clients.built.length === 1 ? 'connected' : 'nothing'
  const error = clients.failures[0]!.value as Error & { cause?: { message: string } }
  return `${error.constructor.name} ${(error.cause as { code?: string } | undefined)?.code}`
}

/** Moves the counter of a's ports, as connections do that have ended; host c refuses them at once. */
function skip(world: TestWorld, connect: (to: string, port: number) => Programs, count: number): void {
  for (let i = 0; i < count; i++) {
    connect('c', 9)
    if (i % 500 === 0) world.run(world.now + 3)
  }
  world.run(world.now + 3)
}

function port(clients: Programs): number {
  return (clients.built[0]!.transport!.getHost() as { port: number }).port
}

describe('the local port of a connection', () => {
  it('that was asked for is refused while the same four addresses have a connection, and only then', () => {
    const { world, connect, a, b } = start()
    const first = connect('b', 80, 5_000)
    // While the first is still being made, and later.
    const early = connect('b', 80, 5_000)
    world.run(10)
    const late = connect('b', 80, 5_000)
    const others = [connect('b', 81, 5_000), connect('c', 80, 5_000), connect('b', 80, 5_001)]
    const another = connect('a', 9, 5_000, b)
    world.run(20)
    expect([first, early, late].map(outcome))
      .toEqual(['connected', 'ConnectBindError EADDRNOTAVAIL', 'ConnectBindError EADDRNOTAVAIL'])
    expect(others.map(outcome)).toEqual(['connected', 'connected', 'connected'])
    expect(outcome(another)).toBe('ConnectionRefusedError ECONNREFUSED')
    first.built[0]!.transport!.loseConnection()
    world.run(100)
    const again = connect('b', 80, 5_000)
    world.run(110)
    expect(outcome(again)).toBe('connected')
    expect(port(again)).toBe(5_000)
    a.listenTCP(6_000, new Programs())
    const listened = connect('b', 80, 6_000)
    world.run(120)
    expect(outcome(listened)).toBe('ConnectBindError EADDRINUSE')
  })

  it('cannot be that of a connection that the other side began', () => {
    const { world, connect, b } = start()
    const port = b.listenTCP(90, new Programs())
    const first = connect('b', 90, 5_000)
    world.run(10)
    void port.stopListening()
    world.run(20)
    const back = connect('a', 5_000, 90, b)
    const other = connect('a', 5_001, 90, b)
    world.run(30)
    expect(outcome(first)).toBe('connected')
    expect(outcome(back)).toBe('ConnectBindError EADDRNOTAVAIL')
    expect(outcome(other)).toBe('ConnectionRefusedError ECONNREFUSED')
  })

  it('is free again on a host that has crashed and is back, though the other side does not know that yet', () => {
    const { world, connect } = start()
    connect('b', 80, 5_000)
    world.run(10)
    world.crash('a')
    world.restart('a')
    const again = connect('b', 80, 5_000, world.reactor('a'))
    world.run(20)
    expect(outcome(again)).toBe('connected')
    expect([...world.network.connections].map(({ state }) => state)).toEqual(['half-open', 'open'])
    const third = connect('b', 80, 5_000, world.reactor('a'))
    world.run(30)
    expect(outcome(third)).toBe('ConnectBindError EADDRNOTAVAIL')
  })

  it('that is found passes over one that was asked for', () => {
    const { world, connect } = start()
    connect('b', 80, FIRST)
    const found = connect('b', 80)
    const elsewhere = connect('b', 81)
    world.run(10)
    expect([port(found), port(elsewhere)]).toEqual([FIRST + 1, FIRST + 2])
  })

  it('that is found passes over living connections once all have been given out', () => {
    const { world, connect } = start()
    const [one, two] = [connect('b', 80), connect('b', 81)]
    world.run(10)
    skip(world, connect, ALL - 2)
    const three = connect('b', 80)
    world.run(world.now + 10)
    expect([one, two, three].map(port)).toEqual([FIRST, FIRST + 1, FIRST + 1])
    one.built[0]!.transport!.loseConnection()
    three.built[0]!.transport!.loseConnection()
    world.run(world.now + 100)
    skip(world, connect, ALL - 2)
    const four = connect('b', 81)
    world.run(world.now + 10)
    expect(port(four)).toBe(FIRST)
  })

  it('that is not to be had is an error: all of them have a connection to one place, not to another', () => {
    const { world, connect } = start()
    const all: Programs[] = []
    for (let i = 0; i < ALL; i++) {
      all.push(connect('b', 80))
      if (i % 400 === 399) world.run(world.now + 5)
    }
    world.run(world.now + 5)
    expect(all.every((clients) => outcome(clients) === 'connected')).toBe(true)
    expect(new Set(all.map(port)).size).toBe(ALL)
    const more = connect('b', 80)
    const other = connect('b', 81)
    world.run(world.now + 5)
    expect(outcome(more)).toBe('ConnectBindError EADDRNOTAVAIL')
    expect(outcome(other)).toBe('connected')
    all[7]!.built[0]!.transport!.loseConnection()
    world.run(world.now + 50)
    const last = connect('b', 80)
    world.run(world.now + 5)
    expect(port(last)).toBe(FIRST + 7)
  })
})
