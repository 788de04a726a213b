import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const at = (path: string): URL => new URL(`../../../${path}`, import.meta.url)
const guide = readFileSync(at('docs/guide/switchboard.md'), 'utf8')
const files = readdirSync(at('examples/switchboard/')).filter((name) => name.endsWith('.ts'))
const sources = [...files.map((name) => `examples/switchboard/${name}`), 'examples/echo/main.ts',
  'test/unit/switchboard/chat-limits.test.ts'].map((path) => readFileSync(at(path), 'utf8'))

describe('docs/guide/switchboard.md', () => {
  it('shows code as it is', () => {
    const blocks = [...guide.matchAll(/^```ts\n(.*?)^```$/gms)].map((match) => match[1])
    expect(blocks.length).toBeGreaterThan(5)
    expect(blocks.filter((block) => !sources.some((source) => source.includes(block)))).toEqual([])
  })

  it('names every file of the example', () => {
    const named = [...guide.matchAll(/^\| `([a-z-]+\.ts)` \|/gm)].map((match) => match[1])
    expect(named.sort()).toEqual(files.sort())
  })
})
