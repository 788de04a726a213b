/** What stands in for AbortController where the host has none does the same as Node's. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { newAbortController, PortableController } from '../../../src/defer/abort-controller.js'
import { abortable, cancelOnAbort, Deferred, taskGroup } from '../../../src/defer/index.js'
import { CancelledError } from '../../../src/errors/index.js'
import { failureOf, logged } from './helpers.js'

describe.each([['the host\'s', AbortController], ['what stands in for it', PortableController]])('%s', (_name, Class) => {
  it('aborts once, with the reason it is given', () => {
    const controller = new Class()
    const { signal } = controller
    expect([signal.aborted, signal.reason, String(signal)]).toEqual([false, undefined, '[object AbortSignal]'])
    signal.throwIfAborted()
    controller.abort('first')
    controller.abort('second')
    expect([signal.aborted, signal.reason, controller.signal]).toEqual([true, 'first', signal])
    expect(() => signal.throwIfAborted()).toThrow('first')
  })

  it('has an AbortError for a reason that nobody gave', () => {
    const controller = new Class()
    controller.abort()
    expect(controller.signal.reason).toMatchObject({ name: 'AbortError', message: 'This operation was aborted' })
    expect(controller.signal.reason).toBeInstanceOf(Error)
  })

  it('calls its listeners in their order, each once, and none that was removed', () => {
    const controller = new Class()
    const { signal } = controller
    const told: string[] = []
    const twice = (): void => void told.push('twice')
    const removed = (): void => void told.push('removed')
    const inTime = (): void => void told.push('removed in time')
    const own = new Class()
    signal.addEventListener('abort', function (this: unknown, event) {
      told.push(`first ${event.type} ${event.target === signal} ${this === signal}`)
      signal.removeEventListener('abort', inTime)
    }, { once: true })
    signal.addEventListener('abort', twice)
    signal.addEventListener('abort', twice)
    signal.addEventListener('abort', removed)
    signal.addEventListener('abort', inTime)
    signal.addEventListener('abort', { handleEvent: (event) => told.push(`object ${event.type}`) })
    signal.addEventListener('abort', () => told.push('of a signal'), { signal: own.signal as AbortSignal })
    signal.addEventListener('other' as 'abort', () => told.push('other'))
    signal.removeEventListener('abort', removed)
    own.abort()
    controller.abort()
    expect(told).toEqual(['first abort true true', 'twice', 'object abort'])
  })

  it('calls onabort', () => {
    const controller = new Class()
    const told: unknown[] = []
    controller.signal.onabort = (event) => told.push(event.type)
    controller.abort()
    expect(told).toEqual(['abort'])
  })
})

describe('without AbortController', () => {
  beforeEach(() => vi.stubGlobal('AbortController', undefined))
  afterEach(() => vi.unstubAllGlobals())

  it('a listener that throws is logged, and the others are called', async () => {
    const controller = newAbortController()
    expect(controller).toBeInstanceOf(PortableController)
    let called = false
    const events = await logged(() => {
      controller.signal.addEventListener('abort', () => {
        throw new RangeError('planted')
      })
      controller.signal.addEventListener('abort', () => {
        called = true
      })
      controller.abort()
    })
    expect(called).toBe(true)
    expect(events.map((event) => String(event['message']))).toEqual(['A listener of an AbortSignal threw an error.'])
  })

  // By the standard; Node calls those as well.
  it('a listener that is added meanwhile is not called', () => {
    const { signal } = newAbortController() as PortableController
    let calls = 0
    signal.addEventListener('abort', () => signal.addEventListener('abort', () => void (calls += 1)))
    signal.addEventListener('abort', null)
    signal.dispatchEvent({ type: 'abort' } as Event)
    expect(calls).toBe(0)
    signal.dispatchEvent({ type: 'abort' } as Event)
    expect(calls).toBe(1)
  })

  it('abortable, cancelOnAbort and task groups work', () => {
    let heard = 0
    const waiting = abortable((signal) => {
      signal.addEventListener('abort', () => void (heard += 1))
      return new Deferred<never>()
    })
    waiting.cancel()
    expect(failureOf(waiting).value).toBeInstanceOf(CancelledError)
    const controller = newAbortController()
    const given = cancelOnAbort(controller.signal, new Deferred<never>())
    const group = taskGroup((one) => {
      one.signal.addEventListener('abort', () => void (heard += 1))
      return new Deferred<never>()
    }, { signal: controller.signal })
    controller.abort()
    expect(failureOf(given).value).toBeInstanceOf(CancelledError)
    expect(failureOf(group).value).toBeInstanceOf(CancelledError)
    expect(heard).toBe(2)
  })
})
