/** docs/guide/simulation.md: every program on the page is of examples/snippets/, and does what the page says. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { repeat, simulate, SimulationFailure } from 'whorl/testing'
import { lives } from '../../../examples/snippets/simulation-by-hand.js'
import { careful, careless, options } from '../../../examples/snippets/simulation-counter.js'
import { ask } from '../../../examples/snippets/simulation-first.js'

const folder = new URL('../../../', import.meta.url)
const page = readFileSync(new URL('docs/guide/simulation.md', folder), 'utf8')

describe('the guide to simulation', () => {
  it('shows programs of examples/snippets, and nothing else', () => {
    const snippets = readdirSync(new URL('examples/snippets', folder))
      .filter((name) => name.startsWith('simulation-'))
      .map((name) => readFileSync(new URL(`examples/snippets/${name}`, folder), 'utf8'))
    const shown = [...page.matchAll(/```ts\n([^]*?)```/g)].map((match) => match[1]!)
    expect(shown).toHaveLength(snippets.length)
    for (const text of shown) expect(snippets.filter((snippet) => snippet.includes(text))).toHaveLength(1)
  })

  it('names files that there are', () => {
    const drawn = [...page.matchAll(/\]\(([^)]+\.svg)\)/g)].map((match) => `docs/guide/${match[1]!}`)
    const named = [...page.matchAll(/`(test\/[\w/.-]+\.ts)`/g)].map((match) => match[1]!)
    expect([drawn.length, named.length]).toEqual([2, 4])
    for (const path of [...drawn, ...named]) expect(existsSync(new URL(path, folder)), path).toBe(true)
  })

  it('asks the same question twice, and gets the same run', async () => {
    const [one, again, other] = [await ask(1), await ask(1), await ask(2)]
    expect(one.answer).toBe('HELLO')
    expect(again).toEqual(one)
    expect(other.digest).not.toBe(one.digest)
    expect(one.ms).toBeGreaterThan(40)
  })

  it('counts lives', async () => {
    const heard = await lives()
    expect(heard[0]).toBe('life 1')
    expect(heard.length).toBeGreaterThan(3)
    expect(new Set(heard.slice(1))).toEqual(new Set(['life 2']))
  })

  it('finds the fault that is planted in the counter, and shrinks it', async () => {
    const failure = await simulate(100, careless, { ...options, progress: () => undefined }).then(() => null,
      (error: unknown) => error as SimulationFailure)
    expect(failure).toBeInstanceOf(SimulationFailure)
    expect((failure!.cause as Error).message).toBe('10 additions made 11')
    expect(failure!.recipe.faults!.length).toBeLessThan(6)
    // As the page shows it; which seed it is hangs on every number that is drawn.
    const shape = /^Seed \d+ fails at [\d.]+ ms: Error: 10 additions made 11$/m
    expect([shape.test(failure!.message), shape.test(page.replaceAll('\n    ', '\n'))]).toEqual([true, true])
    expect(failure!.message).toMatch(/\nAgain:\nawait repeat\(scenario, \{ seed: \d+, .*\}, options\)$/)
    await expect(repeat(careless, failure!.recipe, options)).rejects.toThrow('10 additions made 11')
    const { seeds } = await simulate(100, careful, { ...options, progress: () => undefined })
    expect(seeds).toBe(100)
  })
})
