/** AbortSignal both ways: a signal that cancels, and cancelling that aborts a signal. */
import { describe, expect, it } from 'vitest'
import { abortable, cancelOnAbort, Deferred, succeed } from '../../../src/defer/index.js'
import { CancelledError, TimeoutError } from '../../../src/errors/index.js'
import { collect, failureOf, HandClock, logged, resultOf } from './helpers.js'

/** A controller, and how many listeners its signal has. */
function watched(): { controller: AbortController; listeners: () => number } {
  const controller = new AbortController()
  const { signal } = controller
  const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)]
  let count = 0
  signal.addEventListener = ((...args: [any, any]) => (count++, add(...args))) as never
  signal.removeEventListener = ((...args: [any, any]) => (count--, remove(...args))) as never
  return { controller, listeners: () => count }
}

describe('one signal for many Deferreds', () => {
  it('has one listener, as long as one of them has no result', () => {
    const { controller, listeners } = watched()
    const all = Array.from({ length: 1000 }, () => cancelOnAbort(controller.signal, new Deferred<void>()))
    expect(listeners()).toBe(1)
    for (const each of all.slice(1)) each.callback()
    expect(listeners()).toBe(1)
    all[0].callback()
    expect(listeners()).toBe(0)
    const late = cancelOnAbort(controller.signal, new Deferred<void>())
    expect(listeners()).toBe(1)
    controller.abort()
    expect(listeners()).toBe(0)
    expect(failureOf(late).value).toBeInstanceOf(CancelledError)
  })

  it('cancels them in the order they came, those added meanwhile at once', () => {
    const controller = new AbortController()
    const log: string[] = []
    const watch = (name: string): void => {
      cancelOnAbort(controller.signal, new Deferred<void>()).addErrback(() => {
        log.push(name)
        if (name === 'a') watch('c')
      })
    }
    watch('a')
    watch('b')
    controller.abort()
    expect(log).toEqual(['a', 'c', 'b'])
  })

  it('counts a Deferred once, however often it is given', () => {
    const { controller, listeners } = watched()
    const d = new Deferred<void>()
    cancelOnAbort(controller.signal, cancelOnAbort(controller.signal, d))
    d.callback()
    expect(listeners()).toBe(0)
  })
})

describe('abortable', () => {
  it('gives what comes of the function: value, promise, Deferred, error', async () => {
    expect(resultOf(abortable(() => 1))).toBe(1)
    expect(resultOf(abortable(() => succeed('x')))).toBe('x')
    expect(await abortable(async () => 'y')).toBe('y')
    const error = new Error('thrown')
    expect(failureOf(abortable(() => {
      throw error
    })).value).toBe(error)
  })

  it('cancelling aborts the signal, and fails with CancelledError, whatever the function does about it', async () => {
    let signal: AbortSignal | undefined
    const d = abortable((given) => {
      signal = given
      return new Promise((_resolve, reject) => given.addEventListener('abort', () => reject(given.reason)))
    })
    expect(signal?.aborted).toBe(false)
    d.cancel()
    expect(signal?.aborted).toBe(true)
    expect(failureOf(d).value).toBeInstanceOf(CancelledError)
    const events = await logged(() => collect())
    expect(events).toEqual([])
  })

  it('so does a timeout', () => {
    const clock = new HandClock()
    let signal: AbortSignal | undefined
    const d = abortable((given) => {
      signal = given
      return new Deferred<void>()
    }).addTimeout(10, clock)
    clock.advance(10)
    expect([signal?.aborted, failureOf(d).value.constructor]).toEqual([true, TimeoutError])
  })

  it('a signal that is no longer of use is left alone', () => {
    let signal: AbortSignal | undefined
    const d = abortable((given) => {
      signal = given
      return 1
    })
    d.cancel()
    expect(signal?.aborted).toBe(false)
  })
})
