import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EndpointFields } from '../../../src/endpoints/fields.js'
import { parseDuration, parseEndpointString, quoteStringArgument } from '../../../src/endpoints/grammar.js'
import { EndpointSyntaxError } from '../../../src/errors/index.js'

const parsed = (text: string) => {
  const { prefix, args, options } = parseEndpointString(text)
  return { prefix, args, options: { ...options } }
}

const thrownBy = (work: () => unknown): unknown => {
  try {
    work()
  } catch (error) {
    return error
  }
  return undefined
}

describe('endpoint strings', () => {
  it('E01 positional and keyword fields interleave', () => {
    expect(parsed('t:a:k=1:b:l=2:c')).toEqual({ prefix: 't', args: ['a', 'b', 'c'], options: { k: '1', l: '2' } })
    expect(parsed('t')).toEqual({ prefix: 't', args: [], options: {} })
  })

  it('E02 a backslash escapes colon, equals sign and backslash', () => {
    expect(parsed('t:a\\:b:c\\=d:e\\\\f:k\\=l=m\\:n').args).toEqual(['a:b', 'c=d', 'e\\f'])
    expect(parsed('t:k\\=l=m\\:n\\=o').options).toEqual({ 'k=l': 'm:n=o' })
  })

  it('E03 only the first equals sign of a field splits', () => {
    expect(parsed('t:k=a=b=c:=x').options).toEqual({ k: 'a=b=c', '': 'x' })
  })

  it('E04 empty fields are kept', () => {
    expect(parsed('t::a::k=:').args).toEqual(['', 'a', '', ''])
    expect(parsed('t::a::k=:').options).toEqual({ k: '' })
  })

  it('E05 the last duplicate of a key wins', () => {
    expect(parsed('t:k=1:k=2:k=3').options).toEqual({ k: '3' })
  })

  it('E06 a backslash before another character is dropped', () => {
    expect(parsed('t:\\a\\b:k=\\c').args).toEqual(['ab'])
    expect(parsed('t:\\a\\b:k=\\c').options).toEqual({ k: 'c' })
  })

  it.each([['t:a\\', 'escape'], ['t:k=a\\', 'k'], ['\\', 'escape']])('E06 a trailing backslash is an error: %s',
    (text, field) => {
      const error = thrownBy(() => parseEndpointString(text))
      expect(error).toBeInstanceOf(EndpointSyntaxError)
      expect((error as EndpointSyntaxError).field).toBe(field)
    })

  it('E07 quoteStringArgument round-trips any value after a key', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (value) => {
      expect(parseEndpointString(`t:k=${quoteStringArgument(value)}:x`).options['k']).toBe(value)
    }))
    fc.assert(fc.property(fc.array(fc.constantFrom(':', '=', '\\', 'a')), (characters) => {
      const value = characters.join('')
      expect(parseEndpointString(`t:${quoteStringArgument(value)}`).args).toEqual([value])
    }))
  })

  it('E10 a string without a type is an error that names it', () => {
    for (const text of ['', ':80', 'tcp=80', ' :x']) {
      expect((thrownBy(() => parseEndpointString(text)) as EndpointSyntaxError).field).toBe('type')
    }
  })

  it('E11 the prefix is read in any case, keys are not', () => {
    expect(parsed('TcP:K=1')).toEqual({ prefix: 'tcp', args: [], options: { K: '1' } })
  })

  it('never fails but with EndpointSyntaxError, and keys of objects are keys like others', () => {
    fc.assert(fc.property(fc.string(), (text) => {
      const error = thrownBy(() => parseEndpointString(text))
      expect(error === undefined || error instanceof EndpointSyntaxError).toBe(true)
    }))
    const { options } = parseEndpointString('t:__proto__=x:constructor=y')
    expect(Object.keys(options)).toEqual(['__proto__', 'constructor'])
    expect(options['toString']).toBeUndefined()
  })
})

describe('durations', () => {
  it.each([['0', 0], ['250', 250], ['250ms', 250], ['30s', 30_000], ['1.5s', 1_500], ['2m', 120_000], ['1h', 3_600_000],
    [' 2S ', 2_000]])('%s', (text, ms) => {
    expect(parseDuration(text)).toBe(ms)
  })

  it.each(['', 's', '-1s', '1 s', '1d', '1e3', 'Infinity', '.5s', '1s1', '0x10'])('%s is none', (text) => {
    expect(parseDuration(text)).toBeNull()
  })
})

describe('fields', () => {
  const fields = (args: string[], options: Record<string, string> = {}): EndpointFields =>
    new EndpointFields('t:<host>:<port>', ['host', 'port'], ['timeout', 'fast'], args, options)

  it('E12 positional, keyword and mixed give the same', () => {
    for (const all of [fields(['h', '1']), fields([], { host: 'h', port: '1' }), fields(['h'], { port: '1' }),
      fields(['1'], { host: 'h' })]) {
      expect([all.required('host'), all.port('port')]).toEqual(['h', 1])
    }
  })

  it.each([
    ['port', () => fields(['h']).port('port'), 'missing'],
    ['port', () => fields(['h', 'http']).port('port'), 'http'],
    ['port', () => fields(['h', '65536']).port('port'), '65535'],
    ['port', () => fields(['h', '-1']).port('port'), '-1'],
    ['port', () => fields(['h', '1.5']).port('port'), '1.5'],
    ['port', () => fields(['h', '99999999999999999999']).port('port'), '65535'],
    ['host', () => fields(['', '1']).required('host'), 'missing'],
    ['colour', () => fields([], { colour: 'red' }), 'not known'],
    ['third', () => fields(['a', 'b', 'third']), 'too many'],
    ['timeout', () => fields([], { timeout: 'soon' }).duration('timeout'), 'soon'],
    ['fast', () => fields([], { fast: 'perhaps' }).flag('fast'), 'perhaps'],
  ])('E10 an error names the field %s and shows the grammar', (field, work, hint) => {
    const error = thrownBy(work) as EndpointSyntaxError
    expect(error).toBeInstanceOf(EndpointSyntaxError)
    expect(error.field).toBe(field)
    expect(error.message).toContain(hint)
    expect(error.message).toContain('t:<host>:<port>')
  })

  it('reads what is well-formed', () => {
    const all = fields(['h', '65535'], { timeout: '2s', fast: 'YES' })
    expect([all.port('port'), all.duration('timeout'), all.flag('fast')]).toEqual([65_535, 2_000, true])
    expect([fields([]).duration('timeout'), fields([]).flag('fast'), fields([]).integer('port')])
      .toEqual([undefined, undefined, undefined])
    expect(fields([], { fast: '0' }).flag('fast')).toBe(false)
  })
})
