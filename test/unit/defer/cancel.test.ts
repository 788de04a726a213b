import { types } from 'node:util'
import { afterEach, describe, expect, it } from 'vitest'
import { AlreadyCalledError, CancelledError, TimeoutError } from '../../../src/errors/index.js'
import { Deferred, fail, Failure, setDebugging, succeed } from '../../../src/defer/index.js'
import { cancelOnAbort } from '../../../src/defer/abort.js'
import { failureOf, HandClock, logged, resultOf } from './helpers.js'

const boom = new Error('boom')

describe('cancel', () => {
  it('D22 with no canceller: CancelledError, one later firing is swallowed, the next throws', () => {
    for (const late of [(d: Deferred<number>) => d.callback(1), (d: Deferred<number>) => d.errback(boom)]) {
      const d = new Deferred<number>()
      d.cancel()
      expect(failureOf(d).value).toBeInstanceOf(CancelledError)
      late(d)
      expect(d.result).toBe(undefined)
      expect(() => late(d)).toThrow(AlreadyCalledError)
    }
  })

  it('D22 cancelling twice still swallows one firing only', () => {
    const d = new Deferred<number>()
    d.cancel()
    d.cancel()
    failureOf(d)
    d.callback(1)
    expect(() => d.callback(2)).toThrow(AlreadyCalledError)
  })

  it('D23 a canceller that does nothing: called once, then CancelledError, later firings throw', () => {
    const calls: unknown[] = []
    const d = new Deferred<number>((self) => void calls.push(self))
    d.cancel()
    expect(calls).toEqual([d])
    d.cancel()
    expect(calls).toHaveLength(1)
    expect(failureOf(d).value).toBeInstanceOf(CancelledError)
    expect(() => d.callback(1)).toThrow(AlreadyCalledError)
    expect(() => d.errback(boom)).toThrow(AlreadyCalledError)
  })

  it('D24 a canceller that fires the Deferred decides its result', () => {
    const good = new Deferred<string>((self) => self.callback('mine'))
    good.cancel()
    expect(resultOf(good)).toBe('mine')
    const bad = new Deferred<string>((self) => self.errback(boom))
    bad.cancel()
    expect(failureOf(bad).value).toBe(boom)
  })

  it('a canceller that cancels again is not called again', () => {
    let calls = 0
    const d = new Deferred((self) => {
      calls++
      self.cancel()
    })
    d.cancel()
    expect(calls).toBe(1)
    expect(failureOf(d).value).toBeInstanceOf(CancelledError)
  })

  it('D25 cancel after firing, nothing inside: nothing happens', () => {
    let calls = 0
    const d = new Deferred<number>(() => calls++)
    d.callback(5)
    d.cancel()
    expect(calls).toBe(0)
    expect(resultOf(d)).toBe(5)
    const paused = new Deferred<number>(() => calls++)
    paused.pause()
    paused.callback(5)
    paused.cancel()
    paused.unpause()
    expect(calls).toBe(0)
    expect(resultOf(paused)).toBe(5)
  })

  it('D26 fired and waiting on an inner: the inner is cancelled, its own errbacks first', () => {
    const order: string[] = []
    const inner = new Deferred<string>(() => order.push('canceller'))
    inner.addErrback((failure) => {
      order.push(failure.value.name)
      return 'a value after all'
    })
    const outer = succeed(1).addCallback(() => inner)
    outer.cancel()
    expect(order).toEqual(['canceller', 'CancelledError'])
    expect(resultOf(outer)).toBe('a value after all')
  })

  it('D26 without such errbacks the outer fails with CancelledError', () => {
    const inner = new Deferred<string>()
    const outer = succeed(1).addCallback(() => inner)
    outer.cancel()
    expect(failureOf(outer).value).toBeInstanceOf(CancelledError)
    inner.callback('late')
    expect(() => inner.callback('later')).toThrow(AlreadyCalledError)
  })

  it('D27 in outer ← middle ← inner only the innermost canceller is called', () => {
    const calls: string[] = []
    const inner = new Deferred<number>(() => calls.push('inner'))
    const middle = new Deferred<number>(() => calls.push('middle'))
    const outer = new Deferred<number>(() => calls.push('outer'))
    middle.addCallback(() => inner)
    outer.addCallback(() => middle)
    outer.callback(1)
    middle.callback(1)
    outer.cancel()
    expect(calls).toEqual(['inner'])
    expect(failureOf(outer).value).toBeInstanceOf(CancelledError)
  })

  it('D27 a middle that has not fired is itself the innermost', () => {
    const calls: string[] = []
    const inner = new Deferred<number>(() => calls.push('inner'))
    const middle = new Deferred<number>(() => calls.push('middle'))
    middle.addCallback(() => inner)
    const outer = succeed(0).addCallback(() => middle)
    outer.cancel()
    expect(calls).toEqual(['middle'])
    expect(failureOf(outer).value).toBeInstanceOf(CancelledError)
    inner.callback(0)
  })

  it('D28 a canceller that throws: the error leaves cancel(), the Deferred is still unfired', () => {
    let calls = 0
    const d = new Deferred<number>(() => {
      calls++
      throw boom
    })
    expect(() => d.cancel()).toThrow(boom)
    expect(d.called).toBe(false)
    expect(() => d.cancel()).toThrow(boom)
    expect(calls).toBe(2)
    d.callback(1)
    expect(resultOf(d)).toBe(1)
  })

  it('cancelling one of a circle frees it, and those that wait for it', () => {
    const [a, b] = [new Deferred<any>(), new Deferred<any>()]
    a.addCallback(() => b)
    b.addCallback(() => a)
    a.callback(1)
    b.callback(2)
    expect(String(a)).toBe('<Deferred waiting on itself>')
    const seen: unknown[] = []
    b.addErrback((failure) => void seen.push(failure.value))
    a.cancel()
    expect(seen).toHaveLength(1)
    expect(seen[0]).toBeInstanceOf(CancelledError)
    expect(String(a)).toBe('<Deferred current result: undefined>')
  })
})

describe('the error of a cancellation', () => {
  afterEach(() => setDebugging(false))

  function cancelHere(d: Deferred<any>): void {
    d.cancel()
  }

  it('D22 is one error, the same whenever it is asked for, and like any other', async () => {
    const d = new Deferred<number>()
    cancelHere(d)
    const failure = failureOf(d)
    const { value } = failure
    expect(failure.value).toBe(value)
    expect([value.name, value.message, (value as CancelledError).code, failure.type]).toEqual(
      ['CancelledError', 'The operation was cancelled.', 'ERR_DEFERRED_CANCELLED', CancelledError])
    expect([types.isNativeError(value), typeof value.stack]).toEqual([true, 'string'])
    expect(structuredClone(value).message).toBe(value.message)
    expect(new Failure(failure).value).toBe(value)
    const awaited = new Deferred<number>()
    const seen = awaited.catch((error: unknown) => error)
    awaited.cancel()
    expect(await seen).toBeInstanceOf(CancelledError)
  })

  it('looked at while it is cancelled, tells from where', () => {
    const d = new Deferred<number>()
    let stack: string | undefined
    d.addErrback((failure) => void (stack = failure.value.stack))
    cancelHere(d)
    expect(stack).toContain('cancelHere')
  })

  it('with debugging on, tells that whenever it is looked at', () => {
    setDebugging(true)
    const d = new Deferred<number>()
    cancelHere(d)
    const failure = failureOf(d)
    expect(failure.value.stack).toContain('cancelHere')
    expect(failure.getTraceback()).toMatch(/was created:\n[^]*cancel\.test[^]*was first fired:\n[^]*cancelHere/)
  })

  it('is told of and told apart without being made', () => {
    const d = new Deferred<number>()
    d.cancel()
    const failure = failureOf(d)
    expect(failure.trap(TimeoutError, CancelledError)).toBe(CancelledError)
    expect(failure.getErrorMessage()).toBe('The operation was cancelled.')
    expect([String(failure), failure.getTraceback().split('\n')]).toEqual([
      '[Failure CancelledError: The operation was cancelled.]', ['CancelledError: The operation was cancelled.'],
    ])
    expect(failure._value).toBe(undefined)
    expect(failure.check('CancelledError')).toBe('CancelledError')
    expect(failure.check(TimeoutError, 'ERR_DEFERRED_CANCELLED')).toBe('ERR_DEFERRED_CANCELLED')
    expect(() => failure.trap(TimeoutError)).toThrow(CancelledError)
  })
})

describe('addTimeout', () => {
  it('D36 at the deadline cancels, and CancelledError becomes TimeoutError', () => {
    const clock = new HandClock()
    let cancelled = 0
    const d = new Deferred<number>(() => cancelled++).addTimeout(100, clock)
    clock.advance(99)
    expect(d.called).toBe(false)
    clock.advance(1)
    expect(cancelled).toBe(1)
    const failure = failureOf(d)
    expect(failure.value).toBeInstanceOf(TimeoutError)
    expect(failure.getErrorMessage()).toContain('100 ms')
    expect(clock.active).toBe(0)
  })

  it('D36 firing first removes the timer, with a value or a failure', () => {
    const clock = new HandClock()
    const good = new Deferred<number>().addTimeout(100, clock)
    good.callback(1)
    const bad = new Deferred<number>().addTimeout(100, clock)
    bad.errback(boom)
    expect(clock.active).toBe(0)
    clock.advance(1000)
    expect(resultOf(good)).toBe(1)
    expect(failureOf(bad).value).toBe(boom)
    expect(resultOf(succeed(2).addTimeout(5, clock))).toBe(2)
    expect(clock.active).toBe(0)
  })

  it('D36 covers the callbacks added before it', () => {
    const clock = new HandClock()
    let cancelled = 0
    const inner = new Deferred<number>(() => cancelled++)
    const d = succeed(1).addCallback(() => inner).addTimeout(100, clock)
    clock.advance(100)
    expect(cancelled).toBe(1)
    expect(failureOf(d).value).toBeInstanceOf(TimeoutError)
  })

  it('D36 and not those added after it', () => {
    const clock = new HandClock()
    const inner = new Deferred<number>()
    const d = new Deferred<number>().addTimeout(100, clock).addCallback(() => inner)
    d.callback(1)
    expect(clock.active).toBe(0)
    clock.advance(100)
    inner.callback(7)
    expect(resultOf(d)).toBe(7)
  })

  it('D36 a canceller own result is kept', () => {
    const clock = new HandClock()
    const good = new Deferred<string>((self) => self.callback('partial')).addTimeout(100, clock)
    const bad = new Deferred<string>((self) => self.errback(boom)).addTimeout(100, clock)
    clock.advance(100)
    expect(resultOf(good)).toBe('partial')
    expect(failureOf(bad).value).toBe(boom)
  })

  it('D36 onTimeoutCancel(value, ms) replaces the translation', () => {
    const clock = new HandClock()
    const seen: unknown[] = []
    const d = new Deferred<string>().addTimeout(100, clock, (result, ms) => {
      seen.push(result instanceof Failure && result.value, ms)
      return 'instead'
    })
    const kept = new Deferred<string>((self) => self.callback('partial')).addTimeout(50, clock, (result) => [result])
    const never = new Deferred<string>().addTimeout(100, clock, () => seen.push('never'))
    never.callback('in time')
    clock.advance(100)
    expect(seen).toEqual([expect.any(CancelledError), 100])
    expect(resultOf(d)).toBe('instead')
    expect(resultOf(kept)).toEqual(['partial'])
    expect(resultOf(never)).toBe('in time')
  })

  it('D36 a manual cancel before the deadline stays CancelledError and removes the timer', () => {
    const clock = new HandClock()
    const d = new Deferred<string>().addTimeout(100, clock, () => 'never')
    d.cancel()
    expect(clock.active).toBe(0)
    expect(failureOf(d).value).toBeInstanceOf(CancelledError)
  })

  it('D36 two limits: the shorter one decides', () => {
    const clock = new HandClock()
    const d = new Deferred<string>().addTimeout(100, clock, () => 'inner').addTimeout(50, clock, () => 'outer')
    clock.advance(50)
    expect(resultOf(d)).toBe('outer')
    expect(clock.active).toBe(0)
  })

  it('D36 a bad delay leaves the Deferred as it was', () => {
    const d = new Deferred<string>()
    expect(() => d.addTimeout(-1, new HandClock())).toThrow(RangeError)
    d.callback('still fine')
    expect(resultOf(d)).toBe('still fine')
  })
})

describe('cancelOnAbort', () => {
  /** A signal whose listeners can be counted. */
  function watchedSignal(): { controller: AbortController; listeners: () => number } {
    const controller = new AbortController()
    const { signal } = controller
    const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)]
    let count = 0
    signal.addEventListener = ((...args: [any, any]) => (count++, add(...args))) as never
    signal.removeEventListener = ((...args: [any, any]) => (count--, remove(...args))) as never
    return { controller, listeners: () => count }
  }

  it('cancels when the signal aborts', () => {
    const { controller, listeners } = watchedSignal()
    const d = cancelOnAbort(controller.signal, new Deferred<number>())
    expect(listeners()).toBe(1)
    controller.abort()
    expect(listeners()).toBe(0)
    expect(failureOf(d).value).toBeInstanceOf(CancelledError)
  })

  it('cancels at once if it has aborted', () => {
    const d = cancelOnAbort(AbortSignal.abort(), new Deferred<number>())
    expect(failureOf(d).value).toBeInstanceOf(CancelledError)
  })

  it('keeps no listener once there is a result, and lets it pass', () => {
    const { controller, listeners } = watchedSignal()
    const good = cancelOnAbort(controller.signal, new Deferred<number>())
    const bad = cancelOnAbort(controller.signal, new Deferred<number>())
    expect(listeners()).toBe(1)
    good.callback(1)
    expect(listeners()).toBe(1)
    bad.errback(boom)
    expect(listeners()).toBe(0)
    expect(resultOf(good)).toBe(1)
    expect(failureOf(bad).value).toBe(boom)
    cancelOnAbort(controller.signal, succeed(1))
    expect(listeners()).toBe(0)
    controller.abort()
    expect(resultOf(cancelOnAbort(controller.signal, succeed(4)))).toBe(4)
  })

  it('does nothing without a signal', () => {
    const d = new Deferred<number>()
    expect(cancelOnAbort(undefined, d)).toBe(d)
    expect(d.called).toBe(false)
  })

  it('logs what a canceller throws', async () => {
    const controller = new AbortController()
    cancelOnAbort(
      controller.signal,
      new Deferred<number>(() => {
        throw boom
      }),
    )
    const events = await logged(() => controller.abort())
    expect(events.map((event) => [event.level, event.failure?.value])).toEqual([['critical', boom]])
  })

  it('fails a Deferred that waits for another', () => {
    const controller = new AbortController()
    const inner = new Deferred<number>()
    const d = cancelOnAbort(controller.signal, succeed(1).addCallback(() => inner))
    controller.abort()
    expect(failureOf(d).value).toBeInstanceOf(CancelledError)
    expect(resultOf(fail(boom).addErrback(() => 'ok'))).toBe('ok')
  })
})
