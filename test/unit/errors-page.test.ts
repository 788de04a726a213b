/**
 * docs/errors.md and the code agree: every error class has one row, with its code and whose fault it is as a rule; and
 * codes have one form and are used once.
 */
import { describe, expect, it } from 'vitest'
import { WhorlError } from '../../src/errors/index.js'
import { root, sourcesBelow, textOf } from '../arch/files.js'

/** All classes of errors that a module of src/ or bindings/ exports, by name. */
async function errorClasses(): Promise<Map<string, typeof WhorlError>> {
  const classes = new Map<string, typeof WhorlError>()
  for (const [path, source] of sourcesBelow('src', 'bindings')) {
    if (!/\bextends\s+\w+/.test(source) || path.includes('/generated/')) continue
    const names = await import(/* @vite-ignore */ `${root}/${path}`) as Record<string, unknown>
    for (const [name, value] of Object.entries(names)) {
      if (typeof value === 'function' && value.prototype instanceof WhorlError) classes.set(name, value as never)
    }
  }
  return classes.set('WhorlError', WhorlError)
}

const rowOf = (name: string, { code, fault }: typeof WhorlError): string => `| \`${code}\` | \`${name}\` | ${fault} |`

describe('docs/errors.md', () => {
  it('has a row for every class, and no others', async () => {
    const classes = await errorClasses()
    const rows = [...textOf('docs/errors.md').matchAll(/^(\| `ERR_\w+` \| `\w+` \| \w+ \|) (\S.+) \|$/gm)]
    expect(rows.map((row) => row[1]).sort()).toEqual([...classes].map(([name, kind]) => rowOf(name, kind)).sort())
  })

  it('codes are ERR_<AREA>_<WHAT>, and each is one class\'s', async () => {
    const codes = [...await errorClasses()].map(([, { code }]) => code)
    expect(codes.filter((code) => !/^ERR_[A-Z0-9]+(?:_[A-Z0-9]+)*$/.test(code))).toEqual([])
    expect(codes.length).toBe(new Set(codes).size)
  })

  it('an instance says the same as its class', async () => {
    const { NotPaused } = await import('../../src/errors/index.js')
    const { code, fault, name } = new NotPaused()
    expect([code, fault, name]).toEqual([NotPaused.code, NotPaused.fault, 'NotPaused'])
  })
})
