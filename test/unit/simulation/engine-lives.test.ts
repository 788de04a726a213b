/**
 * Whole programs on simulated hosts that crash, restart and suffer all kinds of faults: what a run is, twice; and that
 * what is left of former lives does nothing.
 */
import { describe, expect, it } from 'vitest'
import { createCore } from '../../../src/core/index.js'
import { Deferred, fail } from '../../../src/defer/index.js'
import { SimulationError } from '../../../src/errors/index.js'
import { Logger } from '../../../src/logger/index.js'
import { ClientFactory, DatagramProtocol, Protocol as BaseProtocol } from '../../../src/protocols/index.js'
import type { Reactor } from '../../../src/reactor/index.js'
import { ClientService } from '../../../src/services/index.js'
import { clientFromString } from '../../../src/endpoints/index.js'
import { planFaults } from '../../../src/testing/simulate/index.js'
import type { GuardPort } from '../../../src/testing/simulate/index.js'
import { Simulation } from '../../../src/testing/simulation/simulation.js'
import { clientFactory, Protocol, protocolFactory } from './engine-programs.js'

/** A server that counts what it gets, durably, and clients that tell it something every 100 ms. */
async function play(seed: number): Promise<{ digest: string, got: number, log: number, crashes: number }> {
  const core = createCore()
  const random = core.random(seed)
  const faults = planFaults(random.fork('faults'), 60_000, { every: 2_000 })
  const sim = new Simulation({ seed, core, faults, until: 60_000 })
  const server = sim.host('server', ({ reactor, durable }) => {
    reactor.listenTCP(80, protocolFactory(() => new Protocol((data) => {
      durable.set('got', (durable.get('got') as number | undefined ?? 0) + data.length)
    })))
  })
  for (let i = 0; i < 3; i++) {
    sim.host(`client-${i}`, ({ reactor }) => {
      const endpoint = clientFromString(reactor, 'tcp:server:80')
      const service = new ClientService(endpoint, ClientFactory.forProtocol(BaseProtocol), { clock: reactor })
      service.startService()
      void reactor.loopingCall(async () => {
        const protocol = await service.whenConnected()
        const { transport } = protocol as BaseProtocol
        transport!.write(reactor.entropy(10))
      }).start(100).addErrback(() => undefined)
    })
  }
  await sim.run()
  expect(sim.now).toBe(60_000)
  expect(sim.unhandled.map(({ value }) => String(value))).toEqual([])
  const crashes = server.incarnation
  const result = { digest: sim.digest(), got: server.durable.get('got') as number, log: sim.log.length, crashes }
  sim.close()
  return result
}

describe('programs under faults', () => {
  it('live through the same twice, of every seed', async () => {
    const seen = new Set<string>()
    for (let seed = 0; seed < 4; seed++) {
      const [one, two] = [await play(seed), await play(seed)]
      expect(two).toEqual(one)
      expect(one.got).toBeGreaterThan(1_000)
      seen.add(one.digest)
    }
    expect(seen.size).toBe(4)
  })
})

/** What a host does that is a nuisance to its next life: everything that could act in the world. */
function nuisance(reactor: Reactor, told: (what: string) => void): () => void {
  const socket = new class extends DatagramProtocol {
    override datagramReceived(): void {
      told('datagram')
    }
  }()
  const udp = reactor.listenUDP(53, socket)
  const port = reactor.listenTCP(80, protocolFactory(() => new Protocol(told)))
  const client = clientFactory()
  reactor.connectTCP('other', 80, client)
  const call = reactor.callLater(1_000_000, () => told('call'))
  let open: BaseProtocol | null = null
  client.connected.addCallback((protocol) => { open = protocol })
  return () => {
    open?.transport!.write(new Uint8Array(5))
    open?.transport!.loseConnection()
    udp.write(new Uint8Array(5), { host: '10.0.0.1', port: 53 })
    reactor.listenTCP(81, protocolFactory(() => new Protocol(told)))
    reactor.listenUDP(54, socket)
    reactor.connectTCP('other', 80, clientFactory())
    reactor.callLater(0, () => told('later'))
    reactor.callLater(10, () => told('later'))
    reactor.callFromThread(() => told('soon'))
    reactor.nameResolver.resolve('other').addBoth(() => told('resolved'))
    reactor.now()
    reactor.wallClock()
    reactor.entropy(16)
    reactor.getDelayedCalls()
    call.reset(5)
    call.delay(5)
    call.cancel()
    void port.stopListening()
    udp.stopListening()
  }
}

describe('code of a former life', () => {
  const times = ['while the host is down', 'when the host is up again']
  it.each(times)('acts on nothing %s, and is not disturbed', async (when) => {
    const sim = new Simulation({ seed: 3 })
    const told: string[] = []
    let heard = 0
    sim.host('other').reactor.listenTCP(80, protocolFactory(() => new Protocol(() => { heard += 1 })))
    const zombies: (() => void)[] = []
    const host = sim.host('a')
    zombies.push(nuisance(host.reactor, (what) => told.push(what)))
    await sim.run(1_000)
    sim.network.crash('a')
    if (when.endsWith('again')) sim.network.restart('a')
    const before = sim.events
    sim.at(2_000, () => { for (const zombie of zombies) zombie() })
    await sim.run(10_000)
    expect(told).toEqual([])
    expect(heard).toBe(0)
    expect(sim.events).toBe(before + 1)
    if (!when.endsWith('again')) return
    // What it wanted is there for others.
    host.reactor.listenTCP(81, protocolFactory(() => new Protocol(() => undefined)))
    host.reactor.listenUDP(54, new DatagramProtocol())
    await sim.run(11_000)
    expect(sim.log.filter(({ level }) => level === 'critical')).toEqual([])
  })

  it('is not taken for the next life in the log, nor in what was left unhandled', async () => {
    const sim = new Simulation({ seed: 3 })
    sim.host('a').reactor.callLater(1, () => {
      sim.network.restart('a')
      void fail(new Error('nobody is left to handle it'))
      new Logger('zombie').info('here')
    })
    await sim.run()
    expect(sim.unhandled).toEqual([])
    expect(sim.log.map(({ host, message }) => [host, message])).toEqual([['a', 'here']])
  })
})

describe('a restricted reactor of a simulated host', () => {
  it('works, and its life ends with the other', async () => {
    const sim = new Simulation({ seed: 3 })
    const got: string[] = []
    sim.host('server').reactor.listenTCP(80, protocolFactory(() => new Protocol((data) => void got.push(data))))
    const restricted = sim.host('client').reactor.restrict({ connect: ['tcp:*:80'] })
    const client = clientFactory()
    restricted.connectTCP('server', 80, client)
    const protocol = await sim.settle(client.connected)
    protocol.transport!.write(new TextEncoder().encode('hello'))
    restricted.callLater(100, () => void got.push('too late'))
    sim.at(50, () => { sim.network.crash('client') })
    await sim.run()
    expect(got.join('')).toBe('hello')
  })
})

describe('entropy', () => {
  it('hangs on the seed, the host and its life only', async () => {
    const bytes = (seed: number, others: number): string[] => {
      const sim = new Simulation({ seed })
      for (let i = 0; i < others; i++) sim.host(`other-${i}`).reactor.entropy(3)
      const host = sim.host('a')
      const first = host.reactor.entropy(8).join()
      sim.network.restart('a')
      return [first, host.reactor.entropy(8).join()]
    }
    expect(bytes(1, 0)).toEqual(bytes(1, 3))
    expect(new Set([...bytes(1, 0), ...bytes(2, 0)]).size).toBe(4)
  })
})

describe('the guard', () => {
  it('is there while a program runs, knows whose turn it is, and what it caught ends the run', async () => {
    const asked: string[] = []
    let who: (() => string) | null = null
    let caught: ((error: never) => void) | undefined
    const guard: GuardPort = {
      begin: (name, allow, tell) => {
        who = name
        caught = tell as never
        asked.push(`begin ${allow.join()}`)
      },
      end: () => void asked.push('end'),
    }
    const sim = new Simulation({ seed: 1, guard, allow: ['clock'] })
    sim.host('a', ({ reactor }) => {
      asked.push(`boot of ${who!()}`)
      reactor.callLater(1, () => {
        asked.push(`call of ${who!()}`)
        caught!(new Error('Date.now') as never)
      })
    })
    await expect(sim.run()).rejects.toThrow('Date.now')
    expect(asked).toEqual(['begin clock', 'boot of a', 'end', 'begin clock', 'call of a', 'end'])
  })
})

describe('what is waited for', () => {
  it('settles with what it fails with', async () => {
    const sim = new Simulation({ seed: 1 })
    const { reactor } = sim.host('a')
    await expect(sim.settle(reactor.deferLater(5, () => { throw new RangeError('no') }))).rejects.toThrow(RangeError)
    expect(sim.now).toBe(5)
    expect(await sim.settle(Promise.resolve(7))).toBe(7)
    const waiting = sim.settle(new Deferred<void>(), 0)
    await expect(waiting).rejects.toThrow(SimulationError)
    expect(sim.unhandled).toEqual([])
  })
})

describe('a simulation that runs', () => {
  it('is not closed from inside', async () => {
    const sim = new Simulation({ seed: 1 })
    sim.host('a')
    sim.at(5, () => { sim.close() })
    await expect(sim.run()).rejects.toThrow('it cannot be closed')
    sim.close()
    expect(sim.digest()).toHaveLength(32)
  })
})
