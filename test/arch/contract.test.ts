/**
 * The contract suites run inside every host: they import the package's host-neutral subpaths and each other, and use no
 * name that ECMAScript does not define.
 */
import { describe, expect, it } from 'vitest'
import { sourcesBelow } from './files.js'
import { violations } from './rules.js'
import { scan } from './scan.js'

const NEUTRAL = /^whorl(?:\/(?:core|core\/plain|http|websocket|testing|socket))?$/
const WITHIN = /^(?:\.\/|\.\.\/\.\.\/examples\/everywhere\/(?:calls|client)\.js$)/

function below(folder: string): Map<string, string> {
  const [top] = folder.split('/') as [string]
  return new Map([...sourcesBelow(top)].filter(([path]) => path.startsWith(`${folder}/`)))
}

const suites = below('test/contract')

/** Lines on which a method `run` returns nothing because of something, outside of functions within it. */
function earlyEnds(source: string): number[] {
  const { code } = scan(source)
  const found: number[] = []
  for (const { index, 0: head } of code.matchAll(/\brun\((?:[^()]|\([^()]*\))*\)[^{}()]*\{/g)) {
    let depth = 1
    for (let at = index + head.length; at < code.length && depth > 0; at++) {
      if (code[at] === '{') depth += 1
      else if (code[at] === '}') depth -= 1
      else if (depth === 1 && /^if \([^\n]*\) (?:\{\s*)?return\s*[;\n]/.test(code.slice(at, at + 300))) {
        found.push(code.slice(0, at).split('\n').length)
      }
    }
  }
  return found
}

describe('the contract suites', () => {
  it.each([...suites.keys()])('%s imports nothing of a host', (path) => {
    for (const { specifier } of scan(suites.get(path)!).imports) {
      expect(NEUTRAL.test(specifier) || WITHIN.test(specifier), `${path} imports ${specifier}`).toBe(true)
    }
  })

  it('use no ambient name of a host', () => {
    // As if they were in src/, whose rule it is; what it says of imports is not asked here.
    const moved = new Map([...suites, ...below('examples/everywhere')]
      .filter(([path]) => !path.endsWith('server.ts'))
      .map(([path, source]) => [`src/testing/${path}`, source]))
    expect(moved.size).toBeGreaterThan(15)
    expect(violations(moved).filter((one) => one.includes(' uses '))).toEqual([])
  })

  // It would count as passed. What a host lacks is said by `needs`, `traits`, `lacks` and the like.
  it('no case ends early where something is missing', () => {
    const all = [...suites, ...[...below('test/hosts')].filter(([path]) => !path.endsWith('.test.ts'))]
    expect(all.length).toBeGreaterThan(50)
    expect(all.flatMap(([path, source]) => earlyEnds(source).map((line) => `${path}:${line}`))).toEqual([])
    expect(earlyEnds('const c = {\n  async run({ a }: B): Promise<void> {\n    if (a) return\n    f(a)\n  },\n}\n')).toEqual([3])
    expect(earlyEnds('const c = {\n  run() {\n    f(() => {\n      if (a) return\n    })\n  },\n}\n')).toEqual([])
  })

  it('finds one that does', () => {
    const planted = new Map([['src/testing/planted.ts', 'setTimeout(() => undefined, 1)\n']])
    expect(violations(planted).join()).toContain('uses setTimeout')
  })
})
