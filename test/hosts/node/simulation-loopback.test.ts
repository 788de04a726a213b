/**
 * The simulated network and the real one agree: the same random programs, step by step, on both. What a program sees
 * on real sockets after each step (which callbacks, in which order, with which reasons and how many bytes) is what it
 * saw in the simulation.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createReactor } from '../../../bindings/node/index.js'
import { makeProgram, PartyFactory } from '../../unit/simulation/network-model.js'
import type { Party, Program } from '../../unit/simulation/network-model.js'
import { TestWorld } from '../../unit/simulation/network-world.js'

type Kind = 'tcp' | 'unix'
type Logs = [string[], string[]]

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'whorl-loopback-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function factories({ halves }: Program): [PartyFactory, PartyFactory] {
  return [new PartyFactory(0, halves[0]), new PartyFactory(1, halves[1])]
}

function logsOf(parties: readonly [Party, Party]): Logs {
  return [[...parties[0].log], [...parties[1].log]]
}

/**
 * As far as nobody is reset who has stopped reading. When it reads on, libuv reports what had come before the reset,
 * and then an end in order in place of the reset (uv__stream_io, a short read with POLLHUP). That is the host's, not
 * TCP's: the simulation tells of the reset.
 */
function comparable({ halves, steps }: Program): Program {
  const paused = [false, false]
  const end = steps.findIndex((step) => {
    if (step.do === 'pause' || step.do === 'resume') paused[step.side] = step.do === 'pause'
    return step.do === 'abort' && paused[1 - step.side] === true
  })
  return { halves, steps: end < 0 ? steps : steps.slice(0, end) }
}

/** What both sides have seen after each step. */
function simulate(program: Program, kind: Kind, seed: number): Logs[] {
  const world = new TestWorld(seed)
  const [client, server] = factories(program)
  const [a, b] = [world.reactor('a'), world.reactor('b')]
  if (kind === 'unix') a.listenUNIX('/x', server)
  else b.listenTCP(80, server)
  world.run(1)
  if (kind === 'unix') a.connectUNIX('/x', client)
  else a.connectTCP('b', 80, client)
  const parties: [Party, Party] = [client.party, server.party]
  world.run(50)
  return [logsOf(parties), ...program.steps.map((step) => {
    parties[step.side].perform(step)
    world.run(world.now + 50)
    return logsOf(parties)
  })]
}

/** The same on real sockets; waits after each step until both sides have seen what is expected of it, and no longer. */
async function live(program: Program, kind: Kind, path: string, wanted: readonly Logs[]): Promise<Logs[]> {
  const reactor = createReactor()
  const [client, server] = factories(program)
  const parties: [Party, Party] = [client.party, server.party]
  const seen: Logs[] = []
  const port = kind === 'unix' ? reactor.listenUNIX(path, server)
    : reactor.listenTCP(0, server, { interface: '127.0.0.1' })
  try {
    await port.ready
    const { port: number } = port.getHost() as { port: number }
    if (kind === 'unix') reactor.connectUNIX(path, client)
    else reactor.connectTCP('127.0.0.1', number, client)
    for (let i = 0; i < wanted.length; i++) {
      if (i > 0) parties[program.steps[i - 1]!.side].perform(program.steps[i - 1]!)
      await settled(parties, wanted[i]!)
      seen.push(logsOf(parties))
      if (JSON.stringify(seen[i]) !== JSON.stringify(wanted[i])) break
    }
  } finally {
    for (const { transport } of parties) (transport as { abortConnection(): void } | null)?.abortConnection()
    await port.stopListening()
  }
  return seen
}

async function settled(parties: readonly [Party, Party], wanted: Logs): Promise<void> {
  const text = JSON.stringify(wanted)
  for (let waits = 0; waits < 300 && JSON.stringify(logsOf(parties)) !== text; waits++) await sleep(waits < 20 ? 1 : 10)
  // What is not expected would come now.
  await sleep(2)
}

describe('the simulated network and loopback', () => {
  for (const [kind, programs] of [['tcp', 80], ['unix', 40]] as const) {
    it(`agree on what ${kind === 'tcp' ? 'TCP' : 'UNIX sockets'} let programs see`, async () => {
      for (let seed = 1; seed <= programs; seed++) {
        const program = comparable(makeProgram(seed, 10, false))
        const wanted = simulate(program, kind, seed)
        let seen = await live(program, kind, join(folder, `${seed}.sock`), wanted)
        // A machine that stands still for seconds is no disagreement; a real one happens each time.
        for (let again = 0; again < 2 && JSON.stringify(seen) !== JSON.stringify(wanted); again++) {
          seen = await live(program, kind, join(folder, `${seed}-${again}.sock`), wanted)
        }
        const where = `seed ${seed}: ${JSON.stringify(program)}`
        expect(seen[seen.length - 1], where).toEqual(wanted[seen.length - 1])
        expect(seen.length, where).toBe(wanted.length)
      }
    }, 120_000)
  }
})
