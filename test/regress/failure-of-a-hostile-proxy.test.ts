/** What is thrown may be a proxy that throws when asked for its prototype; it is wrapped like everything that is no Error. */
import { expect, it } from 'vitest'
import { Deferred, Failure } from '../../src/defer/index.js'

const hostile = (): unknown => new Proxy({}, { getPrototypeOf: () => { throw new Error('not telling') } })

it('a Failure is made of anything that can be thrown', () => {
  expect(new Failure(hostile()).value).toBeInstanceOf(Error)
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  expect(new Failure(proxy).value).toBeInstanceOf(Error)
})

it('a callback that throws one fails its chain and nothing else', () => {
  const seen: unknown[] = []
  const d = new Deferred<number>()
  d.addCallback(() => { throw hostile() })
  d.addErrback((failure) => { seen.push(failure) })
  d.callback(1)
  expect(seen).toHaveLength(1)
  expect(seen[0]).toBeInstanceOf(Failure)
})
