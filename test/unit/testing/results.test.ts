import { describe, expect, it, onTestFinished } from 'vitest'
import { Deferred, fail, setUnhandledPolicy, succeed } from '../../../src/defer/index.js'
import { ConnectionLost, TimeoutError, UnexpectedResult } from '../../../src/errors/index.js'
import { assertNoResult, failureResultOf, successResultOf, whorlMatchers } from '../../../src/testing/index.js'
import type { WhorlMatchers } from '../../../src/testing/index.js'

declare module 'vitest' {
  // eslint-disable-next-line
  interface Matchers<T = any> extends WhorlMatchers {}
}

expect.extend(whorlMatchers)

/** What `fn` throws, which is an UnexpectedResult. */
function complaint(fn: () => unknown): string {
  try {
    fn()
  } catch (error) {
    expect(error).toBeInstanceOf(UnexpectedResult)
    return (error as Error).message
  }
  throw new Error('nothing was thrown')
}

/** What is left unhandled when the test's promise jobs are done. */
async function unhandled(fn: () => void): Promise<unknown[]> {
  const left: unknown[] = []
  const former = setUnhandledPolicy((failure) => void left.push(failure.value))
  onTestFinished(() => void setUnhandledPolicy(former))
  fn()
  await new Promise((resolve) => setTimeout(resolve, 0))
  await new Promise((resolve) => setTimeout(resolve, 0))
  return left
}

describe('successResultOf', () => {
  it('gives the result, as often as it is asked, and leaves it there', () => {
    const deferred = succeed([1])
    expect(successResultOf(deferred)).toBe(successResultOf(deferred))
    let seen: unknown
    deferred.addCallback((result) => void (seen = result))
    expect(seen).toEqual([1])
  })

  it('complains of one that has none, says what of, and changes nothing', () => {
    const deferred = new Deferred<number>()
    expect(complaint(() => successResultOf(deferred))).toBe('Expected a result, found none: <Deferred not fired>.')
    deferred.callback(3)
    expect(successResultOf(deferred)).toBe(3)
  })

  it('complains of a failure, which is the cause, and handled', async () => {
    const error = new ConnectionLost('gone')
    let caught: unknown
    expect(await unhandled(() => {
      try {
        successResultOf(fail(error))
      } catch (thrown) {
        caught = thrown
      }
    })).toEqual([])
    expect(caught).toMatchObject({ message: 'Expected a result, found a failure: ConnectionLost: gone', cause: error })
  })

  it('has no result of one that is paused, or waits for another', () => {
    const paused = succeed(1)
    paused.pause()
    const waiting = succeed(1).addCallback(() => new Deferred<number>())
    for (const deferred of [paused, waiting]) expect(complaint(() => successResultOf(deferred))).toContain('found none')
    paused.unpause()
    expect(successResultOf(paused)).toBe(1)
  })

  it('refuses what is no Deferred, and says what to do with a promise', () => {
    expect(() => successResultOf(5 as never)).toThrow(TypeError)
    expect(() => successResultOf(Promise.resolve(5) as never)).toThrow(/awaited/)
  })
})

describe('failureResultOf', () => {
  it('gives the failure, by any name of its kind, and has it handled', async () => {
    for (const kind of [TimeoutError, 'TimeoutError', 'ERR_TIMEOUT']) {
      expect(failureResultOf(fail(new TimeoutError('slow')), ConnectionLost, kind).value.message).toBe('slow')
    }
    expect(await unhandled(() => void failureResultOf(fail(new Error('x'))))).toEqual([])
  })

  it('complains of a result, of none, and of a failure of another kind', () => {
    expect(complaint(() => failureResultOf(succeed('well')))).toBe('Expected a failure, found a result: "well".')
    expect(complaint(() => failureResultOf(new Deferred(), TimeoutError, 'EOF')))
      .toBe('Expected TimeoutError or EOF, found no result yet: <Deferred not fired>.')
    expect(complaint(() => failureResultOf(fail(new RangeError('far')), TimeoutError)))
      .toBe('Expected TimeoutError, found RangeError: far')
  })
})

describe('assertNoResult', () => {
  it('is silent while there is none, and complains of either', () => {
    const deferred = new Deferred<number>()
    assertNoResult(deferred)
    deferred.callback(1)
    expect(complaint(() => assertNoResult(deferred))).toBe('Expected no result yet, found 1.')
    expect(complaint(() => assertNoResult(fail(new Error('no')))))
      .toBe('Expected no result yet, found a failure: Error: no')
  })
})

describe('whorlMatchers', () => {
  const said = (fn: () => void): string => {
    try {
      fn()
    } catch (error) {
      return (error as Error).message
    }
    return ''
  }

  it('match', () => {
    expect(succeed({ a: [1] })).toHaveSucceeded()
    expect(succeed({ a: [1] })).toHaveSucceededWith({ a: [1] })
    expect(succeed({ a: [1] })).not.toHaveSucceededWith({ a: [2] })
    expect(succeed({ a: 1, b: 2 })).toHaveSucceededWith(expect.objectContaining({ a: 1 }))
    expect(fail(new TimeoutError())).toHaveFailedWith(TimeoutError)
    expect(fail(new TimeoutError())).toHaveFailedWith()
    expect(fail(new TimeoutError())).not.toHaveFailedWith(ConnectionLost)
    expect(new Deferred()).toHaveNoResult()
    expect(succeed(1)).not.toHaveNoResult()
    expect(new Deferred()).not.toHaveSucceeded()
  })

  it('say what the Deferred has', () => {
    expect(said(() => expect(new Deferred()).toHaveSucceeded())).toBe('the Deferred has no result yet')
    expect(said(() => expect(fail(new Error('no'))).toHaveSucceededWith(1)))
      .toBe('the Deferred has the failure Error: no; what is compared with is 1')
    expect(said(() => expect(succeed('x')).toHaveFailedWith(TimeoutError, 'EOF')))
      .toBe('the Deferred has the result "x"; what is asked about is TimeoutError or EOF')
    expect(said(() => expect(succeed('x')).toHaveNoResult())).toBe('the Deferred has the result "x"')
  })

  it('say what is in an object, and no more than a line of it', () => {
    expect(said(() => expect(succeed({ a: 1, list: [new Map([['k', { deep: { deeper: 1 } }]])] }))
      .toHaveSucceededWith({ a: 2 }))).toBe('the Deferred has the result { a: 1, list: [Map {"k" => [Object]}] }; ' +
      'what is compared with is { a: 2 }')
    const circle: Record<string, unknown> = { name: 'circle' }
    circle.self = circle
    expect(complaint(() => assertNoResult(succeed(circle)))).toMatch(/^Expected no result yet, found \{ name: "circle"/)
    expect(complaint(() => assertNoResult(succeed(new Uint8Array(1_000)))))
      .toBe(`Expected no result yet, found Uint8Array [${'0, '.repeat(10)}… 990 more].`)
    const hostile = new Proxy({}, { ownKeys: () => {
      throw new Error('no keys')
    } })
    for (const value of [hostile, Object.create(null), () => 1, 5n, new Date(NaN), 'x'.repeat(5_000), undefined]) {
      const text = complaint(() => assertNoResult(succeed(value as string)))
      expect(text.length).toBeLessThan(500)
      expect(text).toMatch(/^Expected no result yet, found ./)
    }
  })

  it('have a failure handled that was asked about', async () => {
    expect(await unhandled(() => expect(fail(new Error('no'))).not.toHaveSucceeded())).toEqual([])
  })
})
