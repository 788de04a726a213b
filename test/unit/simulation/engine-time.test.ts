/**
 * Virtual time where numbers are rounded: nothing happens too early by the clock that the program sees, whatever that
 * clock does; and what lies beyond the last microsecond.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SimulationError } from '../../../src/errors/index.js'
import { Logger } from '../../../src/logger/index.js'
import { LAST_MICROS, LAST_MS, microsOf } from '../../../src/testing/simulation/micros.js'
import { Simulation } from '../../../src/testing/simulation/simulation.js'
import { clientFactory, Protocol, protocolFactory } from './engine-programs.js'

describe('the microsecond of a time', () => {
  it('is the first at which the clock shows it or more', () => {
    const upTo = (max: number): fc.Arbitrary<number> => fc.double({ min: 0, max, noNaN: true })
    const times = fc.oneof(upTo(LAST_MS), upTo(1e5),
      fc.tuple(fc.nat(1e9), fc.nat(1e6)).map(([a, b]) => a / 1_000 + b / 1_000))
    fc.assert(fc.property(times, (ms) => {
      const micros = microsOf(ms)
      expect(Number.isSafeInteger(micros)).toBe(true)
      expect(micros / 1_000).toBeGreaterThanOrEqual(ms)
      expect((micros - 1) / 1_000).toBeLessThan(ms)
    }), { numRuns: 2_000 })
  })

  it('is that which the clock showed when the time was read from it', () => {
    fc.assert(fc.property(fc.nat(LAST_MICROS), (micros) => { expect(microsOf(micros / 1_000)).toBe(micros) }))
    expect([9.95, 16.1, 6563.887, 0.1 + 0.2, Infinity].map(microsOf)).toEqual([9_950, 16_100, 6_563_887, 301, Infinity])
  })
})

/** How a host's clock may go wrong: offset in ms, drift in ppm. */
const CLOCKS = [
  [0, 0], [0.3, 0], [-7.7, 0], [1234.5678, 0], [0, 300], [5, -999], [0.1, 123_456.7], [3, -999_000],
] as const

describe('a call', () => {
  it.each(CLOCKS)('is never too early by the clock of its host (%f ms ahead, %f ppm faster)', async (offset, drift) => {
    const sim = new Simulation({ seed: 1, trace: 'digest' })
    const host = sim.host('a')
    Object.assign(host, { clockOffset: offset, clockDrift: drift })
    sim.network.restart('a')
    const { reactor } = host
    const early: number[] = []
    let calls = 0
    for (let i = 0; i < 500; i++) {
      reactor.callLater(i * 0.777, () => {
        const call = reactor.callLater(1 + i % 37 * 0.1, () => {
          calls += 1
          if (reactor.now() < time) early.push(time - reactor.now())
        })
        const time = call.getTime()
      })
    }
    await sim.run()
    sim.close()
    expect(early).toEqual([])
    expect(calls).toBe(500)
  })

  it('that is made again for what is left of a time gets there', async () => {
    const sim = new Simulation({ seed: 1, trace: 'digest' })
    const { reactor } = sim.host('a')
    let looks = 0
    for (let i = 0; i < 500; i++) {
      reactor.callLater(i * 0.777, () => {
        const deadline = reactor.now() + 1 + i % 37 * 0.1
        const look = (): void => {
          looks += 1
          const left = deadline - reactor.now()
          if (left > 0 && looks < 10_000) reactor.callLater(left, look)
        }
        look()
      })
    }
    await sim.run()
    sim.close()
    expect(looks).toBeLessThan(2_000)
  })
})

describe('the end of time', () => {
  it('is years away: what is due in days, and in years, comes', async () => {
    const sim = new Simulation({ seed: 1 })
    const { reactor } = sim.host('a')
    const seen: number[] = []
    const times = [864e5, 864e5 + 0.001, 2 ** 31, 2 ** 32, 2 ** 37, LAST_MS]
    for (const time of times) reactor.callLater(time, () => void seen.push(sim.now))
    const none = reactor.callLater(2 ** 36, () => void seen.push(-1))
    reactor.callLater(2 ** 32, () => { none.cancel() })
    await sim.run()
    expect(seen).toEqual(times)
  })

  it('is refused where a test asks for more, and a host waits for it in vain', async () => {
    const sim = new Simulation({ seed: 1 })
    const { reactor } = sim.host('a')
    let count = 0
    for (const time of [LAST_MS + 1, 1e15, 1e300]) reactor.callLater(time, () => { count += 1 })
    reactor.callLater(5, () => { count += 10 })
    await sim.run()
    expect([sim.now, count, reactor.getDelayedCalls().length]).toEqual([5, 10, 3])
    await sim.run(10)
    expect(sim.now).toBe(10)
    await expect(sim.run(1e15)).rejects.toThrow(RangeError)
    expect(() => { sim.at(1e15, () => undefined) }).toThrow(RangeError)
    await expect(sim.settle(reactor.deferLater(1), 1e15)).rejects.toThrow(RangeError)
    expect(() => new Simulation({ seed: 1, until: 1e15 })).toThrow(RangeError)
  })

  it('is what a clock that all but stands still is due after', async () => {
    const sim = new Simulation({ seed: 1 })
    const host = sim.host('a')
    host.clockDrift = -999_999.999999
    let count = 0
    // Of some of these, the time of the world is no exact number.
    for (let i = 0; i < 1_000; i++) host.reactor.callLater(1e9 + i, () => { count += 1 })
    await sim.run(1_000)
    expect([sim.now, count]).toEqual([1_000, 0])
    for (const offset of [NaN, Infinity]) expect(() => { host.clockOffset = offset }).toThrow(RangeError)
    expect(host.clockOffset).toBe(0)
  })
})

/** So many promise jobs, of which no Deferred knows. */
async function jobs(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await null
}

describe('a run', () => {
  it('is not over while promise jobs may still have something happen', async () => {
    const sim = new Simulation({ seed: 1 })
    const { reactor } = sim.host('a')
    const seen: number[] = []
    reactor.callLater(1, async () => {
      await jobs(40)
      reactor.callLater(1, () => void seen.push(sim.now))
    })
    await sim.run()
    expect(seen).toEqual([2])
    reactor.callLater(3, async () => {
      await jobs(40)
      reactor.callLater(0, () => void seen.push(sim.now))
    })
    await sim.run(6)
    expect(seen).toEqual([2, 5])
    const late = new Promise<number>((resolve) => {
      reactor.callLater(1, async () => {
        await jobs(40)
        resolve(sim.now)
      })
    })
    expect(await sim.settle(late)).toBe(7)
  })

  it('refuses to be run from inside of what happens', async () => {
    const sim = new Simulation({ seed: 1 })
    const { reactor } = sim.host('a')
    sim.at(1, () => sim.run(5))
    await expect(sim.run()).rejects.toThrow('it would wait for its own end')
    sim.at(2, () => sim.settle(reactor.deferLater(5)))
    await expect(sim.run()).rejects.toThrow(SimulationError)
    // Beside each other they take turns.
    await Promise.all([sim.settle(reactor.deferLater(10)), sim.settle(reactor.deferLater(5))])
    expect(sim.now).toBe(12)
  })
})

describe('whose turn it is', () => {
  it('is known on a restricted reactor too, and on one of that', async () => {
    const sim = new Simulation({ seed: 1 })
    const log = new Logger('program')
    sim.host('server').reactor.restrict({ listen: ['tcp:*:80'] }).restrict({ listen: ['tcp:*:80'] })
      .listenTCP(80, protocolFactory(() => new Protocol(() => { log.info('received') })))
    const client = clientFactory()
    client.connected.addCallback((protocol) => {
      log.info('connected')
      return protocol
    })
    sim.host('client').reactor.restrict({ connect: ['tcp:*:80'] }).connectTCP('server', 80, client)
    const protocol = await sim.settle(client.connected)
    protocol.transport!.write(new Uint8Array(1))
    await sim.run()
    expect(sim.log.map(({ host, message }) => [host, message])).toEqual([
      ['client', 'connected'], ['server', 'received'],
    ])
  })
})

describe('a simulation that is closed', () => {
  it('boots no host any more', async () => {
    const sim = new Simulation({ seed: 1 })
    const boots: number[] = []
    sim.host('a', ({ incarnation }) => void boots.push(incarnation))
    await sim.run()
    sim.close()
    expect(() => { sim.network.restart('a') }).toThrow(SimulationError)
    expect(boots).toEqual([1])
  })
})

describe('a host', () => {
  it('may crash while it boots, in what it receives, and be restarted twice in one event', async () => {
    const sim = new Simulation({ seed: 1 })
    const seen: string[] = []
    const server = sim.host('server', ({ incarnation, durable, reactor }) => {
      durable.set('lives', incarnation)
      reactor.callLater(1_000, () => void seen.push(`timer of ${incarnation}`))
      if (incarnation === 3) sim.network.crash('server')
      else reactor.listenTCP(80, protocolFactory(() => new Protocol(() => {
        seen.push(`received by ${incarnation}`)
        sim.network.restart('server')
        void Promise.resolve().then(() => reactor.callLater(0, () => void seen.push('never')))
        sim.network.restart('server')
      })))
    })
    const client = clientFactory()
    sim.host('client').reactor.connectTCP('server', 80, client)
    const protocol = await sim.settle(client.connected)
    protocol.transport!.write(new Uint8Array(5_000))
    await sim.run(500)
    expect([seen, server.incarnation, server.isUp]).toEqual([['received by 1'], 3, false])
    sim.network.restart('server')
    await sim.run(2_000)
    expect(seen).toEqual(['received by 1', 'timer of 4'])
    expect(server.durable.get('lives')).toBe(4)
  })

  it('whose program fails when it starts anew is up, and can be started once more', async () => {
    const sim = new Simulation({ seed: 1 })
    const host = sim.host('a', ({ incarnation }) => {
      if (incarnation === 2) throw new Error('the second time is hard')
    })
    sim.at(5, () => { sim.network.restart('a') })
    await expect(sim.run()).rejects.toThrow('the second time is hard')
    expect([host.incarnation, host.isUp]).toEqual([2, true])
    sim.at(10, () => { sim.network.restart('a') })
    await sim.run()
    expect([host.incarnation, host.isUp, sim.now]).toEqual([3, true, 10])
  })
})
