/** taskGroup: children never outlive the group, and the first failure cancels the others. */
import { describe, expect, it } from 'vitest'
import { Deferred, fail, inlineCallbacks, succeed, taskGroup } from '../../../src/defer/index.js'
import type { TaskGroup } from '../../../src/defer/index.js'
import { CancelledError, FailureGroup, TaskGroupClosed } from '../../../src/errors/index.js'
import { collect, failureOf, logged, resultOf } from '../defer/helpers.js'

const boom = new Error('boom')

function groupError(deferred: Deferred<any>): FailureGroup {
  const { value } = failureOf(deferred)
  if (!(value instanceof FailureGroup)) throw value
  return value
}

const parts = (error: FailureGroup): unknown[] => error.failures.map((failure) => failure.value)

describe('taskGroup', () => {
  it('fires with the result of its body once everything that was started is done', () => {
    const children = [new Deferred<number>(), new Deferred<number>()]
    let open: TaskGroup | undefined
    const group = taskGroup((self) => {
      open = self
      for (const child of children) self.start(() => child)
      return 'body'
    })
    expect([group.called, open?.size]).toEqual([false, 2])
    children[0].callback(1)
    expect(group.called).toBe(false)
    children[1].callback(2)
    expect(resultOf(group)).toBe('body')
    expect(open?.size).toBe(0)
  })

  it('start calls at once with its arguments, and gives the result', () => {
    const group = taskGroup((self) => {
      const sum = self.start((a: number, b: number) => a + b, 1, 2)
      return sum.addCallback((result) => result * 10)
    })
    expect(resultOf(group)).toBe(30)
  })

  it('what is added to what start returned runs before the group ends', () => {
    const log: string[] = []
    const child = new Deferred<number>()
    taskGroup((self) => {
      self.start(() => child).addCallback((value) => void log.push(`child ${value}`))
    }).addCallback(() => void log.push('group'))
    child.callback(1)
    expect(log).toEqual(['child 1', 'group'])
  })

  it('an async body may await what it starts', async () => {
    const group = taskGroup(async (self) => {
      const a = self.start(async () => 1)
      const b = self.start(() => succeed(2))
      return (await a) + (await b)
    })
    expect(await group).toBe(3)
  })

  it('the first failure cancels the siblings; those that fail of it are in the FailureGroup, no cancelled ones', () => {
    const cleanUp = new Error('clean-up')
    const cancelled: string[] = []
    const first = new Deferred<void>()
    const second = new Deferred<void>(() => void cancelled.push('second'))
    const third = new Deferred<void>((d) => {
      cancelled.push('third')
      d.errback(cleanUp)
    })
    const group = taskGroup((self) => {
      for (const each of [first, second, third]) self.start(() => each)
    })
    first.errback(boom)
    expect(cancelled).toEqual(['second', 'third'])
    const error = groupError(group)
    expect(parts(error)).toEqual([boom, cleanUp])
    expect(error.message).toMatch(/^2 .*boom/)
  })

  it('does not end before a sibling that takes its time to end', () => {
    let inner: Deferred<void> | undefined
    const slow = inlineCallbacks(function* () {
      try {
        yield new Deferred<void>()
      } finally {
        yield (inner = new Deferred<void>())
      }
    })
    const bad = new Deferred<void>()
    const group = taskGroup((self) => {
      self.start(slow)
      self.start(() => bad)
    })
    bad.errback(boom)
    expect(group.called).toBe(false)
    inner?.callback()
    expect(parts(groupError(group))).toEqual([boom])
  })

  it('a body that fails cancels what it started', () => {
    const child = new Deferred<void>()
    const group = taskGroup((self) => {
      self.start(() => child)
      throw boom
    })
    expect(failureOf(child).value).toBeInstanceOf(CancelledError)
    expect(parts(groupError(group))).toEqual([boom])
  })

  it('a child that throws at once is a failure like any other, and start still gives a Deferred', () => {
    const group = taskGroup((self) => {
      const child = self.start(() => {
        throw boom
      })
      expect(String(child)).toMatch(/boom/)
      expect(failureOf(child).value).toBe(boom)
      expect(() => self.start(() => 1)).toThrow(CancelledError)
    })
    expect(parts(groupError(group))).toEqual([boom])
  })

  it('cancelling it cancels all, and it fails once they have ended', () => {
    let finish: (() => void) | undefined
    const stubborn = new Deferred<void>()
    const child = inlineCallbacks(function* () {
      try {
        yield new Deferred<void>()
      } catch {
        yield stubborn
      }
    })
    const group = taskGroup((self) => {
      self.start(child)
      finish = () => stubborn.callback()
    })
    group.cancel()
    expect(group.called).toBe(false)
    group.cancel()
    finish?.()
    expect(failureOf(group).value).toBeInstanceOf(CancelledError)
  })

  it('cancelling what waits for it reaches it', () => {
    const child = new Deferred<void>()
    const outer = succeed(1).addCallback(() => taskGroup((self) => void self.start(() => child)))
    outer.cancel()
    expect(failureOf(child).value).toBeInstanceOf(CancelledError)
    expect(failureOf(outer).value).toBeInstanceOf(CancelledError)
  })

  it('group.cancel() does the same from inside', () => {
    const child = new Deferred<void>()
    const group = taskGroup((self) => {
      self.start(() => child)
      self.cancel()
      return 'not this'
    })
    failureOf(child)
    expect(failureOf(group).value).toBeInstanceOf(CancelledError)
  })

  it('a signal cancels it; one that has aborted keeps the body from being called', () => {
    const controller = new AbortController()
    const group = taskGroup((self) => self.start(() => new Deferred<void>()), { signal: controller.signal })
    controller.abort()
    expect(failureOf(group).value).toBeInstanceOf(CancelledError)
    let calls = 0
    const late = taskGroup(() => void calls++, { signal: controller.signal })
    expect(failureOf(late).value).toBeInstanceOf(CancelledError)
    expect(calls).toBe(0)
  })

  it('a native promise is told by the signal of the group, and waited for', async () => {
    const log: string[] = []
    const bad = new Deferred<void>()
    const group = taskGroup((self) => {
      self.start(async () => {
        await new Promise<void>((resolve) => self.signal.addEventListener('abort', () => resolve()))
        log.push('told')
        await Promise.resolve()
        log.push('ended')
      })
      self.start(() => bad)
    })
    bad.errback(boom)
    expect(group.called).toBe(false)
    await group.catch(() => log.push('group'))
    expect(log).toEqual(['told', 'ended', 'group'])
  })

  it('cancelling what start returned for a promise does not end the wait for it', async () => {
    let release: (() => void) | undefined
    const group = taskGroup((self) => {
      const child = self.start(() => new Promise<void>((resolve) => (release = resolve)))
      child.addErrback(() => undefined)
      child.cancel()
    })
    await Promise.resolve()
    expect(group.called).toBe(false)
    release?.()
    expect(await group).toBe(undefined)
  })

  it('a child that was cancelled by itself is no failure, and its siblings go on', () => {
    const sibling = new Deferred<string>()
    const seen: unknown[] = []
    const group = taskGroup((self) => {
      self.start(() => sibling).addCallback((value) => void seen.push(value))
      const child = self.start(() => new Deferred<void>())
      child.cancel()
      child.addErrback(() => undefined)
      return 'fine'
    })
    sibling.callback('went on')
    expect([resultOf(group), seen]).toEqual(['fine', ['went on']])
  })

  it('children may start others after the body is done; nobody may once the group has ended', () => {
    const first = new Deferred<void>()
    const second = new Deferred<void>()
    let self: TaskGroup | undefined
    const group = taskGroup((opened) => {
      self = opened
      opened.start(() => first.addCallback(() => void opened.start(() => second)))
    })
    first.callback()
    expect(group.called).toBe(false)
    second.callback()
    expect(group.called).toBe(true)
    expect(() => self?.start(() => 1)).toThrow(TaskGroupClosed)
  })

  it('a failure of a child is reported by the group alone', async () => {
    const events = await logged(async () => {
      const make = (): void => {
        taskGroup((self) => {
          self.start(() => fail(boom))
          self.start(async () => {
            throw boom
          }).addCallback(() => undefined)
        }).addErrback(() => undefined)
      }
      make()
      await collect()
    })
    expect(events).toEqual([])
  })

  it('what a callback on the result of a child throws is reported, as it is not of the group', async () => {
    const events = await logged(async (seen) => {
      const make = (): void => {
        taskGroup((self) => {
          for (const child of [self.start(() => succeed(1)), self.start(async () => 1)]) {
            child.addCallback(() => {
              throw boom
            })
          }
        })
      }
      make()
      await collect(() => seen.length >= 2)
    })
    expect(events.map((event) => event.failure?.value)).toEqual([boom, boom])
  })

  it('a canceller that throws is logged, and the others are cancelled', async () => {
    const other = new Deferred<void>()
    const odd = new Deferred<void>(() => {
      throw boom
    })
    const group = taskGroup((self) => {
      self.start(() => odd)
      self.start(() => other)
    })
    const events = await logged(() => group.cancel())
    expect(events.map((event) => event.failure?.value)).toEqual([boom])
    expect(failureOf(other).value).toBeInstanceOf(CancelledError)
    odd.callback()
    expect(failureOf(group).value).toBeInstanceOf(CancelledError)
  })

  it('10,000 children that fail, and 10,000 that are cancelled, use no stack', () => {
    const all = Array.from({ length: 10_000 }, () => new Deferred<void>())
    const group = taskGroup((self) => {
      for (const each of all) self.start(() => each)
    })
    all[0].errback(boom)
    expect(parts(groupError(group))).toEqual([boom])
    for (const each of all.slice(1)) failureOf(each)
  })

  it('takes functions only', () => {
    expect(() => taskGroup(1 as never)).toThrow(TypeError)
    failureOf(taskGroup((self) => self.start(1 as never)))
  })
})
