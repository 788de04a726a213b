import { describe, expect, it } from 'vitest'
import { Simulation } from '../../../src/testing/index.js'
import { broken, makeProgram, PartyFactory } from './network-model.js'
import type { Party, Step } from './network-model.js'

const NAMES = ['a', 'b'] as const

/** The model's programs on whole simulations: engine, core's numbers, trace and all. */
async function play(seed: number): Promise<{ digest: string, parties: [Party, Party] }> {
  const program = makeProgram(seed, 20, true)
  const simulation = new Simulation({ seed, trace: 'digest', loss: seed % 3 === 0 ? 0.1 : 0 })
  try {
    const [client, server] = [new PartyFactory(0, program.halves[0]), new PartyFactory(1, program.halves[1])]
    simulation.host('a')
    simulation.reactor('b').listenTCP(80, server)
    simulation.reactor('a').connectTCP('b', 80, client, { timeout: Infinity })
    await simulation.run(20_000)
    const parties: [Party, Party] = [client.party, server.party]
    for (const step of program.steps) {
      await simulation.run(simulation.now + 1)
      simulation.at(simulation.now, () => perform(simulation, parties, step))
      await simulation.run(simulation.now + 1_000)
      const problem = broken(parties)
      if (problem !== '') throw new Error(`seed ${seed}: ${problem}`)
    }
    return { digest: simulation.digest(), parties }
  } finally {
    simulation.close()
  }
}

function perform(simulation: Simulation, parties: readonly [Party, Party], step: Step): void {
  const { network } = simulation
  const name = NAMES[step.side]
  const host = simulation.host(name)
  switch (step.do) {
    case 'partition': return network.partition('a', 'b')
    case 'oneWay': return network.partition(name, NAMES[1 - step.side]!, { oneWay: true })
    case 'heal': return network.heal('a', 'b')
    case 'hold': return network.hold('a', 'b')
    case 'release': return network.release('a', 'b')
    case 'reset': return network.reset('a', 'b')
    case 'crash': return host.isUp ? network.crash(name) : undefined
    case 'restart': return host.isUp ? undefined : network.restart(name)
    default:
      if (host.isUp && host.incarnation === 1 && parties[step.side].log.length > 0) parties[step.side].perform(step)
  }
}

describe('TCP keeps its promises on whole simulations', () => {
  it('in random programs with faults, and the same seed gives the same digest', async () => {
    const digests = new Set<string>()
    for (let seed = 1; seed <= 60; seed++) {
      const { digest, parties } = await play(seed)
      expect(broken(parties), `seed ${seed}`).toBe('')
      digests.add(digest)
      if (seed <= 10) expect((await play(seed)).digest, `seed ${seed}`).toBe(digest)
    }
    expect(digests.size).toBe(60)
  }, 120_000)
})
