import { afterEach, describe, expect, it } from 'vitest'
import { runInNewContext } from 'node:vm'
import {
  AlreadyCalledError,
  ConnectError,
  ConnectionRefusedError,
  FailureGroup,
  ThrownValueError,
  TimeoutError,
} from '../../../src/errors/index.js'
import { Deferred, fail, Failure, getDebugging, setDebugging, succeed } from '../../../src/defer/index.js'
import { failureOf } from './helpers.js'

const boom = new Error('boom')

describe('Failure', () => {
  it('holds an error as it is, and its class', () => {
    const failure = new Failure(new RangeError('far'))
    expect(failure.value.message).toBe('far')
    expect(failure.type).toBe(RangeError)
    expect(new Failure(failure).value).toBe(failure.value)
  })

  it('wraps what is no Error, and keeps it as cause', () => {
    for (const thrown of ['text', 5, null, undefined, { a: 1 }, Symbol('s'), Object.create(null)]) {
      const { value } = new Failure(thrown)
      expect(value).toBeInstanceOf(ThrownValueError)
      expect(value).toBeInstanceOf(Error)
      expect(value.cause).toBe(thrown)
      expect('cause' in value).toBe(true)
    }
    expect(new Failure('text').getErrorMessage()).toBe('text')
  })

  it('takes errors of another realm as errors', () => {
    const foreign = runInNewContext('new TypeError("elsewhere")')
    expect(foreign instanceof Error).toBe(false)
    expect(new Failure(foreign).value).toBe(foreign)
  })

  it('check gives the first kind that matches: a class by instanceof', () => {
    const failure = new Failure(new ConnectionRefusedError())
    expect(failure.check(TypeError, ConnectError, ConnectionRefusedError)).toBe(ConnectError)
    expect(failure.check(TypeError, TimeoutError)).toBe(null)
    expect(failure.check()).toBe(null)
  })

  it('check by name, by class name and by code', () => {
    class Odd extends Error {}
    expect(new Failure(new RangeError('x')).check('TypeError', 'RangeError')).toBe('RangeError')
    expect(new Failure(new Odd('x')).check('Odd')).toBe('Odd')
    expect(new Failure(new TimeoutError()).check('ERR_TIMEOUT')).toBe('ERR_TIMEOUT')
    expect(new Failure(Object.assign(new Error('x'), { code: 'ENOENT' })).check('ENOENT')).toBe('ENOENT')
    expect(new Failure(boom).check('boom', 'TypeError')).toBe(null)
  })

  it('trap does the same, but rethrows the value when none matches', () => {
    const failure = new Failure(new TypeError('t'))
    expect(failure.trap(RangeError, TypeError)).toBe(TypeError)
    expect(failure.trap('TypeError')).toBe('TypeError')
    let thrown: unknown
    try {
      failure.trap(RangeError)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBe(failure.value)
  })

  it('raiseException throws the value', () => {
    expect(() => new Failure(boom).raiseException()).toThrow(boom)
  })

  it('getTraceback holds the stack and those of the causes', () => {
    const root = new Error('the root')
    const text = new Failure(new Error('the top', { cause: new Error('the middle', { cause: root }) })).getTraceback()
    expect(text).toContain('Error: the top')
    expect(text).toContain('Caused by: Error: the middle')
    expect(text).toContain('Caused by: Error: the root')
    expect(text).toContain('failure.test')
  })

  it('getTraceback holds the parts of groups, and values that are no errors', () => {
    const group = new FailureGroup([new Failure(new Error('one')), new Failure(new Error('two'))])
    const text = new Failure(group).getTraceback()
    expect(text).toContain('Part 0: Error: one')
    expect(text).toContain('Part 1: Error: two')
    const aggregate = new Failure(new AggregateError([new Error('three'), 'four'], 'all')).getTraceback()
    expect(aggregate).toContain('Part 0: Error: three')
    expect(aggregate).toContain('Part 1: four')
  })

  it('getTraceback ends for causes in a circle, and for errors that cannot be shown', () => {
    const circle = new Error('round')
    circle.cause = circle
    expect(new Failure(circle).getTraceback()).toContain('round')
    const hostile = new Error('x')
    Object.defineProperty(hostile, 'stack', {
      get() {
        throw boom
      },
    })
    Object.defineProperty(hostile, 'message', {
      get() {
        throw boom
      },
    })
    expect(new Failure(hostile).getTraceback()).toContain('cannot be shown')
    expect(new Failure(hostile).getErrorMessage()).toBe('(cannot be shown)')
  })

  it('String(failure) is one line', () => {
    expect(String(new Failure(new RangeError('far')))).toBe('[Failure RangeError: far]')
    expect(String(new Failure(new Error('')))).toBe('[Failure Error]')
  })
})

describe('debugging', () => {
  afterEach(() => setDebugging(false))

  function makeHere(): Deferred<number> {
    return new Deferred<number>()
  }

  function fireHere(d: Deferred<number>): void {
    d.callback(1)
  }

  it('is off unless it was switched on', () => {
    expect(getDebugging()).toBe(false)
    setDebugging(true)
    expect(getDebugging()).toBe(true)
  })

  it('D09 the message of AlreadyCalledError holds where it was created and where it was first fired', () => {
    setDebugging(true)
    const d = makeHere()
    fireHere(d)
    let error: unknown
    try {
      d.callback(2)
    } catch (caught) {
      error = caught
    }
    expect(error).toBeInstanceOf(AlreadyCalledError)
    const { message } = error as Error
    expect(message).toContain('makeHere')
    expect(message).toContain('fireHere')
  })

  it('D09 with debugging off the message says no such thing', () => {
    const d = makeHere()
    fireHere(d)
    expect(() => d.callback(2)).toThrow(/^This Deferred has been fired already\.$/)
  })

  it('D09 switching debugging between creation and firing is safe', () => {
    const before = makeHere()
    setDebugging(true)
    fireHere(before)
    expect(() => before.callback(2)).toThrow(/fireHere/)
    expect(() => before.callback(2)).not.toThrow(/makeHere/)
    const after = makeHere()
    setDebugging(false)
    fireHere(after)
    expect(() => after.callback(2)).toThrow(/makeHere/)
    expect(() => after.callback(2)).not.toThrow(/fireHere/)
  })

  it('getTraceback tells where the Deferred was created', () => {
    setDebugging(true)
    const d = makeHere()
    d.errback(boom)
    expect(failureOf(d).getTraceback()).toContain('makeHere')
    const thrown = makeHere().addCallback(() => {
      throw boom
    })
    fireHere(thrown)
    const text = failureOf(thrown).getTraceback()
    expect(text).toContain('makeHere')
    expect(text).toContain('fireHere')
    setDebugging(false)
    expect(failureOf(fail(boom)).getTraceback()).not.toContain('created')
  })

  it('works for every way to make and fire one', () => {
    setDebugging(true)
    const inner = new Deferred<number>()
    const outer = succeed(1).addCallback(() => inner)
    const linked = new Deferred<number>()
    outer.chainDeferred(linked)
    inner.errback(boom)
    expect(() => linked.callback(1)).toThrow(/first fired/)
    expect(failureOf(linked).getTraceback()).toContain('boom')
  })
})
