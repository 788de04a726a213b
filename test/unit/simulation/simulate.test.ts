import { describe, expect, it } from 'vitest'
import { SimulationFailure } from '../../../src/errors/index.js'
import type { AmbientAccessError } from '../../../src/errors/index.js'
import { AmbientAccessError as Ambient } from '../../../src/errors/index.js'
import type { GuardPort } from '../../../src/testing/simulate/guard-port.js'
import { recipeText, repeatLine } from '../../../src/testing/simulate/recipe.js'
import type { Scenario } from '../../../src/testing/simulate/recipe.js'
import { shapeOf } from '../../../src/testing/simulate/run.js'
import { repeat, simulate } from '../../../src/testing/simulate/simulate.js'
import type { SimulateProgress } from '../../../src/testing/simulate/simulate.js'
import { fakeOf, fakes, unhandled } from './fakes.js'

/** Fails under every seed from `seed` on when a crash happens, at the first of them. */
function failsWhenCrashed(seed: number): Scenario {
  return function whenCrashed(simulation) {
    const fake = fakeOf(simulation)
    const crash = fake.faults.find((fault) => fault.kind === 'crash')
    fake.now = fake.until
    if (Number(fake.seed) < seed || crash === undefined || crash.at > fake.until || fake.hosts < 2) return
    fake.now = crash.at
    throw new TypeError(`lost ${fake.faults.length} things`)
  }
}

async function failureOf(promise: Promise<unknown>): Promise<SimulationFailure> {
  const error = await promise.then(() => undefined, (reason: unknown) => reason)
  expect(error).toBeInstanceOf(SimulationFailure)
  return error as SimulationFailure
}

describe('simulate', () => {
  it('runs every seed once, in order, and closes what it ran on', async () => {
    const { options, made, optionsOf } = fakes()
    const report = await simulate(5, (simulation) => { fakeOf(simulation).now = 10 }, options)
    expect(report).toEqual({ seeds: 5, virtualMs: 50 })
    expect(made.map((one) => one.seed)).toEqual([0, 1, 2, 3, 4])
    expect(made.every((one) => one.isClosed)).toBe(true)
    expect(optionsOf[0]).toMatchObject({ trace: 'digest', until: 60_000, faults: [] })
  })

  it('takes any seeds, and hands on options', async () => {
    const { options, made, optionsOf } = fakes()
    await simulate(['a', 7], async () => undefined, { ...options, latency: 3, hosts: 9, until: 500 })
    expect(made.map((one) => one.seed)).toEqual(['a', 7])
    expect(optionsOf[1]).toMatchObject({ latency: 3, hosts: 9, until: 500 })
    expect(Object.keys(optionsOf[1]!)).not.toContain('simulation')
    await expect(simulate(-1, () => undefined, options)).rejects.toThrow(RangeError)
  })

  it('stops at the first failure, made smaller, with one line that repeats it', async () => {
    const { options, made } = fakes()
    const all = { ...options, faults: { every: 1_000, quiet: 5_000 }, hosts: 8 }
    const scenario = failsWhenCrashed(4)
    const failure = await failureOf(simulate(100, scenario, all))
    expect(failure.seed).toBe(4)
    expect(failure.cause).toBeInstanceOf(TypeError)
    expect(failure.faults).toHaveLength(1)
    expect(failure.faults[0]!.kind).toBe('crash')
    const { index, at, for: lasts } = failure.faults[0]!
    expect(failure.recipe).toEqual({ seed: 4, hosts: 2, until: Math.ceil(at + lasts + 5_000), faults: [index] })
    expect(failure.message.split('\n').at(-1))
      .toBe(`await repeat(whenCrashed, ${recipeText(failure.recipe)}, options)`)
    expect(failure.message).toContain(`${index}: crash at ${at} ms`)
    expect(new TextDecoder().decode(failure.trace)).toBe('trace of 4')
    expect(made.every((one) => one.isClosed)).toBe(true)
    expect(made.filter((one) => Number(one.seed) > 4)).toEqual([])

    const again = await failureOf(repeat(scenario, failure.recipe, all))
    expect(again.cause).toEqual(failure.cause)
    expect(again.digest).toBe(failure.digest)
    expect(again.message.split('\n').at(-1)).toBe(failure.message.split('\n').at(-1))
  })

  it('with shrink: 0 leaves the recipe as large as it is', async () => {
    const { options, made } = fakes()
    const all = { ...options, faults: { every: 1_000 }, shrink: 0 }
    const failure = await failureOf(simulate(1, failsWhenCrashed(0), all))
    expect(failure.recipe).toEqual({ seed: 0 })
    expect(failure.faults.length).toBeGreaterThan(20)
    expect(made).toHaveLength(2)
  })

  it('says so when a run does not repeat', async () => {
    const { options } = fakes()
    let runs = 0
    const failure = await failureOf(simulate(3, (simulation) => {
      fakeOf(simulation).did = `run ${runs++}`
      throw new Error('sometimes')
    }, options))
    expect(failure.message).toContain('A second run with the same seed went another way')
    expect(failure.message.split('\n').at(-1)).toBe('await repeat(scenario, { seed: 0 })')
  })

  it('fails with what was thrown, whatever it is', async () => {
    const { options } = fakes()
    const failure = await failureOf(simulate(1, () => { throw 'a string' }, options))
    expect((failure.cause as Error).name).toBe('ThrownValueError')
    const later = await failureOf(simulate(1, () => Promise.reject(new RangeError('late')), options))
    expect(later.cause).toBeInstanceOf(RangeError)
  })

  it('fails when a Deferred\'s failure was left unhandled, unless told otherwise', async () => {
    const { options } = fakes()
    const scenario: Scenario = (simulation) => void fakeOf(simulation).unhandled.push(unhandled(new Error('left')))
    const failure = await failureOf(simulate(1, scenario, options))
    expect((failure.cause as Error).message).toBe('left')
    await expect(simulate(1, scenario, { ...options, unhandled: false })).resolves.toMatchObject({ seeds: 1 })
  })

  it('guards what a scenario does before its first run, and fails although it was swallowed', async () => {
    const { options } = fakes()
    const log: string[] = []
    let caught: ((error: AmbientAccessError) => void) | undefined
    const guard: GuardPort = {
      begin: (who, allow, tell) => {
        log.push(`begin ${who()} ${allow.join()}`)
        caught = tell
      },
      end: () => void log.push('end'),
    }
    const failure = await failureOf(simulate(1, async () => {
      log.push('scenario')
      caught!(new Ambient('no'))
      await Promise.resolve()
      log.push('on')
    }, { ...options, guard, allow: ['x'], shrink: 0 }))
    expect(failure.cause).toBeInstanceOf(Ambient)
    expect(log.slice(0, 4)).toEqual(['begin  x', 'scenario', 'end', 'on'])
  })

  it('tells how far it is, and lets others run in between', async () => {
    const { options } = fakes()
    const seen: SimulateProgress[] = []
    let pauses = 0
    const pause = async (): Promise<void> => { pauses += 1 }
    const progress = (one: SimulateProgress): void => void seen.push(one)
    await simulate(new Set([4, 5]), () => undefined, { ...options, progress, pause })
    expect(seen).toEqual([{ done: 1, total: 2, shrinking: 0 }, { done: 2, total: 2, shrinking: 0 }])
    expect(pauses).toBe(2)
    seen.length = 0
    await failureOf(simulate((function* () { yield 1 })(), () => { throw new Error('x') }, { ...options, progress }))
    expect(seen[0]).toEqual({ done: 1, total: null, shrinking: 0 })
    expect(seen.at(-1)!.shrinking).toBeGreaterThan(0)
  })

  it('does not look for a smaller recipe of a scenario that would keep it waiting again', async () => {
    const { options, made } = fakes()
    const patience = (playing: PromiseLike<unknown>): PromiseLike<unknown> =>
      Promise.race([playing, Promise.resolve().then(() => { throw new Error('stalled') })])
    const failure = await failureOf(simulate(9, ({ seed }) => seed === 2 ? new Promise(() => undefined) : undefined,
      { ...options, patience }))
    expect(failure.recipe).toEqual({ seed: 2 })
    expect((failure.cause as Error).message).toBe('stalled')
    expect(made).toHaveLength(3)
  })

  it('takes a scenario from a module', async () => {
    const { options, made } = fakes()
    const source = 'export const options = { until: 77 }; export const scenario = () => { throw new Error("planted") }'
    const url = new URL(`data:text/javascript,${encodeURIComponent(source)}`)
    const failure = await failureOf(simulate(1, url, options))
    expect(made[0]!.until).toBe(77)
    expect(failure.message.split('\n').at(-1))
      .toBe(`await (await import('whorl/testing')).repeat(new URL(${JSON.stringify(url.href)}), { seed: 0, until: 1 })`)
    const empty = new URL('data:text/javascript,export const a = 1')
    await expect(simulate(1, empty, options)).rejects.toThrow(/exports no function/)
  })
})

describe('repeat', () => {
  it('gives the simulation of a run that is well', async () => {
    const { options, optionsOf } = fakes()
    const simulation = await repeat(() => undefined, { seed: 3, hosts: 2, until: 99, faults: [1] },
      { ...options, faults: { every: 1_000 } })
    expect(optionsOf[0]).toMatchObject({ seed: 3, hosts: 2, until: 99, trace: 'full' })
    expect(optionsOf[0]!.faults!.map((fault) => fault.index)).toEqual([1])
    expect(fakeOf(simulation).isClosed).toBe(false)
  })

  it('refuses a fault that is not planned', async () => {
    const { options } = fakes()
    await expect(repeat(() => undefined, { seed: 3, faults: [1] }, options)).rejects.toThrow('no fault 1')
  })
})

describe('recipes as code', () => {
  it('say only what they must', () => {
    expect(recipeText({ seed: 1 })).toBe('{ seed: 1 }')
    expect(recipeText({ seed: 'it\'s', hosts: 2, until: 3.5, faults: [1, 2] }))
      .toBe('{ seed: "it\'s", hosts: 2, until: 3.5, faults: [1, 2] }')
    expect(repeatLine(() => undefined, { seed: 1 }, null)).toBe('await repeat(scenario, { seed: 1 })')
  })

  it('of a module need nothing around them, plain options included', () => {
    const url = new URL('file:///some%20where/chat.js')
    const options = { until: 500, latency: [1, 2], faults: { kinds: ['crash'], 'one-way': null }, hosts: undefined }
    expect(repeatLine(url, { seed: 'x' }, options)).toBe("await (await import('whorl/testing'))" +
      '.repeat(new URL("file:///some%20where/chat.js"), { seed: "x" }, { until: 500, latency: [1, 2], ' +
      'faults: { kinds: ["crash"], "one-way": null }, hosts: undefined })')
    expect(repeatLine(url, { seed: 1 }, { make: () => undefined })).toMatch(/, options\)$/)
  })
})

describe('shapeOf', () => {
  it('is one for failures of one kind', () => {
    const one = new TypeError('expected 3 at 0x1f, got 4.5\nHost b waits')
    expect(shapeOf(one)).toBe(shapeOf(new TypeError('expected 17 at 0xff, got 0\nHost c waits')))
    expect(shapeOf(one)).not.toBe(shapeOf(new RangeError(one.message)))
    expect(shapeOf(one)).not.toBe(shapeOf(new TypeError('expected nothing')))
    expect(shapeOf(Object.assign(new Error('a'), { code: 'A' }))).not.toBe(shapeOf(new Error('a')))
  })
})
