/**
 * Random walks over hosts and network faults: whatever is done to hosts and the links between them, and in which order,
 * what is promised of both is kept; and once nothing is wrong any more, everything works.
 */
import { describe, expect, it } from 'vitest'
import type { Connection, Machine } from './hosts-model.js'
import { ASKED, HostsWorld, LATENCY, STEADY } from './hosts-world.js'
import type { Side } from './network-model.js'

const SEEDS = 40
const STEPS = 70
const PORTS = [80, 80, 80, 81] as const
/** ms after which keep-alive gives up, from its first question on: nine of them, 75 s apart. */
const GIVEN_UP = 9 * 75_000

type Deed = (world: HostsWorld, a: Machine, b: Machine) => unknown

/** What has to be seen, and how often, in all walks together. */
const LEAST = Object.entries({
  connected: 100, refused: 3, timeout: 10, data: 1_000, 'lost ConnectionDone': 100, 'lost ConnectionLost': 20,
  'lost ConnectionAborted': 3, 'read lost': 3, 'keep-alive': 3, 'half open': 2, datagram: 200, multicast: 200, call: 40,
  lookup: 200, 'lookup of nobody': 3, crash: 30, restart: 30,
})

const LOCAL = ['write', 'write', 'write', 'pause', 'resume', 'resume', 'half', 'close', 'abort'] as const

/** Does something to a connection, if there is one. */
function touch(world: HostsWorld, act: (connection: Connection, side: Side) => void): void {
  const living = world.connections.filter((one) => one.isAlive(0) || one.isAlive(1))
  if (living.length > 0) act(living[world.numbers.below(living.length)]!, world.numbers.below(2) as Side)
}

function use(world: HostsWorld): void {
  const { numbers } = world
  touch(world, (connection, side) => {
    const what = LOCAL[numbers.below(LOCAL.length)]!
    const bytes = 1 + Math.floor(numbers.float() ** 3 * 9_000)
    if (what === 'write') return world.perform(connection, { do: what, side, bytes })
    // Ends are seldom, so that something happens before them.
    const isEnd = what === 'half' || what === 'close' || what === 'abort'
    if (!isEnd || numbers.chance(0.4)) world.perform(connection, { do: what, side })
  })
}

function connect(world: HostsWorld, a: Machine, b: Machine): Connection | null {
  const { numbers } = world
  // Where somebody listens at both, both are asked for.
  const port = b.stop81 !== null && numbers.chance(0.5) ? 81 : PORTS[numbers.below(PORTS.length)]!
  return world.connect(a, b, port, [numbers.chance(0.5), numbers.chance(0.5)])
}

async function probe(world: HostsWorld, a: Machine, b: Machine): Promise<void> {
  const connection = connect(world, a, b)
  if (connection === null) return
  const expected = world.expected(a, b, connection.port)
  await world.calm(40_000)
  world.compare(connection, expected)
}

function send(world: HostsWorld, a: Machine, b: Machine): void {
  const { numbers } = world
  for (let i = numbers.below(4); i >= 0; i--) world.send(a, b, numbers.below(1_200))
}

/** Some do everything that they can at the instant before. */
function crash(world: HostsWorld, a: Machine, b: Machine): void {
  const { numbers } = world
  if (numbers.chance(0.5)) {
    world.resolve(a, b)
    world.send(a, b, 10)
    world.later(a, numbers.float())
    connect(world, a, b)
    for (const one of world.connections) {
      if (one.touches(a)) world.perform(one, { do: 'write', side: one.from === a ? 0 : 1, bytes: 100 })
    }
  }
  world.crash(a)
  if (numbers.chance(0.2)) world.restart(a)
}

/** Some while something is on its way. */
function partition(world: HostsWorld, a: Machine, b: Machine): void {
  const { numbers } = world
  if (numbers.chance(0.5)) send(world, a, b)
  world.partition([a], numbers.chance(0.3) ? world.machines : [b], numbers.chance(0.4))
}

function shape(world: HostsWorld, a: Machine, b: Machine): void {
  const { numbers } = world
  const latency = ([[5, 60], LATENCY, STEADY, STEADY] as const)[numbers.below(4)]!
  const some = (often: number, part: number): number => numbers.chance(often) ? part : 0
  world.shape(a, b, { loss: some(0.3, 0.3), duplicate: some(0.4, 0.5), latency, reorder: some(0.4, 0.3) })
}

/** Mostly where that does something. */
function mend(world: HostsWorld, a: Machine, b: Machine): void {
  const { numbers } = world
  const what = (['heal', 'heal', 'release', 'release', 'healAll'] as const)[numbers.below(5)]!
  const bad = world.pairs().filter(([from, to]) => world.way(from, to).isTroubled)
  const [from, to] = bad[numbers.below(bad.length + 1)] ?? [a, b]
  world.mend(what, from, to)
}

/** What may happen, and how often. */
const DEEDS: readonly (readonly [number, Deed])[] = [
  [8, connect],
  [14, use],
  [4, probe],
  [4, (world) => world.calm()],
  [8, send],
  [4, (world, a) => world.send(a, null, world.numbers.below(300))],
  [4, (world, a) => world.join(a)],
  [3, crash],
  [3, (world, a) => (a.life === null || world.numbers.chance(0.2)) && world.restart(a)],
  [3, (world, a) => world.keep(a, `key ${world.numbers.below(3)}`,
    world.numbers.chance(0.3) ? null : String(world.now))],
  [3, (world, a) => world.later(a, world.numbers.float() * 3_000)],
  [2, (world, a) => world.skew(a, world.numbers.between(-5_000, 5_000), world.numbers.between(-200_000, 200_000))],
  [3, (world, a, b) => world.resolve(a, world.numbers.chance(0.2) ? null : b)],
  [4, (world, a) => world.listen81(a)],
  [3, (world, a) => world.rule(a, world.numbers.chance(0.5) ? 'refuse' : 'blackHole',
    world.numbers.chance(0.5) ? null : 80, world.numbers.chance(0.4))],
  [3, (world, a, b) => world.hold(a, b)],
  [3, partition],
  [6, mend],
  [1, (world, a, b) => world.reset(a, b)],
  [3, shape],
  [4, (world) => touch(world, (connection, side) => world.keepAlive(connection, side))],
]

const WEIGHT = DEEDS.reduce((sum, [weight]) => sum + weight, 0)

async function step(world: HostsWorld): Promise<void> {
  const { machines, numbers } = world
  let at = numbers.below(WEIGHT)
  const [, deed] = DEEDS.find(([weight]) => (at -= weight) < 0)!
  // Much happens between the same two, so that it meets.
  const [a, b] = numbers.chance(0.4) ? [0, 1] : [numbers.below(machines.length), numbers.below(machines.length)]
  await deed(world, machines[a]!, machines[b]!)
  if (numbers.chance(0.8)) await world.run(numbers.chance(0.6) ? numbers.float() * 3 : numbers.float() * 1_500)
}

function mendAll(world: HostsWorld): void {
  const [one, two] = world.machines as [Machine, Machine]
  world.mend('healAll', one, two)
  for (const machine of world.machines) {
    for (const port of [80, null]) {
      for (const what of ['refuse', 'blackHole'] as const) world.rule(machine, what, port, false)
    }
  }
  for (const [from, to] of world.pairs()) world.shape(from, to, { loss: 0, duplicate: 0, latency: LATENCY, reorder: 0 })
  for (const connection of world.connections) {
    for (const side of [0, 1] as const) world.perform(connection, { do: 'resume', side })
  }
}

/** One host is gone, perhaps back at once: who asks for it finds out, in time, and nobody else hears of it. */
async function vanish(world: HostsWorld, gone: Machine, isBack: boolean): Promise<void> {
  if (gone.life === null) world.restart(gone)
  const made = world.machines.filter((one) => one !== gone && one.life !== null)
    .map((one) => world.connect(gone, one, 80, [false, false])!)
  await world.calm()
  for (const one of made) for (const side of [0, 1] as const) world.perform(one, { do: 'write', side, bytes: 5_000 })
  // In this time everybody has asked again for what was lost.
  await world.calm(130_000)
  made.forEach((one, i) => i % 2 === 0 && world.keepAlive(one, 1))
  const ours = world.connections.filter((one) => one.touches(gone) && one.isMade)
  // Of these everything has come, so nobody waits for an answer.
  const whole = new Set(ours.filter((one) => one.isBetweenTwo))
  world.crash(gone)
  if (isBack) world.restart(gone)
  const alone = ours.flatMap((connection) => ([0, 1] as const).map((side) => ({ connection, side })))
    .filter(({ connection, side }) => connection.knowsNothing(side))
    .filter(({ connection, side }) => connection.keepAlive[side] || whole.has(connection))
  await world.run(isBack ? ASKED - 1 : ASKED + GIVEN_UP - 1)
  for (const { connection, side } of alone) {
    if (!connection.isAlive(side) && whole.has(connection)) world.problem(`told too early: ${connection}`)
  }
  // Who is back answers the first question.
  await world.run(isBack ? 20 : 2)
  for (const { connection, side } of alone) {
    const isTold = !connection.isAlive(side)
    if (isTold !== connection.keepAlive[side]) world.problem(`${isTold ? '' : 'not '}told: ${connection}`)
    world.count(isTold ? 'keep-alive' : 'half open')
  }
}

/** Nothing is wrong any more: what was written comes, whoever is alone learns it, and all is as on the first day. */
async function finish(world: HostsWorld, isOneGone: boolean, isBack: boolean): Promise<void> {
  const { machines, connections, sim } = world
  mendAll(world)
  if (isOneGone) await vanish(world, machines[world.numbers.below(machines.length)]!, isBack)
  for (const machine of machines) if (machine.life === null) world.restart(machine)
  // Long enough for keep-alive to give up whom it should not.
  await world.calm(ASKED + GIVEN_UP + 100_000)
  for (const one of connections) {
    const [client, server] = one.parties
    for (const side of [0, 1] as const) {
      const [reader, writer] = [one.parties[side], one.parties[1 - side]!]
      if (one.isBetweenTwo && !reader.closedByUs && reader.got !== writer.written) {
        world.problem(`not all has come: ${one}: ${client.written} ${server.written}`)
      }
    }
  }
  for (let i = 0; i < 3; i++) {
    for (const one of connections) {
      for (const side of [0, 1] as const) world.perform(one, { do: 'write', side, bytes: 1 })
    }
    await world.calm()
  }
  for (const one of connections) {
    for (const side of [0, 1]) {
      // Who can write no more finds out by keep-alive only.
      const asks = one.parties[side]!.closedByUs === false || one.keepAlive[side]
      if (one.isAlive(side) && !one.isAlive(1 - side) && asks) world.problem(`one side is alone: ${one}`)
    }
  }
  const last: Connection[] = []
  for (const [a, b] of world.pairs()) {
    if (!b.isMember) world.join(b)
    world.resolve(a, b)
    world.send(a, b, 100)
    last.push(world.connect(a, b, 80, [false, false])!)
  }
  await world.calm()
  for (const machine of machines) world.send(machine, null, 50)
  for (const one of last) for (const side of [0, 1] as const) world.perform(one, { do: 'write', side, bytes: 500 })
  await world.calm()
  for (const one of last) world.compare(one, 'connected')
  for (const one of connections) for (const side of [0, 1] as const) world.perform(one, { do: 'close', side })
  await world.calm(3_600_000)
  expect([...sim.network.connections]).toEqual([])
  expect(sim.unhandled.map(({ value }) => String(value))).toEqual([])
  expect(sim.log.filter(({ level }) => level === 'critical' || level === 'error')).toEqual([])
}

async function walk(seed: number): Promise<HostsWorld> {
  const world = new HostsWorld(seed, 3)
  try {
    for (let i = 0; i < STEPS; i++) await step(world)
    await finish(world, seed % 2 === 0, seed % 4 === 0)
  } catch (error) {
    throw new Error(`seed ${seed}: ${String(error)}`, { cause: error })
  }
  return world
}

describe('hosts and the network between them', () => {
  it('keep what is promised of them, whatever is done to them', async () => {
    const seen = new Map<string, number>()
    for (let seed = 1; seed <= SEEDS; seed++) {
      const world = await walk(seed)
      world.sim.close()
      for (const [what, times] of world.seen) seen.set(what, (seen.get(what) ?? 0) + times)
    }
    // The walks do come to all of that.
    for (const [what, least] of LEAST) expect(seen.get(what) ?? 0, what).toBeGreaterThanOrEqual(least)
  })

  it('do the same for the same seed', async () => {
    const digests: string[] = []
    for (const seed of [1, 2, 1, 2]) {
      const world = await walk(seed)
      digests.push(world.sim.digest())
      world.sim.close()
    }
    expect(digests.slice(2)).toEqual(digests.slice(0, 2))
    expect(new Set(digests).size).toBe(2)
  })
})
