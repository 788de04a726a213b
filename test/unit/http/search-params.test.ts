/**
 * What stands in for URLSearchParams where the host has none says the same as Node's.
 */
import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { SearchParams } from '../../../src/http/search-params.js'
import { queryOf } from '../../../src/http/urls.js'

const PLAIN = [...'ab09?&=+-_.*~ \'"#', '%41', '%C3%BC', '%e6%97%a5', '%2B', '%26', '%EF%BB%BF', '&a=', '&b']
// Not both: Node takes "%c3日" for two wrong sequences, by the standard it is one and a letter.
const WRONG = ['%c3', '%', '%zz', '%f', '%80', '%f0%9f']
const BEYOND = [...'ü日😀', '\ud800', '\udc00']
const of = (pieces: string[]): fc.Arbitrary<string> =>
  fc.array(fc.constantFrom(...PLAIN, ...pieces), { maxLength: 12 }).map((some) => some.join(''))
const text = fc.oneof(of(WRONG), of(BEYOND))
const name = fc.constantFrom('a', 'b', '', 'ü', '\ud800', '😀')

/** What one can see of one. */
function seen(params: URLSearchParams): unknown {
  const each: unknown[] = []
  params.forEach(function (this: unknown, ...args) {
    each.push([this, args[0], args[1], args[2] === params])
  }, 'self')
  return [
    params.size, String(params), [...params], [...params.entries()], [...params.keys()], [...params.values()], each,
    Object.prototype.toString.call(params),
  ]
}

type Step = (params: URLSearchParams) => unknown

const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(name, text).map(([key, value]): Step => (params) => params.append(key, value)),
  fc.tuple(name, text).map(([key, value]): Step => (params) => params.set(key, value)),
  name.map((key): Step => (params) => params.get(key)),
  name.map((key): Step => (params) => params.getAll(key)),
  name.map((key): Step => (params) => [params.has(key), params.has(key, ''), params.has(key, undefined)]),
  name.map((key): Step => (params) => params.delete(key)),
  name.map((key): Step => (params) => params.delete(key, '')),
  fc.constant<Step>((params) => params.sort()),
)

describe('parameters where the host has no URLSearchParams', () => {
  it('are read and written as by the host', () => {
    fc.assert(fc.property(text, (query) => {
      expect(seen(new SearchParams(query))).toEqual(seen(new URLSearchParams(query)))
    }), { numRuns: 2000 })
  })

  it('do the same whatever is asked of them', () => {
    fc.assert(fc.property(text, fc.array(steps, { maxLength: 8 }), (query, asked) => {
      const [ours, theirs] = [new SearchParams(query), new URLSearchParams(query)]
      for (const step of asked) expect(step(ours)).toEqual(step(theirs))
      expect(seen(ours)).toEqual(seen(theirs))
    }), { numRuns: 1000 })
  })

  it('can be changed while somebody goes through them', () => {
    const walk = (params: URLSearchParams): string[] => {
      const found: string[] = []
      for (const [key] of params) {
        found.push(key)
        if (key === 'a') params.append('d', '')
        if (key === 'b') params.delete('a')
      }
      return found
    }
    expect(walk(new SearchParams('a&b&c&c'))).toEqual(walk(new URLSearchParams('a&b&c&c')))
  })
})

describe('queryOf', () => {
  afterEach(() => vi.unstubAllGlobals())

  it('gives the host\'s own where there is one, else these', () => {
    expect(queryOf('a=1')).toBeInstanceOf(URLSearchParams)
    vi.stubGlobal('URLSearchParams', undefined)
    expect(queryOf('?a=1&b=%20').get('b')).toBe(' ')
  })
})
