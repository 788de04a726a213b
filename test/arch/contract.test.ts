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

  it('finds one that does', () => {
    const planted = new Map([['src/testing/planted.ts', 'setTimeout(() => undefined, 1)\n']])
    expect(violations(planted).join()).toContain('uses setTimeout')
  })
})
