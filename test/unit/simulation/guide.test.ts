/** docs/guide/simulation.md: every program on the page is of examples/snippets/, and does what the page says. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { drawTrace, repeat, simulate, SimulationFailure, TraceReader } from 'whorl/testing'
import { lives } from '../../../examples/snippets/simulation-by-hand.js'
import { careful, careless, options } from '../../../examples/snippets/simulation-counter.js'
import { ask } from '../../../examples/snippets/simulation-first.js'
import { deadline, heartbeat } from './guide-stories.js'

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
    expect([drawn.length, named.length]).toEqual([2, 7])
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
    // To the last number, as the page shows it.
    expect(page.replaceAll('\n    ', '\n')).toContain(failure!.message.replace('repeat(careless,', 'repeat(scenario,'))
    expect(failure!.message).toMatch(/\nAgain:\nawait repeat\(scenario, \{ seed: \d+, .*\}, options\)$/)
    await expect(repeat(careless, failure!.recipe, options)).rejects.toThrow('10 additions made 11')
    const { seeds } = await simulate(100, careful, { ...options, progress: () => undefined })
    expect(seeds).toBe(100)
  })

  it('shows pictures as `whorl trace --svg --timers` draws them: vitest -u draws them again', async () => {
    const draw = (trace: Uint8Array, limit: number): string =>
      drawTrace(new TraceReader(trace), { timers: true, limit })
    const silent = draw(await heartbeat(false), 500)
    await expect(silent).toMatchFileSnapshot('../../../docs/guide/simulation-heartbeat.svg')
    const { trace } = await deadline(false)
    await expect(draw(trace, 24)).toMatchFileSnapshot('../../../docs/guide/simulation-deadline.svg')
  })

  it('tells the first story as it is: when is asked, and when is given up', async () => {
    const timesOf = async (isMended: boolean): Promise<string[]> => [...new TraceReader(await heartbeat(isMended))]
      .filter((one) => one.time > 1_000 && (one.kind === 'timer' || one.kind === 'ended'))
      .map(({ time, kind }) => `${kind} ${time.toLocaleString('en')}`)
    expect(await timesOf(false)).toEqual(['timer 4,004.5', 'timer 8,004.5', 'timer 10,004.5', 'ended 10,004.5'])
    expect(await timesOf(true)).toEqual(['timer 4,004.5', 'timer 4,006.5', 'timer 6,006.5', 'ended 6,006.5'])
    for (const time of ['4,004.5', '8,004.5', '4,006.5', '6,006.5']) expect(page).toContain(`${time} ms`)
  })

  it('tells the second story as it is: without an end, and in time', async () => {
    const [former, mended] = [await deadline(false), await deadline(true)]
    expect([former.late, String(former.error)]).toEqual([-1, 'Error: more than 200 events at 4000.7 ms'])
    expect([mended.late, mended.error]).toEqual([4_000.7, null])
    expect(page).toContain('4,000.7 ms')
  })
})
