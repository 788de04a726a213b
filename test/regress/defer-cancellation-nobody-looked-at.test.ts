/**
 * A cancellation has no error before somebody looks. Until then it was taken for one that had thrown `undefined`, did
 * not match classes that know their instances by their code, showed as empty, and could not be frozen.
 */
import { inspect } from 'node:util'
import { afterEach, describe, expect, it } from 'vitest'
import { Deferred, Failure, setDebugging } from '../../src/defer/index.js'
import { CancelledError, ThrownValueError } from '../../src/errors/index.js'

/** That of a Deferred that was cancelled. */
function cancelled(): Failure {
  const d = new Deferred<void>()
  let given: Failure | undefined
  d.addErrback((failure) => { given = failure })
  d.cancel()
  return given as Failure
}

describe('a cancellation that nobody has looked at', () => {
  afterEach(() => setDebugging(false))

  it('is not what an errback fails with that throws undefined', () => {
    const seen: Error[] = []
    const throwIt = (): never => { throw undefined }
    const note = (failure: Failure): void => void seen.push(failure.value)
    const pending = new Deferred<void>().addErrback(throwIt).addErrback(note)
    pending.cancel()
    const withArguments = new Deferred<void>().addErrback((_failure, value: unknown) => { throw value }, undefined)
      .addErrback(note)
    withArguments.cancel()
    const late = new Deferred<void>()
    late.cancel()
    late.addErrback(throwIt).addErrback(note)
    expect(seen.map((error) => [error.constructor, error.cause])).toEqual(Array(3).fill([ThrownValueError, undefined]))
  })

  it('matches a class that tells its instances by their code', () => {
    class Coded extends Error {
      static override [Symbol.hasInstance](value: unknown): boolean {
        return (value as { code?: unknown } | null)?.code === CancelledError.code
      }
    }
    const failure = cancelled()
    expect([failure.check(Coded), failure.check(TypeError, 'CancelledError')]).toEqual([Coded, 'CancelledError'])
    expect(failure._value).toBe(undefined)
  })

  it('may be frozen, and has one error then, too', () => {
    const failure = Object.freeze(cancelled())
    expect(failure.value).toBeInstanceOf(CancelledError)
    expect(failure.value).toBe(failure.value)
  })

  it('is shown as what it is', () => {
    expect(inspect(cancelled())).toBe('[Failure CancelledError: The operation was cancelled.]')
    expect(inspect(new Failure(new TypeError('x')))).toMatch(/^\[Failure TypeError: x\n.*at /)
  })
})

describe('a frozen Failure, with debugging on', () => {
  afterEach(() => setDebugging(false))

  it('goes down the chain like any other', () => {
    setDebugging(true)
    const failure = Object.freeze(new Failure(new Error('x')))
    const seen: unknown[] = []
    const fired = new Deferred<void>()
    fired.errback(failure)
    const thrown = new Deferred<void>()
    thrown.addCallback(() => { throw failure })
    thrown.callback()
    for (const d of [fired, thrown]) d.addErrback((given) => void seen.push(given))
    expect(seen).toEqual([failure, failure])
    expect(seen[1]).toBe(failure)
  })
})
