/**
 * Seeds in worker threads: of the built package, with scenarios that are modules given as text.
 */
import { describe, expect, it } from 'vitest'
import { barText, breather, patience, SimulateBar } from '../../../bindings/node/simulate-bar.js'
import { simulateInWorkers } from '../../../bindings/node/simulate-workers.js'
import type { WorkersOptions } from '../../../bindings/node/simulate-workers.js'
import { simulate } from '../../../bindings/node/testing.js'
import { SimulationFailure } from '../../../src/errors/index.js'
import type { SimulateProgress } from '../../../src/testing/simulate/index.js'

const TESTING = new URL('../../../dist/testing.node.js', import.meta.url).href

const moduleOf = (source: string): URL => new URL(`data:text/javascript,${encodeURIComponent(source)}`)

function run(seeds: number | Iterable<number | string>, source: string, options: WorkersOptions = {}) {
  return simulateInWorkers(TESTING, seeds, moduleOf(source), 2, options)
}

async function failureOf(promise: Promise<unknown>): Promise<SimulationFailure> {
  const error = await promise.then(() => undefined, (reason: unknown) => reason)
  expect(error).toBeInstanceOf(SimulationFailure)
  return error as SimulationFailure
}

/** Two hosts of which one speaks to the other; ends at about 100 virtual ms. */
const CALM = `export async function scenario(simulation) {
  simulation.at(100, () => undefined)
  await simulation.run()
}`

describe('simulateInWorkers', () => {
  it('runs every seed once', async () => {
    const seen: SimulateProgress[] = []
    const report = await run(300, CALM, { progress: (progress) => void seen.push(progress) })
    expect(report.seeds).toBe(300)
    expect(report.virtualMs).toBeGreaterThanOrEqual(300 * 100)
    expect(seen.at(-1)).toEqual({ done: 300, total: 300, shrinking: 0 })
  })

  it('reports the earliest seed that fails, made smaller, however fast others are', async () => {
    const source = `
      export const options = { until: 10_000, hosts: 5, faults: { every: 500 } }
      export async function scenario(simulation) {
        // The first one that fails is slow to find.
        if (simulation.seed === 3) for (let k = 0; k < 3e7; k++) Math.sqrt(k)
        const isBad = [3, 9, 40].includes(simulation.seed)
        simulation.at(5_000, () => {
          if (isBad) throw Object.assign(new RangeError('lost 3 of 5'), { code: 'ERR_LOST' })
        })
        await simulation.run()
      }`
    const failure = await failureOf(run(64, source))
    expect(failure.seed).toBe(3)
    expect(failure.recipe).toEqual({ seed: 3, hosts: 1, until: 5_001, faults: [] })
    expect(failure.cause).toBeInstanceOf(RangeError)
    expect(failure.cause).toMatchObject({ message: 'lost 3 of 5', code: 'ERR_LOST' })
    expect(failure.trace.length).toBeGreaterThan(0)
    expect(failure.digest).toMatch(/^[\da-f]+$/)
    expect(failure.message).toContain('Without any of its')
    const line = failure.message.split('\n').at(-1)!
    expect(line).toBe("await (await import('whorl/testing')).repeat(new URL(" +
      `${JSON.stringify(moduleOf(source).href)}), { seed: 3, hosts: 1, until: 5001, faults: [] })`)
  })

  it('takes seeds that are words, from anything that can be iterated', async () => {
    const failure = await failureOf(run(['a', 'b', 'c'], `export const scenario = (simulation) => {
      if (simulation.seed === 'b') throw new Error('b it is')
    }`, { shrink: 0 }))
    expect(failure.seed).toBe('b')
  })

  it('guards in its threads', async () => {
    const failure = await failureOf(run(2, `export async function scenario(simulation) {
      simulation.at(1, () => { try { Date.now() } catch {} })
      await simulation.run()
    }`))
    expect(failure.cause).toMatchObject({ code: 'ERR_SIMULATION_AMBIENT', access: 'Date.now' })
  })

  it('ends a seed that has no end, and names it; earlier ones were run', async () => {
    const source = `export async function scenario(simulation) {
      simulation.at(5, () => { while (simulation.seed === 21) Math.sqrt(2) })
      await simulation.run()
    }`
    const seen: SimulateProgress[] = []
    const failure = await failureOf(run(22, source, {
      seedTimeout: 1_500, until: 50, progress: (progress) => void seen.push(progress),
    }))
    expect([failure.seed, failure.recipe]).toEqual([21, { seed: 21 }])
    expect(failure.cause).toMatchObject({ code: 'ERR_SIMULATION' })
    expect(failure.message).toMatch(/^Seed 21 fails: SimulationError: It has not ended after 1500 ms of real time/)
    expect(failure.message.split('\n').at(-1)).toBe("await (await import('whorl/testing')).repeat(new URL(" +
      `${JSON.stringify(moduleOf(source).href)}), { seed: 21 }, { until: 50 })`)
    expect(seen.at(-1)).toEqual({ done: 22, total: 22, shrinking: 0 })
  })

  it('gives the failure as it was found when a smaller recipe has no end', async () => {
    const source = `
      export const options = { until: 10_000, faults: { every: 500 } }
      let runs = 0
      export async function scenario(simulation) {
        if (++runs > 4) for (;;) Math.sqrt(2)
        await simulation.run(100)
        throw new Error('lost')
      }`
    const failure = await failureOf(run(1, source, { seedTimeout: 1_500 }))
    expect(failure.recipe).toEqual({ seed: 0 })
    expect(failure.cause).toMatchObject({ message: 'lost' })
  })

  it('takes no time that is none', async () => {
    await expect(simulate(1, moduleOf(CALM), { seedTimeout: 0 })).rejects.toThrow('seedTimeout: above 0 ms, not 0')
    expect(await simulate(1, moduleOf(CALM), { seedTimeout: Infinity, workers: 0 })).toMatchObject({ seeds: 1 })
  })

  it('says under which seed a scenario waits for what is not simulated', async () => {
    const waits = 'export const scenario = ({ seed }) => seed === 5 ? new Promise(() => undefined) : undefined'
    await expect(run(6, waits)).rejects.toThrow(/waits for something that is not simulated, under seed 5/)
  })

  it('says under which seed a thread ended, whatever ended it', async () => {
    const at5 = (what: string): string => `const later = setImmediate
      export const scenario = ({ seed }) => seed === 5 ? ${what} : undefined`
    const error = await run(48, at5('new Promise(() => later(() => { throw new RangeError("planted") }))'))
      .catch((reason: unknown) => reason as Error)
    expect(error).toMatchObject({
      code: 'ERR_SIMULATION', message: 'A thread ended under seed 5: planted', cause: { name: 'RangeError' },
    })
    await expect(run(48, at5('process.exit()'))).rejects.toThrow(/under seed 5/)
  })

  it('a rejection that nobody awaits is not lost with its thread', async () => {
    const source = `export const scenario = ({ seed }) => {
      if (seed === 1) void Promise.reject(new RangeError('nobody waits'))
    }`
    await expect(run(2, source)).rejects.toThrow(/^A thread ended under (?:one of the )?seeds? .*: nobody waits$/)
  })

  it('the line of a failure runs by itself, with the options that were given', async () => {
    const source = `export async function scenario(simulation) {
      simulation.at(7, () => { throw new Error('until ' + (simulation.latency ?? simulation.until > 400)) })
      await simulation.run()
    }`
    const failure = await failureOf(run(2, source, { until: 500, latency: [1, 2], shrink: 0 }))
    const line = failure.message.split('\n').at(-1)!.replace("'whorl/testing'", JSON.stringify(TESTING))
    const program = new URL(`data:text/javascript,${encodeURIComponent(line)}`)
    const again = await import(program.href).then(() => undefined, (reason: unknown) => reason as SimulationFailure)
    expect(again!.digest).toBe(failure.digest)
    expect(again!.message).toBe(failure.message)
  })

  it('fails with what keeps a scenario from being run at all', async () => {
    await expect(run(2, 'export const other = 1')).rejects.toThrow(/exports no function/)
    await expect(run(2, 'import "./nowhere.js"')).rejects.toThrow(Error)
    await expect(run(2, CALM, { latency: () => 1 })).rejects.toThrow(/could not be cloned/)
    await expect(run(2, `const later = setImmediate
      export const scenario = () => new Promise(() => later(() => { throw new RangeError('planted') }))`))
      .rejects.toThrow('planted')
  })
})

describe('the bar', () => {
  it('says how far it is', () => {
    expect(barText({ done: 0, total: 0, shrinking: 0 }, 0)).toBe(`[${'#'.repeat(30)}] 0 of 0 seeds`)
    expect(barText({ done: 250, total: 1_000, shrinking: 0 }, 5_000))
      .toBe(`[${'#'.repeat(7)}${' '.repeat(23)}] 250 of 1000 seeds, 50/s, 15 s to go`)
    expect(barText({ done: 7, total: null, shrinking: 0 }, 2_000)).toBe('7 seeds, 3.5/s')
    expect(barText({ done: 3, total: 6, shrinking: 12 }, 2_000)).toContain('one fails, made smaller: run 12')
  })

  it('draws nothing where there is no terminal', () => {
    const { isTTY } = process.stderr
    const written: string[] = []
    const { write } = process.stderr
    process.stderr.write = ((text: string) => written.push(text) > 0) as typeof write
    process.stderr.isTTY = false
    try {
      const bar = new SimulateBar()
      for (let done = 0; done < 1_000; done++) bar.show({ done, total: 1_000, shrinking: 0 })
      bar.clear()
    } finally {
      process.stderr.write = write
      process.stderr.isTTY = isTTY
    }
    expect(written).toEqual([])
  })

  it('lets Node work when it has waited long enough', async () => {
    const pause = breather()
    expect(pause()).toBeUndefined()
    let hasRun = false
    setImmediate(() => { hasRun = true })
    let waiting: Promise<void> | undefined
    while ((waiting = pause()) === undefined) continue
    await waiting
    expect(hasRun).toBe(true)
  })
})

describe('patience', () => {
  it('hands on what came of a scenario', async () => {
    await expect(patience(Promise.resolve(5), 60_000)).resolves.toBe(5)
    await expect(patience(Promise.reject(new RangeError('x')), 60_000)).rejects.toThrow(RangeError)
  })

  it('is not endless', async () => {
    await expect(patience(new Promise(() => undefined), 1)).rejects.toThrow(/waits for something that is not simulated/)
  })
})
