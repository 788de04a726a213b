/** Values that throw when looked at, or that become thenables late, must not leave a chain half-run or unfired. */
import { describe, expect, it } from 'vitest'
import {
  cancelOnAbort, Deferred, Failure, inlineCallbacks, race, taskGroup,
} from '../../src/defer/index.js'

const hostile = (): object => new Proxy({}, { getPrototypeOf: () => { throw new Error('not telling') } })

async function jobs(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve()
}

describe('a value that throws when asked what it is', () => {
  it('returned by a callback, fails the chain, which goes on', () => {
    const d = new Deferred<number>()
    const seen: unknown[] = []
    d.addCallback(hostile)
    d.addErrback((failure) => { seen.push(failure.getErrorMessage()) })
    d.callback(1)
    d.addBoth(() => { seen.push('next') })
    expect(seen).toEqual(['not telling', 'next'])
  })

  it('given to callback(), is refused and leaves the Deferred unfired; given to errback(), is wrapped', () => {
    const d = new Deferred<unknown>()
    expect(() => d.callback(hostile())).toThrow('not telling')
    expect(d.called).toBe(false)
    d.errback(hostile())
    let failure: unknown
    d.addErrback((given) => { failure = given })
    expect(failure).toBeInstanceOf(Failure)
  })

  it('yielded, is thrown at the yield', () => {
    const d = inlineCallbacks(function* (): Generator<unknown, string, unknown> {
      try {
        yield hostile()
      } catch (error) {
        return (error as Error).message
      }
      return 'nothing'
    })()
    expect(d.result).toBe('not telling')
  })
})

it('an error whose cause or parts cannot be read has a traceback all the same', () => {
  const error = new Error('outer')
  Object.defineProperty(error, 'cause', { get() { throw new Error('no') } })
  expect(new Failure(error).getTraceback()).toContain('outer')
  const parts = new AggregateError([], 'many')
  parts.errors = null as never
  expect(new Failure(parts).getTraceback()).toContain('many')
})

it('a promise whose value has become a thenable fails what waits for it', async () => {
  const value: { then?: unknown } = {}
  const promise = Promise.resolve(value)
  value.then = () => undefined
  const seen: string[] = []
  Deferred.fromPromise(promise).addErrback((failure) => { seen.push(failure.value.name) })
  taskGroup(() => promise).addErrback((failure) => { seen.push(failure.value.name) })
  await jobs()
  expect(seen).toEqual(['TypeError', 'FailureGroup'])
})

it('a race of one Deferred with itself fails when that does', () => {
  const d = new Deferred<number>()
  const other = new Deferred<number>()
  let parts: number | undefined
  race([d, other, d]).addErrback((failure) => {
    const { failures } = failure.value as unknown as { failures: Failure[] }
    parts = failures.filter((one) => one instanceof Failure).length
  })
  d.errback(new Error('x'))
  other.errback(new Error('y'))
  expect(parts).toBe(3)
})

it('a cancellation while the body runs is not spent on a Deferred that has fired', () => {
  const first = new Deferred<number>()
  const asked = new Deferred<number>()
  const d: Deferred<unknown> = inlineCallbacks(function* (): Generator<unknown, unknown, unknown> {
    yield first
    d.cancel()
    yield Deferred.fromPromise(Promise.resolve(1))
    return 1
  })()
  let name = ''
  d.addErrback((failure) => { name = failure.value.name })
  first.callback(1)
  expect(name).toBe('CancelledError')

  const fired = new Deferred<number>()
  fired.callback(1)
  const e: Deferred<unknown> = inlineCallbacks(function* (): Generator<unknown, unknown, unknown> {
    yield asked
    e.cancel()
    yield fired
    yield new Deferred()
    return 1
  })()
  name = ''
  e.addErrback((failure) => { name = failure.value.name })
  asked.callback(1)
  expect(name).toBe('CancelledError')
})

it('a task group that waits for itself fails', () => {
  const body = new Deferred<number>()
  const whole: Deferred<unknown> = taskGroup((group) => body.addCallback(() => { group.start(() => whole) }))
  let name = ''
  whole.addErrback((failure) => { name = failure.value.name })
  body.callback(1)
  expect(name).toBe('FailureGroup')
})

it('wrong cancellers, signals, clocks and Deferreds are refused at once', () => {
  expect(() => new Deferred({} as never)).toThrow(TypeError)
  expect(() => new Deferred().addTimeout(5, {} as never)).toThrow('reactor or Clock')
  expect(() => cancelOnAbort({} as never, new Deferred())).toThrow('AbortSignal')
  const none = {}
  expect(() => cancelOnAbort(new AbortController().signal, none as never)).toThrow('takes a Deferred')
  expect(Object.keys(none)).toEqual([])
})
