/**
 * Simulations as `whorl/testing` gives them on Node: guarded, under many seeds, with faults, made smaller.
 */
import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { ClientFactory, Factory, LineReceiver } from 'whorl'
import {
  AmbientAccessError, FAULT_KINDS, planFaults, repeat, simulate, Simulation, SimulationFailure,
} from 'whorl/testing'
import type { Fault, FaultKind, Scenario, SimulateOptions } from 'whorl/testing'
import { Simulation as PortableSimulation } from '../../../src/testing/index.js'
import { TraceReader } from '../../../src/testing/trace/reader.js'

async function errorOf(promise: Promise<unknown>): Promise<Error> {
  return promise.then(() => { throw new Error('nothing was wrong') }, (error: unknown) => error as Error)
}

/** A counter on one host, raised by the others line by line; what it has counted is not durable, which is the bug. */
function counting(simulation: Simulation): { sent: number, counted: () => number } {
  const state = { sent: 0, counted: () => 0 }
  class Counter extends LineReceiver {
    override lineReceived(): void {
      (this.factory as Counters).count += 1
      this.sendLine('counted')
    }
  }
  class Counters extends Factory {
    count = 0
  }
  class Raiser extends LineReceiver {
    override connectionMade(): void {
      this.sendLine('one more')
    }

    override lineReceived(): void {
      state.sent += 1
      this.transport!.loseConnection()
    }
  }
  simulation.host('counter', ({ reactor }) => {
    const counters = new Counters()
    counters.protocol = Counter
    state.counted = () => counters.count
    reactor.listenTCP(9, counters)
  })
  for (let k = 1; k < simulation.hosts; k++) {
    simulation.host(`raiser-${k}`, ({ reactor }) => {
      const again = (): void => {
        reactor.connectTCP('counter', 9, ClientFactory.forProtocol(Raiser), { timeout: 1_000 })
        reactor.callLater(700, again)
      }
      reactor.callLater(100, again)
    })
  }
  return state
}

const forgetful: Scenario = async (simulation) => {
  const state = counting(simulation as Simulation)
  await simulation.run(20_000)
  if (state.counted() < state.sent) throw new Error(`counted ${state.counted()} of ${state.sent}`)
}

const FAULTS: SimulateOptions = { until: 20_000, hosts: 5, faults: { every: 800, duration: [50, 2_000], quiet: 6_000 } }

describe('Simulation of whorl/testing', () => {
  it('names the simulated host whose code reaches for the machine', async () => {
    const simulation = new Simulation({ seed: 1 })
    simulation.host('mule', ({ reactor }) => void reactor.callLater(5, () => randomUUID()))
    const error = await errorOf(simulation.run())
    expect(error).toBeInstanceOf(AmbientAccessError)
    expect(error).toMatchObject({ host: 'mule', access: 'crypto.randomUUID' })
    simulation.close()
    expect(randomUUID()).toHaveLength(36)
  })

  it('also while it makes hosts, and although the program swallows it', async () => {
    const simulation = new Simulation({ seed: 1 })
    const { setTimeout: before } = globalThis
    const make = async (): Promise<void> => {
      simulation.host('mule', () => {
        try {
          setTimeout(() => undefined, 1)
        } catch {
          // As a program might.
        }
      })
      await simulation.run()
    }
    expect(await errorOf(make())).toMatchObject({ host: 'mule', access: 'setTimeout' })
    expect(globalThis.setTimeout).toBe(before)
    simulation.close()
  })

  it('lets pass what is allowed, and everything without a guard', async () => {
    for (const options of [{ allow: ['clock'] }, { guard: null }]) {
      const simulation = new Simulation({ seed: 1, ...options })
      let time = 0
      simulation.host('mule', ({ reactor }) => void reactor.callLater(5, () => { time = Date.now() }))
      await simulation.run()
      expect(time).toBeGreaterThan(0)
      simulation.close()
    }
    expect(new Simulation({ seed: 1 })).toBeInstanceOf(PortableSimulation)
  })

  it('two at once are both guarded, beside the timers of the machine', async () => {
    const results: string[] = []
    const one = async (name: string): Promise<void> => {
      const simulation = new Simulation({ seed: name })
      simulation.host(name, ({ reactor }) => {
        for (let k = 0; k < 200; k++) reactor.callLater(k, () => undefined)
        reactor.callLater(100, () => Math.random())
      })
      const error = await errorOf(simulation.run())
      results.push((error as AmbientAccessError).host)
      simulation.close()
    }
    const timer = new Promise<void>((resolve) => setTimeout(resolve, 1))
    await Promise.all([one('a'), one('b'), timer])
    expect(results.sort()).toEqual(['a', 'b'])
    expect(Math.random()).toBeLessThan(1)
  })
})

describe('faults', () => {
  const fault = (kind: FaultKind): Fault => ({ index: 0, kind, at: 1_000, for: 2_000, hosts: ['raiser-1'] })

  it.each(FAULT_KINDS)('%s is noted, and over in time', async (kind) => {
    const simulation = new Simulation({ seed: 3, faults: [fault(kind)] })
    const state = counting(simulation)
    await simulation.run(4_000)
    const sent = state.sent
    await simulation.run(8_000)
    expect(state.sent).toBeGreaterThan(sent)
    const notes = [...new TraceReader(simulation.trace())]
      .flatMap((record) => record.kind === 'fault' ? [{ time: record.time, text: record.text }] : [])
    expect(notes[0]!.time).toBe(1_000)
    expect(notes[0]!.text + notes.map(({ text }) => text).join()).toContain('raiser-1')
    if (kind !== 'reset') expect(notes.at(-1)!.time).toBe(3_000)
    simulation.close()
  })

  it('leaving one out leaves the others as they were', async () => {
    const notes = async (keep: (one: Fault) => boolean): Promise<Map<string, string>> => {
      const random = new Simulation({ seed: 8 }).random.fork('faults')
      const plan = planFaults(random, 20_000, { every: 600, duration: [50, 1_000] })
      const simulation = new Simulation({ seed: 8, hosts: 4, faults: plan.filter(keep) })
      counting(simulation)
      await simulation.run(20_000)
      const found = new Map<string, string>()
      for (const record of new TraceReader(simulation.trace())) {
        const match = record.kind === 'fault' ? /^([\w-]+ \d+): (.*)$/.exec(record.text) : null
        if (match !== null && match[2] !== 'over') found.set(match[1]!, match[2]!)
      }
      simulation.close()
      return found
    }
    const all = await notes(() => true)
    const some = await notes((one) => one.index % 3 === 0)
    expect(all.size).toBeGreaterThan(10)
    expect(some.size).toBeGreaterThan(3)
    for (const [name, text] of some) expect(all.get(name)).toBe(text)
  })
})

describe('simulate', () => {
  it('finds a bug, and the one fault that it takes', async () => {
    const failure = await errorOf(simulate(500, forgetful, FAULTS)) as SimulationFailure
    expect(failure).toBeInstanceOf(SimulationFailure)
    expect((failure.cause as Error).message).toMatch(/^counted \d+ of \d+$/)
    expect(failure.faults.map((one) => one.kind)).toEqual(['crash'])
    expect(failure.recipe.hosts).toBe(2)
    expect(failure.message.split('\n').at(-1))
      .toMatch(/^await repeat\(forgetful, \{ seed: \d+, hosts: 2, .*\}, options\)$/)

    const again = await errorOf(repeat(forgetful, failure.recipe, FAULTS)) as SimulationFailure
    expect(again.digest).toBe(failure.digest)
    expect(Buffer.from(again.trace).equals(failure.trace)).toBe(true)
    expect(new TraceReader(failure.trace).head.digest).toBe(failure.digest)
  })

  it('finds nothing where nothing is wrong', async () => {
    const report = await simulate(20, forgetful, { ...FAULTS, faults: { ...FAULTS.faults, kinds: ['slow', 'hold'] } })
    expect(report).toEqual({ seeds: 20, virtualMs: 400_000 })
  })

  it('fails at once under a scenario that uses the clock of the machine', async () => {
    const scenario: Scenario = async (simulation) => {
      simulation.host('mule', ({ reactor }) => void reactor.callLater(5, () => Date.now()))
      await simulation.run()
    }
    const failure = await errorOf(simulate(3, scenario)) as SimulationFailure
    expect(failure.cause).toMatchObject({ access: 'Date.now', host: 'mule' })
    expect(Date.now()).toBeGreaterThan(0)
  })

  it('sees a simulation within a simulated scenario through', async () => {
    const scenario: Scenario = async (simulation) => {
      simulation.at(10, () => undefined)
      await simulation.run()
      await simulate(2, async (inner) => {
        inner.at(5, () => undefined)
        await inner.run()
      })
    }
    await expect(simulate(3, scenario)).resolves.toMatchObject({ seeds: 3 })
  })
})
