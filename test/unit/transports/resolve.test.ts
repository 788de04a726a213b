import { describe, expect, it } from 'vitest'
import type { Deferred, Failure } from '../../../src/defer/index.js'
import { CancelledError, DNSLookupError } from '../../../src/errors/index.js'
import type { IAddress } from '../../../src/interfaces/index.js'
import { SharedResolver, StaticResolver } from '../../../src/transports/index.js'

interface Question {
  name: string
  family: number
  answer: (error: unknown, addresses: readonly string[]) => void
}

function rig(): { asked: Question[], resolver: SharedResolver } {
  const asked: Question[] = []
  return { asked, resolver: new SharedResolver((name, family, answer) => void asked.push({ name, family, answer })) }
}

const hosts = (found: IAddress[]): string[] => found.map((address) => (address as { host: string }).host)

/** What a Deferred has come to: addresses, the name of an error, or null. */
function outcome(deferred: Deferred<IAddress[]>): { now: string[] | string | null, error: Error | null } {
  const seen: { now: string[] | string | null, error: Error | null } = { now: null, error: null }
  deferred.addCallbacks((found) => {
    seen.now = hosts(found)
  }, (reason: Failure) => {
    seen.error = reason.value
    seen.now = reason.value.name
  })
  return seen
}

describe('a resolver', () => {
  it('answers literal addresses without asking', () => {
    const { asked, resolver } = rig()
    expect(outcome(resolver.resolve('10.0.0.1')).now).toEqual(['10.0.0.1'])
    expect(outcome(resolver.resolve('fe80::1%eth0')).now).toEqual(['fe80::1%eth0'])
    expect(outcome(resolver.resolve('::1', { family: 6 })).now).toEqual(['::1'])
    expect(outcome(resolver.resolve('::1', { family: 4 })).now).toBe('DNSLookupError')
    expect(asked).toEqual([])
  })

  it('gives addresses with port 0 in the order of the answer, each once', () => {
    const { asked, resolver } = rig()
    let found: IAddress[] = []
    resolver.resolve('a.example').addCallback((addresses: IAddress[]) => {
      found = addresses
    })
    asked[0].answer(null, ['::1', '10.0.0.1', '::1'])
    expect(found).toEqual([
      { family: 'IPv6', type: 'TCP', host: '::1', port: 0 }, { family: 'IPv4', type: 'TCP', host: '10.0.0.1', port: 0 },
    ])
  })

  it('asks once for all who ask the same at the same time, and again after the answer', () => {
    const { asked, resolver } = rig()
    const first = outcome(resolver.resolve('a.example'))
    const second = outcome(resolver.resolve('A.EXAMPLE'))
    const other = outcome(resolver.resolve('a.example', { family: 6 }))
    expect(asked.map(({ name, family }) => [name, family])).toEqual([['a.example', 0], ['a.example', 6]])
    asked[0].answer(null, ['10.0.0.1'])
    expect([first.now, second.now, other.now]).toEqual([['10.0.0.1'], ['10.0.0.1'], null])
    outcome(resolver.resolve('a.example'))
    expect(asked).toHaveLength(3)
  })

  it('each who asks gets a list, and an error, of his own', () => {
    const { asked, resolver } = rig()
    const lists: IAddress[][] = []
    for (let i = 0; i < 2; i++) resolver.resolve('a').addCallback((found: IAddress[]) => void lists.push(found))
    asked[0].answer(null, ['10.0.0.1'])
    expect(lists[0]).not.toBe(lists[1])
    const errors = [outcome(resolver.resolve('b')), outcome(resolver.resolve('b'))]
    asked[1].answer(Object.assign(new Error('no'), { code: 'ENOTFOUND' }), [])
    expect(errors[0].error).not.toBe(errors[1].error)
  })

  it.each(['ENOTFOUND', 'EAI_AGAIN', 'ETIMEOUT', 'EMFILE'])('%s is a DNSLookupError that names the host', (code) => {
    const { asked, resolver } = rig()
    const seen = outcome(resolver.resolve('a.example'))
    const cause = Object.assign(new Error('the host said so'), { code })
    asked[0].answer(cause, [])
    expect(seen.error).toBeInstanceOf(DNSLookupError)
    expect(seen.error!.message).toBe(`a.example could not be resolved (${code}).`)
    expect(seen.error!.cause).toBe(cause)
  })

  it('no address is a DNSLookupError too, as are names that are none, and a lookup that throws', () => {
    const { asked, resolver } = rig()
    const seen = outcome(resolver.resolve('a.example'))
    asked[0].answer(null, [])
    expect(seen.now).toBe('DNSLookupError')
    expect(outcome(resolver.resolve('')).now).toBe('DNSLookupError')
    expect(outcome(resolver.resolve('a\0b')).now).toBe('DNSLookupError')
    const throwing = new SharedResolver(() => {
      throw new Error('broken')
    })
    expect(outcome(throwing.resolve('a')).now).toBe('DNSLookupError')
    expect(outcome(throwing.resolve('a')).now).toBe('DNSLookupError')
  })

  it('wrong arguments are refused at once', () => {
    const { resolver } = rig()
    expect(() => resolver.resolve(5 as never)).toThrow(TypeError)
    expect(() => resolver.resolve('a', { family: 5 as never })).toThrow(RangeError)
  })

  it('one who cancels leaves the others waiting; the answer after that is nobody\'s', () => {
    const { asked, resolver } = rig()
    const deferreds = [resolver.resolve('a'), resolver.resolve('a')]
    const seen = deferreds.map(outcome)
    deferreds[0].cancel()
    expect(seen.map(({ now }) => now)).toEqual([CancelledError.name, null])
    deferreds[1].cancel()
    asked[0].answer(null, ['10.0.0.1'])
    asked[0].answer(null, ['10.0.0.1'])
    expect(seen.map(({ now }) => now)).toEqual([CancelledError.name, CancelledError.name])
  })

  it('one who is cancelled by what another does with the answer gets none', () => {
    const { asked, resolver } = rig()
    const first = resolver.resolve('a')
    const second = resolver.resolve('a')
    first.addCallback(() => second.cancel())
    const seen = outcome(second)
    asked[0].answer(null, ['10.0.0.1'])
    expect(seen.now).toBe(CancelledError.name)
  })

  it('an AbortSignal cancels, also one that was aborted before, which then asks nothing', () => {
    const { asked, resolver } = rig()
    const controller = new AbortController()
    const seen = outcome(resolver.resolve('a', { signal: controller.signal }))
    controller.abort()
    expect(seen.now).toBe(CancelledError.name)
    expect(outcome(resolver.resolve('b', { signal: AbortSignal.abort() })).now).toBe(CancelledError.name)
    expect(asked.map(({ name }) => name)).toEqual(['a'])
  })
})

describe('StaticResolver', () => {
  it('knows its names, in any case and with a dot at the end, and no others', () => {
    const resolver = new StaticResolver({ 'Db.Example': ['10.0.0.7', 'fd00::7'], 'one.example': '10.0.0.1' })
    expect(outcome(resolver.resolve('db.example.')).now).toEqual(['10.0.0.7', 'fd00::7'])
    expect(outcome(resolver.resolve('DB.EXAMPLE', { family: 6 })).now).toEqual(['fd00::7'])
    expect(outcome(resolver.resolve('one.example', { family: 6 })).now).toBe('DNSLookupError')
    expect(outcome(resolver.resolve('two.example')).now).toBe('DNSLookupError')
    expect(outcome(resolver.resolve('192.0.2.1')).now).toEqual(['192.0.2.1'])
  })

  it('takes a Map, and changes', () => {
    const resolver = new StaticResolver(new Map([['a', ['10.0.0.1']]]))
    resolver.set('b', ['10.0.0.2'])
    expect(resolver.delete('a')).toBe(true)
    expect(outcome(resolver.resolve('a')).now).toBe('DNSLookupError')
    expect(outcome(resolver.resolve('b')).now).toEqual(['10.0.0.2'])
    expect(() => resolver.set('c', 'b')).toThrow(TypeError)
  })

  it('leaves what it does not know to another', () => {
    const { asked, resolver: other } = rig()
    const resolver = new StaticResolver({ a: '10.0.0.1' }, other)
    expect(outcome(resolver.resolve('a')).now).toEqual(['10.0.0.1'])
    const seen = outcome(resolver.resolve('b', { family: 4 }))
    asked[0].answer(null, ['10.0.0.2'])
    expect([asked[0].name, asked[0].family, seen.now]).toEqual(['b', 4, ['10.0.0.2']])
  })
})
