/**
 * docs/guide/simulation.md, "Runs without an end": what a heartbeat that never stops does to a run, and what ends it.
 */
import { setImmediate } from 'node:timers'
import { afterEach, describe, expect, it } from 'vitest'
import { Deferred } from '../../../src/defer/index.js'
import { TimerService } from '../../../src/services/index.js'
import { simulate, Simulation } from '../../../src/testing/index.js'
import type { SimulationOptions } from '../../../src/testing/index.js'

const open: Simulation[] = []
afterEach(() => open.splice(0).forEach((one) => one.close()))

/** A host whose heart beats for ever. */
function beating(options: Partial<SimulationOptions> = {}, every: number = 1_000) {
  const simulation = new Simulation({ seed: 1, trace: 'digest', ...options })
  open.push(simulation)
  const heart = { simulation, beats: 0 }
  simulation.host('heart', ({ reactor }) => {
    const beat = (): void => {
      heart.beats += 1
      reactor.callLater(every, beat)
    }
    reactor.callLater(every, beat)
  })
  return heart
}

describe('a heartbeat that never stops', () => {
  it('makes run() go on to the last time that there is', async () => {
    const heart = beating({}, 1e9)
    await heart.simulation.run()
    expect(heart.beats).toBe(281)
    expect(heart.simulation.now).toBe(281e9)
  })

  it('lets nothing else of the process run meanwhile, such as the time limit of a test', async () => {
    const heart = beating()
    let isReached = false
    const immediate = setImmediate(() => (isReached = true))
    heart.simulation.check(() => {
      if (heart.simulation.events > 20_000) throw new Error('too much')
    })
    await expect(heart.simulation.run()).rejects.toThrow('too much')
    expect(heart.beats).toBeGreaterThan(19_000)
    expect(isReached).toBe(false)
    clearImmediate(immediate)
  })

  it('ends with run(60_000), and goes on with the next run', async () => {
    const heart = beating()
    await heart.simulation.run(60_000)
    expect([heart.beats, heart.simulation.now]).toEqual([60, 60_000])
    await heart.simulation.run(90_000)
    expect([heart.beats, heart.simulation.now]).toEqual([90, 90_000])
  })

  it('ends with `until`', async () => {
    const heart = beating({ until: 60_000 })
    await heart.simulation.run()
    expect([heart.beats, heart.simulation.now]).toEqual([60, 60_000])
  })

  it('does not keep `settle` from failing at `until`, after an hour, or when it was told', async () => {
    const never = (): Deferred<void> => new Deferred()
    const short = beating({ until: 60_000 })
    await expect(short.simulation.settle(never())).rejects.toThrow(/^Time is over at 60000 ms/)
    const none = beating()
    await expect(none.simulation.settle(never(), 5_000)).rejects.toThrow(/^Time is over at 5000 ms/)
    await expect(none.simulation.settle(never())).rejects.toThrow(/^Time is over at 3605000 ms/)
    expect(none.beats).toBe(3_605)
  })

  it('ends in `simulate` at 60,000 ms, or at its `until`', async () => {
    const scenario = (simulation: Simulation): Promise<void> => {
      simulation.host('heart', ({ reactor }) => {
        const beat = (): void => void reactor.callLater(1_000, beat)
        beat()
      })
      return simulation.run()
    }
    await expect(simulate(2, scenario)).resolves.toEqual({ seeds: 2, virtualMs: 120_000 })
    await expect(simulate(2, scenario, { until: 5_000 })).resolves.toEqual({ seeds: 2, virtualMs: 10_000 })
  })

  it('that is a service, and is stopped, leaves nothing to run', async () => {
    const simulation = new Simulation({ seed: 1 })
    open.push(simulation)
    let beats = 0
    const { reactor } = simulation.host('heart')
    const service = new TimerService(1_000, () => void (beats += 1))
    service.clock = reactor
    service.startService()
    simulation.at(10_500, () => void service.stopService())
    await simulation.run()
    expect([beats, simulation.now]).toEqual([11, 10_500])
  })
})
