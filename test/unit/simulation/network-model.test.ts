import { describe, expect, it } from 'vitest'
import { broken, makeProgram, PartyFactory } from './network-model.js'
import type { Party, Program, Step } from './network-model.js'
import { Numbers, TestWorld } from './network-world.js'

const NAMES = ['a', 'b'] as const

interface Outcome {
  world: TestWorld
  parties: [Party, Party]
}

function play(program: Program, seed: number, unix: boolean): Outcome {
  const numbers = new Numbers(seed)
  const world = new TestWorld(seed, {
    loss: numbers.chance(0.5) ? 0 : numbers.float() * 0.3,
    latency: numbers.chance(0.3) ? [0.1, 80] : [0.2, 2],
    bufferBytes: numbers.chance(0.3) ? 1_000 : 262_144,
    bandwidth: numbers.chance(0.2) ? 100_000 : Infinity,
    segment: numbers.chance(0.3) ? [1, 20] : [1, 1_460],
  })
  const [client, server] = [new PartyFactory(0, program.halves[0]), new PartyFactory(1, program.halves[1])]
  const other = unix ? 'a' : 'b'
  if (unix) {
    world.reactor('a').listenUNIX('/x', server)
    world.run(1)
    world.reactor('a').connectUNIX('/x', client)
  } else {
    world.reactor(other).listenTCP(80, server)
    world.reactor('a').connectTCP('b', 80, client, { timeout: Infinity })
  }
  world.host('b')
  world.run(30_000)
  const parties: [Party, Party] = [client.party, server.party]
  for (const step of program.steps) {
    perform(world, parties, step)
    world.run(world.now + (numbers.chance(0.5) ? numbers.float() * 3 : numbers.float() * 4_000))
    const problem = broken(parties)
    if (problem !== '') throw new Error(problem)
  }
  return { world, parties }
}

function perform(world: TestWorld, parties: readonly [Party, Party], step: Step): void {
  const { network } = world
  const name = NAMES[step.side]
  switch (step.do) {
    case 'partition': return network.partition('a', 'b')
    case 'oneWay': return network.partition(name, NAMES[1 - step.side]!, { oneWay: true })
    case 'heal': return network.heal('a', 'b')
    case 'hold': return network.hold('a', 'b')
    case 'release': return network.release('a', 'b')
    case 'reset': return network.reset('a', 'b')
    case 'crash': return network.crash(name)
    case 'restart': return world.hostNamed(name).isUp ? undefined : network.restart(name)
    default: if (parties[step.side].log.length > 0 && world.host(name).isUp && alive(world, name)) {
      parties[step.side].perform(step)
    }
  }
}

/** A party lives in the first life of its host. */
function alive(world: TestWorld, name: string): boolean {
  return world.hostNamed(name).incarnation === 1
}

/**
 * Everything is mended and both sides read: what was written must arrive. Then both close, and all
 * must come to its end.
 */
function finish({ world, parties }: Outcome): void {
  world.network.healAll()
  world.network.link('a', 'b', { loss: 0 })
  for (const name of NAMES) if (!world.hostNamed(name).isUp) world.restart(name)
  const living = parties.filter(({ log, side }) => alive(world, NAMES[side]) && log.length > 0)
  for (const party of living) party.perform({ do: 'resume', side: party.side })
  world.run(world.now + 3_600_000)
  const problem = missing(living)
  if (problem !== '') throw new Error(problem)
  for (const party of living) party.perform({ do: 'close', side: party.side })
  world.run(world.now + 3_600_000)
}

/** Bytes that do not arrive though both ends are there, or one has closed in order. */
function missing(living: Party[]): string {
  if (living.length < 2) return ''
  for (const one of living) {
    const other = living[1 - living.indexOf(one)]!
    const isOver = other.log[other.log.length - 1] === 'lost ConnectionDone'
    if (one.reasons.length > 0 || (other.reasons.length > 0 && !isOver)) continue
    if (one.got !== other.written) return `${one.got} of ${other.written} have come: ${one.log.join(', ')}`
    if (isOver && !one.endSeen) return `the other side has closed: ${one.log.join(', ')}`
  }
  return ''
}

describe('TCP keeps its promises', () => {
  it('in 700 random programs with partitions, crashes, holds and resets', () => {
    const ends = new Map<string, number>()
    for (let seed = 1; seed <= 700; seed++) {
      const program = makeProgram(seed, 25, true)
      const outcome = play(program, seed, false)
      finish(outcome)
      const problem = broken(outcome.parties)
      if (problem !== '') throw new Error(`seed ${seed}: ${problem}`)
      for (const { log, side } of outcome.parties) {
        const last = log[log.length - 1] ?? 'none'
        ends.set(last.startsWith('data') ? 'data' : last, (ends.get(last) ?? 0) + 1)
        // Whoever lived to its end has been told of it.
        if (alive(outcome.world, NAMES[side]) && log.length > 0 && !last.startsWith('lost')) {
          throw new Error(`seed ${seed}: side ${side} was not told of the end: ${log.join(', ')}`)
        }
      }
      expect([...outcome.world.network.connections], `seed ${seed}`).toEqual([])
    }
    // The programs do reach all the ways in which a connection can end.
    for (const end of ['lost ConnectionDone', 'lost ConnectionLost', 'lost ConnectionAborted']) {
      expect(ends.get(end) ?? 0, end).toBeGreaterThan(50)
    }
  }, 120_000)

  it('in 200 random programs over UNIX sockets', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const program = makeProgram(seed, 20, false)
      const outcome = play(program, seed, true)
      finish(outcome)
      expect(broken(outcome.parties), `seed ${seed}`).toBe('')
      expect([...outcome.world.network.connections], `seed ${seed}`).toEqual([])
    }
  })

  it('and does the same for the same seed, to the last event', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const [one, two] = [1, 2].map(() => {
        const outcome = play(makeProgram(seed, 25, true), seed, false)
        finish(outcome)
        return [outcome.world.checks.lines, outcome.world.count, outcome.parties.map(({ log }) => log)]
      })
      expect(one).toEqual(two)
    }
  })
})
