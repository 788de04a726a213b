import { describe, expect, it } from 'vitest'
import { CancelledError, NotAcquired, QueueOverflow, QueueUnderflow } from '../../../src/errors/index.js'
import { Deferred, DeferredLock, DeferredQueue, DeferredSemaphore, Failure, succeed } from '../../../src/defer/index.js'
import { failureOf, resultOf } from './helpers.js'

const boom = new Error('boom')

describe('DeferredLock', () => {
  it('D39 hands over first in, first out, and stays taken during the hand-over', () => {
    const lock = new DeferredLock()
    const order: unknown[] = []
    expect(lock.locked).toBe(false)
    expect(resultOf(lock.acquire())).toBe(lock)
    for (const name of ['a', 'b']) lock.acquire().addCallback(() => void order.push([name, lock.locked]))
    expect(lock.waiting).toHaveLength(2)
    lock.release()
    expect(order).toEqual([['a', true]])
    expect(lock.waiting).toHaveLength(1)
    lock.release()
    expect(order).toEqual([
      ['a', true],
      ['b', true],
    ])
    expect(lock.locked).toBe(true)
    lock.release()
    expect(lock.locked).toBe(false)
  })

  it('D39 a cancelled waiter is skipped', () => {
    const lock = new DeferredLock()
    lock.acquire()
    const first = lock.acquire()
    const second = lock.acquire()
    first.cancel()
    expect(failureOf(first).value).toBeInstanceOf(CancelledError)
    expect(lock.waiting).toEqual([second])
    lock.release()
    expect(resultOf(second)).toBe(lock)
    lock.release()
    expect(lock.locked).toBe(false)
  })

  it('D39 any pattern of cancelled waiters leaves the others in order', () => {
    for (let pattern = 0; pattern < 64; pattern++) {
      const lock = new DeferredLock()
      lock.acquire()
      const told: number[] = []
      const waiters = Array.from({ length: 6 }, (_, i) => lock.acquire().addCallback(() => void told.push(i)))
      const cancelled = waiters.filter((_, i) => (pattern & (1 << i)) !== 0)
      for (const waiter of cancelled) {
        waiter.cancel()
        failureOf(waiter)
      }
      expect(lock.waiting).toHaveLength(6 - cancelled.length)
      for (let i = cancelled.length; i < 7; i++) lock.release()
      expect(told).toEqual([0, 1, 2, 3, 4, 5].filter((i) => (pattern & (1 << i)) === 0))
      expect(lock.locked).toBe(false)
      expect(() => lock.release()).toThrow(NotAcquired)
    }
  })

  it('D39 over-release throws', () => {
    const lock = new DeferredLock()
    expect(() => lock.release()).toThrow(NotAcquired)
    lock.acquire()
    lock.release()
    expect(() => lock.release()).toThrow(NotAcquired)
    expect(lock.locked).toBe(false)
  })

  it('D39 run releases on success and on failure', () => {
    const lock = new DeferredLock()
    expect(resultOf(lock.run((a: number, b: number) => a + b, 2, 3))).toBe(5)
    expect(lock.locked).toBe(false)
    const failed = lock.run(() => {
      throw boom
    })
    expect(failureOf(failed).value).toBe(boom)
    expect(lock.locked).toBe(false)
    const inner = new Deferred<string>()
    const running = lock.run(() => inner)
    expect(lock.locked).toBe(true)
    inner.callback('in')
    expect(resultOf(running)).toBe('in')
    expect(lock.locked).toBe(false)
  })

  it('D39 run waits for a promise', async () => {
    const lock = new DeferredLock()
    const running = lock.run(async () => 'done')
    expect(lock.locked).toBe(true)
    expect(await running).toBe('done')
    expect(lock.locked).toBe(false)
  })

  it('D39 cancelling a run cancels the waiting, or the function', () => {
    const lock = new DeferredLock()
    const inner = new Deferred<string>()
    const running = lock.run(() => inner)
    let isCalled = false
    const waiting = lock.run(() => void (isCalled = true))
    waiting.cancel()
    expect(failureOf(waiting).value).toBeInstanceOf(CancelledError)
    running.cancel()
    expect(failureOf(running).value).toBeInstanceOf(CancelledError)
    expect(lock.locked).toBe(false)
    expect(isCalled).toBe(false)
  })

  it('a waiter that releases and asks again goes to the end of the line', () => {
    const lock = new DeferredLock()
    const order: string[] = []
    lock.acquire()
    lock.acquire().addCallback(() => {
      order.push('a')
      lock.release()
      lock.acquire().addCallback(() => void order.push('a again'))
    })
    lock.acquire().addCallback(() => {
      order.push('b')
      lock.release()
    })
    lock.release()
    expect(order).toEqual(['a', 'b', 'a again'])
    expect(lock.locked).toBe(true)
  })

  it('one that is cancelled after it was given the lock and before it was told passes it on', () => {
    const lock = new DeferredLock()
    const order: string[] = []
    lock.acquire()
    lock.acquire().addCallback(() => {
      lock.release()
      second.cancel()
    })
    const second = lock.acquire()
    const third = lock.acquire().addCallback(() => void order.push('third'))
    lock.release()
    expect(failureOf(second).value).toBeInstanceOf(CancelledError)
    expect(order).toEqual(['third'])
    expect(third.called).toBe(true)
    lock.release()
    expect(lock.locked).toBe(false)
  })
})

describe('DeferredSemaphore', () => {
  it('D39 lets so many in, and the others in order', () => {
    const semaphore = new DeferredSemaphore(2)
    const told: number[] = []
    for (let i = 0; i < 5; i++) semaphore.acquire().addCallback(() => void told.push(i))
    expect(told).toEqual([0, 1])
    expect([semaphore.tokens, semaphore.limit, semaphore.waiting.length]).toEqual([0, 2, 3])
    semaphore.release()
    expect(told).toEqual([0, 1, 2])
    expect(semaphore.tokens).toBe(0)
    for (let i = 0; i < 4; i++) semaphore.release()
    expect(told).toEqual([0, 1, 2, 3, 4])
    expect(semaphore.tokens).toBe(2)
    expect(() => semaphore.release()).toThrow(NotAcquired)
  })

  it('D39 run, and a cancelled waiter', () => {
    const semaphore = new DeferredSemaphore(1)
    const inner = new Deferred<number>()
    const first = semaphore.run(() => inner)
    const second = semaphore.run(() => 2)
    const third = semaphore.run(() => 3)
    second.cancel()
    failureOf(second)
    inner.errback(boom)
    expect(failureOf(first).value).toBe(boom)
    expect(resultOf(third)).toBe(3)
    expect(semaphore.tokens).toBe(1)
  })

  it('refuses a number of tokens that makes no sense', () => {
    for (const tokens of [0, -1, 1.5, NaN, Infinity, '1' as never]) {
      expect(() => new DeferredSemaphore(tokens)).toThrow(RangeError)
    }
  })
})

describe('DeferredQueue', () => {
  it('first put, first got; first asked, first served', () => {
    const queue = new DeferredQueue<number>()
    queue.put(1)
    queue.put(2)
    expect(queue.pending).toEqual([1, 2])
    expect([resultOf(queue.get()), resultOf(queue.get())]).toEqual([1, 2])
    const [a, b] = [queue.get(), queue.get()]
    expect(queue.waiting).toEqual([a, b])
    queue.put(3)
    queue.put(4)
    expect([resultOf(a), resultOf(b)]).toEqual([3, 4])
    expect([queue.pending, queue.waiting]).toEqual([[], []])
  })

  it('D39 overflow and underflow throw synchronously', () => {
    const queue = new DeferredQueue<number>(2, 1)
    const waiter = queue.get()
    expect(() => queue.get()).toThrow(QueueUnderflow)
    queue.put(0)
    queue.put(1)
    queue.put(2)
    expect(() => queue.put(3)).toThrow(QueueOverflow)
    expect(resultOf(waiter)).toBe(0)
    expect(queue.pending).toEqual([1, 2])
    const none = new DeferredQueue<number>(0, 0)
    expect(() => none.put(1)).toThrow(QueueOverflow)
    expect(() => none.get()).toThrow(QueueUnderflow)
  })

  it('D39 a cancelled get does not swallow the next put', () => {
    const queue = new DeferredQueue<number>(undefined, 2)
    const [a, b] = [queue.get(), queue.get()]
    a.cancel()
    expect(failureOf(a).value).toBeInstanceOf(CancelledError)
    const c = queue.get()
    expect(() => queue.get()).toThrow(QueueUnderflow)
    queue.put(1)
    queue.put(2)
    expect([resultOf(b), resultOf(c)]).toEqual([1, 2])
    const d = queue.get()
    d.cancel()
    failureOf(d)
    queue.put(3)
    expect(queue.pending).toEqual([3])
  })

  it('D39 the backlog counts those who wait, not those who left', () => {
    const one = new DeferredQueue<number>(undefined, 1)
    for (let i = 0; i < 3; i++) {
      const waiter = one.get()
      expect(() => one.get()).toThrow(QueueUnderflow)
      waiter.cancel()
      failureOf(waiter)
    }
    const three = new DeferredQueue<number>(undefined, 3)
    const [a, b] = [three.get(), three.get(), three.get()]
    a.cancel()
    failureOf(a)
    three.put(1)
    expect(resultOf(b)).toBe(1)
    three.get()
    three.get()
    expect(three.waiting).toHaveLength(3)
    expect(() => three.get()).toThrow(QueueUnderflow)
  })

  it('stays in order over many items and waiters', () => {
    const queue = new DeferredQueue<number>()
    const got: number[] = []
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 500; i++) queue.put(i)
      for (let i = 0; i < 700; i++) queue.get().addCallback((x) => void got.push(x))
      for (let i = 500; i < 700; i++) queue.put(i)
    }
    const once = Array.from({ length: 700 }, (_, i) => i)
    expect(got).toEqual([...once, ...once, ...once])
  })

  it('refuses Deferreds, promises and limits that make no sense', () => {
    const queue = new DeferredQueue<unknown>()
    expect(() => queue.put(succeed(1))).toThrow(TypeError)
    expect(() => queue.put(Promise.resolve(1))).toThrow(TypeError)
    expect(() => new DeferredQueue(-1)).toThrow(RangeError)
    expect(() => new DeferredQueue(1, NaN)).toThrow(RangeError)
  })

  it('a Failure that is put in fails the get', () => {
    const queue = new DeferredQueue<unknown>()
    const failure = new Failure(boom)
    const waiter = queue.get()
    queue.put(failure)
    queue.put(failure)
    expect(failureOf(waiter)).toBe(failure)
    expect(failureOf(queue.get())).toBe(failure)
  })
})
