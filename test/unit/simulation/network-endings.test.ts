/**
 * What the trace is told of connections: each that was begun ends, on each side that it had, once; and what was left
 * undone by a host that has crashed is not done for it.
 */
import { describe, expect, it } from 'vitest'
import { LINGER } from '../../../src/transports/limits.js'
import { HalfRecorder, Programs } from './network-programs.js'
import { makeProgram, PartyFactory } from './network-model.js'
import type { Party } from './network-model.js'
import { TestWorld } from './network-world.js'

const NAMES = ['a', 'b'] as const

/** Connections whose sides did not end just once each. */
function unended(lines: readonly string[]): string[] {
  const wrong: string[] = []
  for (const line of lines) {
    const id = /^connect (\d+) /.exec(line)?.[1]
    if (id === undefined) continue
    const isAccepted = lines.includes(`accepted ${id}`)
    for (const side of [0, 1]) {
      const times = lines.filter((one) => one.startsWith(`ended ${id}/${side} `)).length
      // The other side of what was never accepted may never have been there.
      if (times > 1 || (times === 0 && (side === 0 || isAccepted))) wrong.push(`${id}/${side} ended ${times} times`)
    }
  }
  return wrong
}

describe('connections in the trace', () => {
  it('end once on each side, whatever happened to them', () => {
    for (let seed = 1; seed <= 150; seed++) {
      const world = new TestWorld(seed, { loss: seed % 3 === 0 ? 0.2 : 0 })
      const factories = [new PartyFactory(0, false), new PartyFactory(1, false)] as const
      const parties: [Party, Party] = [factories[0].party, factories[1].party]
      world.reactor('b').listenTCP(80, factories[1])
      world.reactor('a').connectTCP('b', 80, factories[0], { timeout: Infinity })
      // Some are hit while they are being made.
      world.run(seed % 2 === 0 ? seed % 10 : 1_000)
      for (const { do: what, side, ...more } of makeProgram(seed, 12, true).steps) {
        const name = NAMES[side]
        if (what === 'crash') world.network.crash(name)
        else if (what === 'partition') world.network.partition('a', 'b')
        else if (what === 'heal') world.network.healAll()
        else if (what === 'reset') world.network.reset('a', 'b')
        else if (world.hostNamed(name).isUp && parties[side].log.length > 0) {
          parties[side].perform({ do: what, side, ...more } as Parameters<Party['perform']>[0])
        }
        world.run(world.now + 300)
        if (what === 'crash') world.restart(name)
      }
      world.network.healAll()
      world.network.link('a', 'b', { loss: 0 })
      for (const name of NAMES) {
        world.network.crash(name)
        world.restart(name)
      }
      world.run(world.now + 3_600_000)
      expect(unended(world.checks.lines), `seed ${seed}`).toEqual([])
      expect([...world.network.connections], `seed ${seed}`).toEqual([])
    }
  })

  for (const isBack of [false, true]) {
    it(`a host that has crashed ${isBack ? 'and is back ' : ''}does not send its last packet of a handshake again`, () => {
      const world = new TestWorld(1, { latency: 10 })
      const [servers, clients] = [new Programs(), new Programs()]
      world.reactor('b').listenTCP(80, servers)
      world.reactor('a').connectTCP('b', 80, clients)
      world.run(15)
      // The SYN has come; the ACK of its answer is lost.
      world.network.linkOneWay('a', 'b', { loss: 1 })
      world.run(25)
      expect(clients.built.length).toBe(1)
      world.crash('a')
      if (isBack) world.restart('a')
      world.network.linkOneWay('a', 'b', { loss: 0 })
      world.run(3_600_000)
      expect(servers.built).toEqual([])
      expect(unended(world.checks.lines)).toEqual([])
      expect(world.checks.lines.filter((line) => line.startsWith('ended 1/1'))).toHaveLength(1)
      expect([...world.network.connections]).toEqual([])
    })
  }
})

describe('the end of a stream comes after all of its bytes', () => {
  interface Flow { pauseProducing(): void, resumeProducing(): void, loseConnection(): void, write(data: Uint8Array): void }

  function paused(bufferBytes: number) {
    const world = new TestWorld(1, { latency: 10, bufferBytes, segment: [1_460, 1_460] })
    const [servers, clients] = [new Programs(), new Programs()]
    world.reactor('b').listenTCP(80, servers)
    world.reactor('a').connectTCP('b', 80, clients)
    world.run(100)
    const [server, client] = [servers.built[0]!, clients.built[0]!]
    const there = server.transport as unknown as Flow
    there.pauseProducing()
    return { world, server, there, here: client.transport as unknown as Flow }
  }

  it('when some of them still wait for room at the other end', () => {
    const { world, server, there, here } = paused(1_000)
    here.write(new Uint8Array(1_500))
    world.run(200)
    here.loseConnection()
    world.run(300)
    there.resumeProducing()
    world.run(60_000)
    expect(server.bytes.length).toBe(1_500)
    expect(server.events.filter((event) => event !== 'data')).toEqual(['made', 'lost ConnectionDone'])
  })

  it('when it comes at the moment at which the reader goes on', () => {
    const { world, server, there, here } = paused(262_144)
    world.at(115, { fire: () => there.resumeProducing() })
    here.write(new Uint8Array(100))
    world.run(105)
    here.loseConnection()
    world.run(60_000)
    expect(server.bytes.length).toBe(100)
    expect(server.events).toEqual(['made', 'data', 'lost ConnectionDone'])
  })
})

describe('who has closed in order', () => {
  it('takes what the other side still writes, unread, for as long as it lingers; then that is reset', () => {
    const world = new TestWorld(1, { latency: 5 })
    const [servers, clients] = [new Programs(() => new HalfRecorder()), new Programs()]
    world.reactor('b').listenTCP(80, servers)
    world.reactor('a').connectTCP('b', 80, clients)
    world.run(1_000)
    const [server, client] = [servers.built[0]!, clients.built[0]!]
    client.transport!.loseConnection()
    const resets = (): string[] => world.checks.lines.filter((line) => line.startsWith('rst'))
    const write = (at: number): void => {
      world.run(at)
      server.transport!.write('x')
    }
    // The last but one comes a millisecond before the end of it, the last a millisecond after.
    for (const after of [20, 500, 1_000, 1_500, LINGER - 6, LINGER - 4]) write(1_000 + after)
    world.run(1_000 + LINGER + 0.5)
    expect(client.events).toEqual(['made', 'lost ConnectionDone'])
    expect(resets()).toEqual([])
    world.run(1_000 + LINGER + 5.9)
    expect(resets()).toEqual(['rst 1/0'])
    expect(server.events).toEqual(['made', 'read lost'])
    // Who reads nothing more hears of it by writing.
    write(1_000 + LINGER + 20)
    world.run()
    expect(server.events).toEqual(['made', 'read lost', 'lost ConnectionLost'])
    expect(resets()).toEqual(['rst 1/0', 'rst 1/0 delivered'])
    expect(client.bytes).toEqual([])
    expect([...world.network.connections]).toEqual([])
  })
})
