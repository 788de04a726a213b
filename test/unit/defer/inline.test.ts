import { describe, expect, it } from 'vitest'
import { CancelledError } from '../../../src/errors/index.js'
import { Deferred, fail, Failure, inlineCallbacks, succeed } from '../../../src/defer/index.js'
import { failureOf, resultOf } from './helpers.js'

const boom = new Error('boom')

describe('inlineCallbacks', () => {
  it('D38 the body starts synchronously, and without waiting ends so', () => {
    let isStarted = false
    const fn = inlineCallbacks(function* (x: number) {
      isStarted = true
      return x + 1
    })
    const d = fn(1)
    expect(isStarted).toBe(true)
    expect(resultOf(d)).toBe(2)
  })

  it('D38 keeps this and the arguments', () => {
    const thing = {
      factor: 3,
      times: inlineCallbacks(function* (this: { factor: number }, a: number, b: number) {
        const x: number = yield succeed(a)
        return x * b * this.factor
      }),
    }
    expect(resultOf(thing.times(2, 5))).toBe(30)
  })

  it('D38 a yielded Deferred gives its result back, when it fires', () => {
    const inner = new Deferred<string>()
    const seen: unknown[] = []
    const d = inlineCallbacks(function* () {
      seen.push(yield inner)
      return 'end'
    })()
    expect(d.called).toBe(false)
    expect(String(d)).toBe('<Deferred waiting on <Deferred not fired>>')
    inner.callback('in')
    expect(seen).toEqual(['in'])
    expect(inner.result).toBe(undefined)
    expect(resultOf(d)).toBe('end')
  })

  it('D38 a yielded plain value comes straight back', () => {
    const values = [undefined, null, 0, 'text', { a: 1 }, [1], () => 1]
    const seen: unknown[] = []
    inlineCallbacks(function* () {
      for (const value of values) seen.push(yield value)
    })()
    expect(seen).toEqual(values)
  })

  it('D38 a failed one is thrown at the yield; caught there, the body goes on', () => {
    const d = inlineCallbacks(function* () {
      try {
        return yield fail(boom)
      } catch (error) {
        return error
      }
    })()
    expect(resultOf(d)).toBe(boom)
  })

  it('D38 not caught, it is the result, and the same Failure', () => {
    const failure = new Failure(boom)
    expect(
      failureOf(
        inlineCallbacks(function* () {
          yield fail(failure)
        })(),
      ),
    ).toBe(failure)
  })

  it('D38 what the body throws is the failure', () => {
    const d = inlineCallbacks(function* () {
      yield succeed(1)
      throw boom
    })()
    expect(failureOf(d).value).toBe(boom)
  })

  it('D38 20,000 yields of fired Deferreds in a loop do not overflow', () => {
    const d = inlineCallbacks(function* () {
      let sum = 0
      for (let i = 0; i < 20_000; i++) sum += (yield succeed(1)) as number
      return sum
    })()
    expect(resultOf(d)).toBe(20_000)
  })

  it('D38 20,000 yields of Deferreds that fire later, in a loop', () => {
    const inners: Deferred<number>[] = []
    const d = inlineCallbacks(function* () {
      let sum = 0
      for (let i = 0; i < 20_000; i++) {
        const inner = new Deferred<number>()
        inners.push(inner)
        sum += (yield inner) as number
      }
      return sum
    })()
    for (let i = 0; i < 20_000; i++) inners[i].callback(1)
    expect(resultOf(d)).toBe(20_000)
  })

  it('D38 cancel() cancels what is awaited and throws CancelledError at the yield', () => {
    const seen: unknown[] = []
    const inner = new Deferred<string>(() => seen.push('cancelled'))
    const d = inlineCallbacks(function* () {
      try {
        yield inner
      } catch (error) {
        seen.push((error as Error).name)
        throw error
      } finally {
        seen.push('finally')
      }
    })()
    d.cancel()
    expect(seen).toEqual(['cancelled', 'CancelledError', 'finally'])
    expect(failureOf(d).value).toBeInstanceOf(CancelledError)
  })

  it('D38 a generator that catches it may go on and succeed', () => {
    const second = new Deferred<string>()
    const d = inlineCallbacks(function* (): Generator<unknown, string, string> {
      try {
        yield new Deferred<string>()
      } catch {
        return yield second
      }
      return 'never'
    })()
    d.cancel()
    expect(d.called).toBe(false)
    second.callback('after all')
    expect(resultOf(d)).toBe('after all')
  })

  it('D38 and may be cancelled again', () => {
    const d = inlineCallbacks(function* () {
      for (let i = 0; i < 2; i++) {
        try {
          yield new Deferred()
        } catch {
          // goes on
        }
      }
      return 'stubborn'
    })()
    d.cancel()
    expect(d.called).toBe(false)
    d.cancel()
    expect(resultOf(d)).toBe('stubborn')
  })

  it('D38 an awaited one that turns the cancellation into a value gives the value', () => {
    const inner = new Deferred<string>((self) => self.callback('partial'))
    const d = inlineCallbacks(function* () {
      return (yield inner) as string
    })()
    d.cancel()
    expect(resultOf(d)).toBe('partial')
  })

  it('D38 cancelled by its own body, what it waits for next is cancelled', () => {
    const start = new Deferred<number>()
    const d: Deferred<unknown> = inlineCallbacks(function* () {
      yield start
      d.cancel()
      yield 'not a Deferred'
      yield new Deferred()
    })()
    start.callback(1)
    expect(failureOf(d).value).toBeInstanceOf(CancelledError)
  })

  it('D38 cancelled by its own body, it is cancelled once: what it waits for after that is not', () => {
    const [start, later] = [new Deferred<number>(), new Deferred<string>()]
    const d: Deferred<unknown> = inlineCallbacks(function* () {
      yield start
      d.cancel()
      try {
        yield new Deferred()
      } catch {
        return (yield later) as string
      }
      return 'not cancelled'
    })()
    start.callback(1)
    later.callback('later')
    expect(resultOf(d)).toBe('later')
  })

  it('D38 an outer one that waits for it cancels it', () => {
    let cancelled = 0
    const run = inlineCallbacks(function* () {
      yield new Deferred(() => cancelled++)
    })
    const outer = succeed(1).addCallback(() => run())
    outer.cancel()
    expect(cancelled).toBe(1)
    expect(failureOf(outer).value).toBeInstanceOf(CancelledError)
  })

  it('D38 a non-generator → TypeError', () => {
    for (const result of [1, undefined, null, [], (async function* () {})(), { next() {} }]) {
      expect(() => inlineCallbacks((() => result) as never)()).toThrow(TypeError)
    }
    expect(() => inlineCallbacks(5 as never)).toThrow(TypeError)
  })

  it('waits for promises, yielded and returned', async () => {
    const d = inlineCallbacks(function* () {
      const x: number = yield Promise.resolve(2)
      try {
        yield Promise.reject(boom)
      } catch (error) {
        expect(error).toBe(boom)
      }
      return Promise.resolve(x * 2)
    })()
    expect(await d).toBe(4)
  })

  it('waits for a Deferred that is returned, and passes a returned Failure on', () => {
    const inner = new Deferred<string>()
    const d = inlineCallbacks(function* () {
      return inner
    })()
    expect(d.called).toBe(false)
    inner.callback('in')
    expect(resultOf(d)).toBe('in')
    const failure = new Failure(boom)
    expect(
      failureOf(
        inlineCallbacks(function* () {
          return failure
        })(),
      ),
    ).toBe(failure)
  })

  it('throws a yielded Failure at the yield', () => {
    const d = inlineCallbacks(function* () {
      try {
        return yield new Failure(boom)
      } catch (error) {
        return error
      }
    })()
    expect(resultOf(d)).toBe(boom)
  })

  it('throws TypeError at the yield of its own Deferred', () => {
    const start = new Deferred<number>()
    const d: Deferred<unknown> = inlineCallbacks(function* () {
      yield start
      yield d
    })()
    start.callback(1)
    expect(failureOf(d).value).toBeInstanceOf(TypeError)
  })

  it('a thenable whose then cannot be read is an error at the yield', () => {
    const bad = {
      get then() {
        throw boom
      },
    }
    const d = inlineCallbacks(function* () {
      yield bad
    })()
    expect(failureOf(d).value).toBe(boom)
  })

  it('generators that wait for each other in a circle are freed by cancel', () => {
    const later: Deferred<unknown>[] = []
    const gate = new Deferred<number>()
    const wait = inlineCallbacks(function* (index: number) {
      if (index === 0) yield gate
      yield later[1 - index]
    })
    later[0] = wait(0)
    later[1] = wait(1)
    gate.callback(1)
    later[0].cancel()
    expect(later.map(String)).toEqual(Array(2).fill('<Deferred current result: undefined>'))
  })

  it('two generators may wait for one Deferred: the second gets undefined', () => {
    const inner = new Deferred<string>()
    const wait = inlineCallbacks(function* () {
      return (yield inner) as string | undefined
    })
    const [a, b] = [wait(), wait()]
    inner.callback('v')
    expect([resultOf(a), resultOf(b)]).toEqual(['v', undefined])
  })
})
