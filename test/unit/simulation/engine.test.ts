/**
 * The engine of simulations: time, order, promise jobs, lives, clocks, and what is noted.
 */
import { describe, expect, it } from 'vitest'
import { Deferred, fail } from '../../../src/defer/index.js'
import { SimulationError } from '../../../src/errors/index.js'
import { Logger, logPublisher } from '../../../src/logger/index.js'
import { clientFactory, Protocol, protocolFactory } from './engine-programs.js'
import { Simulation } from '../../../src/testing/simulation/simulation.js'
import type { SimulationOptions } from '../../../src/testing/simulation/simulation.js'

const make = (options: Partial<SimulationOptions> = {}): Simulation => new Simulation({ seed: 1, ...options })

/** What a run fails with. */
async function errorOf(run: Promise<unknown>): Promise<SimulationError> {
  return await run.then(() => expect.fail('it did not fail'), (error: unknown) => error as SimulationError)
}

describe('time', () => {
  it('jumps to the next call that is due, to the microsecond, and stops when there is none', async () => {
    const sim = make()
    const { reactor } = sim.host('a')
    const seen: number[] = []
    for (const ms of [3_600_000, 0.001, 16.1, 9.95, 0]) reactor.callLater(ms, () => void seen.push(sim.now))
    await sim.run()
    expect(seen).toEqual([0, 0.001, 9.95, 16.1, 3_600_000])
    expect(sim.now).toBe(3_600_000)
  })

  it('stops at a time that is given, and goes on from there', async () => {
    const sim = make()
    let ticks = 0
    void sim.host('a').reactor.loopingCall(() => { ticks += 1 }).start(1_000)
    await sim.run(3_500)
    expect([sim.now, ticks]).toEqual([3_500, 4])
    await sim.run(5_000)
    expect([sim.now, ticks]).toEqual([5_000, 6])
  })

  it('stands still in a turn, and moves for who reads the clock again and again', async () => {
    const sim = make()
    const { reactor } = sim.host('a')
    let readings = 0
    reactor.callLater(5, () => {
      expect(reactor.now()).toBe(5)
      for (readings = 1; reactor.now() < 5.01; readings++);
    })
    await sim.run()
    expect(readings).toBeGreaterThan(990)
    expect(readings).toBeLessThan(1_020)
    expect(sim.now).toBe(5)
  })

  it('keeps the order in which events of the same time were scheduled, over all hosts', async () => {
    const sim = make()
    const seen: string[] = []
    for (const name of ['a', 'b', 'c']) sim.host(name).reactor.callLater(10, () => void seen.push(name))
    sim.at(10, () => void seen.push('at'))
    await sim.run()
    expect(seen).toEqual(['a', 'b', 'c', 'at'])
  })

  it('ends when there is no end to what happens at one time, and names the host', async () => {
    const sim = make({ trace: 'digest' })
    const { reactor } = sim.host('busy')
    const again = (): void => void reactor.callLater(0, again)
    again()
    const error = await errorOf(sim.run())
    expect(error).toBeInstanceOf(SimulationError)
    expect([error.host, error.time]).toEqual(['busy', 0])
  })

  it('lets cooperative tasks go on', async () => {
    const sim = make()
    const { reactor } = sim.host('a')
    let steps = 0
    const task = reactor.cooperate((function* () { for (; steps < 30_000; steps++) yield undefined })())
    await sim.settle(task.whenDone())
    expect(steps).toBe(30_000)
  })
})

describe('promise jobs', () => {
  it('run before the next event, as many as there are', async () => {
    const sim = make()
    const { reactor } = sim.host('a')
    const seen: string[] = []
    reactor.callLater(1, () => {
      void (async () => {
        for (let i = 0; i < 100; i++) await reactor.deferLater(0)
        seen.push(`first ${sim.now}`)
      })()
    })
    reactor.callLater(1.001, () => void seen.push(`second ${sim.now}`))
    await sim.run()
    expect(seen).toEqual(['first 1', 'second 1.001'])
  })

  it('find the world as they left it, and what they write goes out', async () => {
    const sim = make()
    const got = new Deferred<string>()
    sim.host('server').reactor.listenTCP(80, protocolFactory(() => new Protocol((data) => got.callback(data))))
    const { reactor } = sim.host('client')
    const client = clientFactory()
    reactor.connectTCP('server', 80, client)
    void (async () => {
      const protocol = await client.connected
      await null
      protocol.transport!.write(new TextEncoder().encode('hello'))
    })()
    expect(await sim.settle(got)).toMatch(/^h/)
  })
})

describe('lives', () => {
  it('end with a crash: nothing of the former life happens, nothing is told', async () => {
    const sim = make()
    const seen: string[] = []
    const host = sim.host('a', ({ incarnation, reactor, durable }) => {
      durable.set('boots', (durable.get('boots') as number | undefined ?? 0) + 1)
      reactor.callLater(100, () => void seen.push(`timer of ${incarnation}`))
      reactor.callFromThread(() => void seen.push(`soon of ${incarnation}`))
      void (async () => {
        await reactor.deferLater(10)
        sim.network.restart('a')
        // A zombie.
        const port = reactor.listenTCP(80, protocolFactory(() => new Protocol(() => undefined)))
        reactor.connectTCP('a', 80, clientFactory())
        await reactor.deferLater(1)
        seen.push(`never ${port.getHost().port}`)
      })()
    })
    sim.at(50, () => { sim.network.crash('a') })
    sim.at(60, () => {
      expect(host.isUp).toBe(false)
      expect(() => host.reactor).toThrow(SimulationError)
      sim.network.restart('a')
    })
    await sim.run(65)
    expect(host.incarnation).toBe(6)
    expect(host.durable.get('boots')).toBe(6)
    expect(seen.filter((text) => !text.startsWith('soon'))).toEqual([])
    sim.network.crash('a')
    await sim.run(1_000)
    expect(seen.filter((text) => !text.startsWith('soon'))).toEqual([])
  })

  it('leave no timer behind that keeps the run from its end', async () => {
    const sim = make()
    sim.host('a').reactor.callLater(1_000_000, () => undefined)
    sim.at(5, () => { sim.network.crash('a') })
    await sim.run()
    expect(sim.now).toBe(5)
  })

  it('can end in the middle of a turn of their own', async () => {
    const sim = make()
    const { reactor } = sim.host('a')
    const seen: string[] = []
    reactor.callLater(1, () => {
      sim.network.crash('a')
      reactor.callLater(0, () => void seen.push('later'))
      reactor.callLater(5, () => undefined).cancel()
      reactor.now()
      seen.push('to its end')
    })
    reactor.callLater(1, () => void seen.push('the next'))
    await sim.run()
    expect(seen).toEqual(['to its end'])
  })
})

describe('clocks', () => {
  it('are skewed by an offset and a drift', async () => {
    const sim = make({ epoch: 0 })
    const host = sim.host('a')
    const { reactor } = host
    host.clockDrift = 100_000
    const seen: number[][] = []
    reactor.callLater(1_100, () => void seen.push([sim.now, reactor.now(), reactor.wallClock()]))
    await sim.run()
    expect(seen).toEqual([[1_000, 1_100, 1_100]])
    host.clockOffset = -500
    expect([reactor.now(), reactor.wallClock()]).toEqual([1_100, 600])
  })

  it('make what is waited for due at another time when they change', async () => {
    const sim = make()
    const host = sim.host('a')
    let due = 0
    host.reactor.callLater(1_000, () => { due = sim.now })
    sim.at(500, () => { host.clockDrift = 1_000_000 })
    await sim.run()
    expect(due).toBe(750)
  })
})

describe('names', () => {
  it('are those of hosts, whatever their case, and localhost', async () => {
    const sim = make()
    sim.host('server')
    const { nameResolver } = sim.host('client').reactor
    const resolved = async (name: string): Promise<string[]> =>
      (await sim.settle(nameResolver.resolve(name))).map((address) => (address as { host: string }).host)
    expect(await resolved('Server')).toEqual(['10.0.0.1', 'fd00::1'])
    expect(await resolved('localhost')).toEqual(['127.0.0.1', '::1'])
    expect(await resolved('192.0.2.7')).toEqual(['192.0.2.7'])
    expect((await errorOf(sim.settle(nameResolver.resolve('nobody')))).code).toBe('ERR_CONNECT_DNS_LOOKUP')
  })
})

describe('what is noted', () => {
  it('is what hosts log, whoever listens else', async () => {
    const sim = make({ epoch: 1_000 })
    const { reactor } = sim.host('a')
    reactor.callLater(7, () => new Logger('my.program').warn('careful', { n: 1 }))
    reactor.callLater(8, () => { throw new Error('broken') })
    await sim.run()
    expect(sim.log.map(({ time, host, level, namespace }) => [time, host, level, namespace])).toEqual([
      [7, 'a', 'warn', 'my.program'], [8, 'a', 'critical', 'reactor'],
    ])
    expect(sim.log[0]!.event).toMatchObject({ time: 1_007, n: 1 })
    expect(sim.log[1]!.failure!.value.message).toBe('broken')
    const seen: string[] = []
    const observe = (event: { message: string }): void => void seen.push(event.message)
    logPublisher.addObserver(observe)
    new Logger('test').info('afterwards')
    logPublisher.removeObserver(observe)
    expect(sim.log).toHaveLength(2)
    expect(seen).toEqual(['afterwards'])
  })

  it('is a failure of a Deferred that nobody takes, but not one that somebody takes later', async () => {
    const sim = make()
    const { reactor } = sim.host('a')
    let kept!: Deferred<unknown>
    reactor.callLater(1, () => void fail(new Error('nobody')))
    reactor.callLater(2, () => { kept = fail(new Error('later')) })
    reactor.callLater(3, () => void fail(new Error('at once')).addErrback(() => undefined))
    reactor.callLater(500, () => void kept.addErrback(() => undefined))
    await sim.run()
    expect(sim.unhandled.map(({ value }) => value.message)).toEqual(['nobody'])
  })

  it('is nothing of what a host has left that has crashed since', async () => {
    const sim = make()
    sim.host('a').reactor.callLater(1, () => {
      void fail(new Error('lost'))
      sim.network.restart('a')
    })
    await sim.run()
    expect(sim.unhandled).toEqual([])
  })
})

describe('a run ends', () => {
  it('with what `at`, a boot or a check throws or what fails that they return', async () => {
    const broken = new Error('broken')
    const ways: ((sim: Simulation) => void)[] = [
      (sim) => sim.at(1, () => { throw broken }),
      (sim) => sim.at(1, async () => { await null; throw broken }),
      (sim) => void sim.host('a', async ({ reactor }) => { await reactor.deferLater(1); throw broken }),
      (sim) => void sim.host('a', () => fail(broken)),
      (sim) => {
        sim.host('a', ({ incarnation }) => { if (incarnation > 1) throw broken })
        sim.at(1, () => { sim.network.restart('a') })
      },
      (sim) => {
        sim.host('a').reactor.callLater(1, () => undefined)
        sim.check(() => { if (sim.now > 0) throw broken })
      },
    ]
    for (const way of ways) {
      const sim = make()
      way(sim)
      expect(await errorOf(sim.run())).toBe(broken)
    }
  })

  it('at once with what a boot throws outside of a run', () => {
    const sim = make()
    expect(() => sim.host('a', () => { throw new Error('broken') })).toThrow('broken')
  })

  it('with an error that says what hosts wait for when nothing is left that could happen', async () => {
    const sim = make()
    sim.host('server').reactor.listenTCP(80, protocolFactory(() => new Protocol(() => undefined)))
    sim.host('gone')
    sim.network.crash('gone')
    const error = await errorOf(sim.settle(new Deferred<void>()))
    expect(error).toBeInstanceOf(SimulationError)
    expect(error.message).toContain('Nothing is left that could happen')
    expect(error.message).toContain('a port that listens')
    expect(error.message).toContain('gone is down')
  })

  it('with an error when time is over before there is a result', async () => {
    const sim = make()
    const error = await errorOf(sim.settle(sim.host('a').reactor.deferLater(5_000), 1_000))
    expect(error.message).toContain('Time is over at 1000 ms')
    expect(error.message).toContain('a call that is due in 4000 ms')
    expect(sim.now).toBe(1_000)
  })
})

describe('a simulation', () => {
  const play = async (seed: number | string): Promise<string> => {
    const sim = make({ seed })
    const got: string[] = []
    sim.host('server', ({ reactor }) => {
      reactor.listenTCP(80, protocolFactory(() => new Protocol((data) => void got.push(data))))
    })
    const client = clientFactory()
    sim.host('client').reactor.connectTCP('server', 80, client)
    const protocol = await sim.settle(client.connected)
    for (let i = 0; i < 50; i++) protocol.transport!.write(new Uint8Array(100))
    await sim.run()
    const digest = sim.digest()
    sim.close()
    expect(sim.digest()).toBe(digest)
    return digest
  }

  it('is the same for the same seed, and another for another', async () => {
    const first = await play(5)
    expect(first).toMatch(/^[\da-f]{32}$/)
    expect(await play(5)).toBe(first)
    expect(await play('5')).toBe(first)
    expect(await play(6)).not.toBe(first)
  })

  it('takes turns with others in the same thread', async () => {
    const sims = [make(), make()]
    for (const sim of sims) sim.host('a').reactor.callLater(5, () => new Logger('x').info('here'))
    await Promise.all(sims.map((sim) => sim.run()))
    expect(sims.map((sim) => [sim.now, sim.log.length])).toEqual([[5, 1], [5, 1]])
  })

  it('knows its hosts by name, and says which there are', () => {
    const sim = make()
    const host = sim.host('a')
    sim.host('b')
    expect(sim.host('A')).toBe(host)
    expect(sim.reactor('a')).toBe(host.reactor)
    expect([host.id, host.ipv4, host.ipv6, host.incarnation]).toEqual([1, '10.0.0.1', 'fd00::1', 1])
    expect(() => { sim.network.crash('c') }).toThrow("There is no host 'c'; there are a, b.")
    expect(() => sim.host('a', () => undefined)).toThrow(SimulationError)
    for (const name of ['', 'a b', '1.2.3.4', '::1', 'localhost']) expect(() => sim.host(name)).toThrow(TypeError)
    sim.close()
    expect(() => sim.host('d')).toThrow(SimulationError)
  })

  it('refuses what makes no sense', async () => {
    expect(() => new Simulation({ seed: NaN })).toThrow(TypeError)
    expect(() => make({ until: -1 })).toThrow(RangeError)
    const sim = make()
    await sim.run(10)
    expect(() => sim.at(5, () => undefined)).toThrow(RangeError)
    await expect(sim.run(NaN)).rejects.toThrow(RangeError)
    sim.close()
    await expect(sim.run()).rejects.toThrow(SimulationError)
  })

  it('gives what it has of the core back', async () => {
    const { createCore } = await import('../../../src/core/index.js')
    const core = createCore()
    const used = async (): Promise<number> => {
      const sim = make({ core })
      sim.host('a').reactor.callLater(1, () => undefined)
      sim.host('b').reactor.connectTCP('a', 1, clientFactory())
      sim.at(2, () => { sim.network.restart('a') })
      await sim.run()
      sim.close()
      return core.memoryUsage().used
    }
    await used()
    const before = await used()
    for (let i = 0; i < 5; i++) await used()
    expect(core.memoryUsage().used).toBe(before)
  })
})
