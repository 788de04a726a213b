/** T13 and T14: iterators side by side. */
import { describe, expect, it } from 'vitest'
import { Deferred, Failure } from '../../../src/defer/index.js'
import {
  NotPaused, SchedulerStopped, TaskDone, TaskFailed, TaskStopped,
} from '../../../src/errors/index.js'
import { Clock, coiterate, cooperate, CooperativeTask, Cooperator } from '../../../src/reactor/index.js'
import { collect, failureOf, logged, resultOf } from '../defer/helpers.js'
import { fakeReactor } from '../reactor/fake-host.js'

/** A cooperator whose ticks are called by hand, of one step each unless told otherwise. */
interface ByHand {
  cooperator: Cooperator
  tick: () => void
  scheduled: () => number
  cancelled: () => number
}

function byHand(steps = 1): ByHand {
  const calls: (() => void)[] = []
  let cancelled = 0
  const cooperator = new Cooperator({
    scheduler: (run) => {
      calls.push(run)
      return {
        cancel() {
          cancelled += 1
          calls.splice(calls.indexOf(run), 1)
        },
      }
    },
    terminationPredicateFactory: () => {
      let left = steps
      return () => --left <= 0
    },
  })
  const tick = (): void => {
    const call = calls.shift()
    if (call === undefined) throw new Error('no tick is scheduled')
    call()
  }
  return { cooperator, tick, scheduled: () => calls.length, cancelled: () => cancelled }
}

function* count(name: string, to: number, log: string[]): Generator<unknown> {
  for (let n = 1; n <= to; n++) {
    log.push(`${name}${n}`)
    yield undefined
  }
}

describe('Cooperator', () => {
  it('T13 one step per task, round robin, over ticks', () => {
    const { cooperator, tick, scheduled } = byHand(2)
    const log: string[] = []
    const tasks = [cooperator.cooperate(count('a', 3, log)), cooperator.cooperate(count('b', 2, log)),
      cooperator.cooperate(count('c', 1, log))]
    expect([log, scheduled()]).toEqual([[], 1])
    tick()
    expect(log).toEqual(['a1', 'b1'])
    tick()
    expect(log).toEqual(['a1', 'b1', 'c1', 'a2'])
    while (scheduled() > 0) tick()
    expect(log).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3'])
    for (const task of tasks) expect(() => task.pause()).toThrow(TaskDone)
  })

  it('T13 a task that is added comes after those that are there', () => {
    const { cooperator, tick } = byHand(4)
    const log: string[] = []
    cooperator.cooperate((function* () {
      log.push('first')
      cooperator.cooperate(count('late', 1, log))
      yield
      log.push('second')
      yield
    })())
    cooperator.cooperate(count('b', 2, log))
    tick()
    expect(log).toEqual(['first', 'b1', 'late1', 'second'])
  })

  it('T13 a yielded Deferred holds only that task', () => {
    const { cooperator, tick } = byHand()
    const log: string[] = []
    const wait = new Deferred<void>()
    cooperator.cooperate((function* () {
      log.push('waits')
      yield wait
      log.push('went on')
    })())
    cooperator.cooperate(count('b', 4, log))
    for (let n = 0; n < 4; n++) tick()
    expect(log).toEqual(['waits', 'b1', 'b2', 'b3'])
    wait.callback()
    tick()
    tick()
    expect(log).toContain('went on')
  })

  it('T13 a yielded promise holds it, too; a fired Deferred costs no tick of its own', async () => {
    const { cooperator, tick, scheduled } = byHand(10)
    const log: string[] = []
    const done = cooperator.coiterate((function* () {
      yield Promise.resolve()
      log.push('promise')
      const fired = new Deferred<number>()
      fired.callback(1)
      yield fired
      log.push('fired')
    })())
    tick()
    expect([log, scheduled()]).toEqual([[], 0])
    await Promise.resolve()
    await Promise.resolve()
    tick()
    expect(log).toEqual(['promise', 'fired'])
    expect(done.called).toBe(true)
  })

  it('T13 100,000 steps that yield fired Deferreds use no stack', () => {
    const { cooperator, tick } = byHand(200_000)
    let steps = 0
    const done = cooperator.coiterate((function* () {
      for (; steps < 100_000; steps++) {
        const fired = new Deferred<void>()
        fired.callback()
        yield fired
      }
    })())
    tick()
    expect([steps, done.called]).toEqual([100_000, true])
  })

  it('T13 what a yielded Deferred fails with ends its task, and its finally blocks run', () => {
    const { cooperator, tick } = byHand()
    const wait = new Deferred<void>()
    let isCleaned = false
    const done = cooperator.coiterate((function* () {
      try {
        yield wait
      } finally {
        isCleaned = true
      }
    })())
    tick()
    const failure = new Failure(new Error('no'))
    wait.errback(failure)
    expect(failureOf(done)).toBe(failure)
    expect(isCleaned).toBe(true)
  })

  it('T14 pauses count', () => {
    const { cooperator, tick, scheduled } = byHand()
    const log: string[] = []
    const task = cooperator.cooperate(count('a', 5, log))
    task.pause()
    task.pause()
    expect(scheduled()).toBe(0)
    task.resume()
    expect(scheduled()).toBe(0)
    task.resume()
    tick()
    expect(log).toEqual(['a1'])
    expect(() => task.resume()).toThrow(NotPaused)
  })

  it('T14 TaskStopped: stop ends it, tells those who wait, and closes the generator', () => {
    const { cooperator, tick, scheduled } = byHand()
    const log: string[] = []
    const task = cooperator.cooperate((function* () {
      try {
        for (;;) yield
      } finally {
        log.push('closed')
      }
    })())
    tick()
    const done = task.whenDone()
    task.stop()
    expect(failureOf(done).value).toBeInstanceOf(TaskStopped)
    expect([log, scheduled()]).toEqual([['closed'], 0])
    for (const call of [() => task.stop(), () => task.pause()]) expect(call).toThrow(TaskStopped)
    expect(failureOf(task.whenDone()).value).toBeInstanceOf(TaskStopped)
  })

  it('T14 TaskDone: whenDone fires with the iterator, before and after', () => {
    const { cooperator, tick } = byHand()
    const iterator = count('a', 0, [])
    const task = cooperator.cooperate(iterator)
    const before = task.whenDone()
    tick()
    expect([resultOf(before), resultOf(task.whenDone())]).toEqual([iterator, iterator])
    for (const call of [() => task.stop(), () => task.pause()]) expect(call).toThrow(TaskDone)
  })

  it('T14 TaskFailed: whenDone fails with what was thrown; the error has it as cause', () => {
    const { cooperator, tick } = byHand()
    const error = new Error('broken')
    const task = cooperator.cooperate((function* () {
      throw error
    })())
    const done = task.whenDone()
    tick()
    expect(failureOf(done).value).toBe(error)
    expect(failureOf(task.whenDone()).value).toBe(error)
    expect(() => task.stop()).toThrow(TaskFailed)
    expect(() => task.pause()).toThrow(expect.objectContaining({ cause: error }))
  })

  it('T14 SchedulerStopped: stop ends all tasks, and those that come later', () => {
    const { cooperator, tick, scheduled, cancelled } = byHand()
    const task = cooperator.cooperate(count('a', 9, []))
    const paused = cooperator.cooperate(count('b', 9, []))
    const done = task.whenDone()
    tick()
    cooperator.stop()
    expect([cooperator.running, scheduled(), cancelled()]).toEqual([false, 0, 1])
    expect(failureOf(done).value).toBeInstanceOf(SchedulerStopped)
    for (const each of [task, paused]) expect(() => each.pause()).toThrow(SchedulerStopped)
    expect(failureOf(cooperator.coiterate(count('c', 1, []))).value).toBeInstanceOf(SchedulerStopped)
    cooperator.start()
    const log: string[] = []
    cooperator.cooperate(count('d', 1, log))
    tick()
    expect([cooperator.running, log]).toEqual([true, ['d1']])
  })

  it('T14 the last task removed cancels the scheduled tick', () => {
    const { cooperator, scheduled, cancelled } = byHand()
    const tasks = [cooperator.cooperate(count('a', 1, [])), cooperator.cooperate(count('b', 1, []))]
    expect(scheduled()).toBe(1)
    tasks[0].stop()
    expect([scheduled(), cancelled()]).toEqual([1, 0])
    tasks[1].pause()
    expect([scheduled(), cancelled()]).toEqual([0, 1])
  })

  it('a task may stop or pause itself, or the cooperator, inside its step', () => {
    for (const act of ['stop', 'pause', 'cooperator'] as const) {
      const { cooperator, tick, scheduled } = byHand(5)
      const log: string[] = []
      const tasks: CooperativeTask[] = []
      tasks.push(cooperator.cooperate((function* () {
        try {
          log.push('in')
          if (act === 'cooperator') cooperator.stop()
          else tasks[0][act]()
          yield
          log.push('again')
        } finally {
          log.push('closed')
        }
      })()))
      tick()
      expect([log, scheduled()]).toEqual([act === 'pause' ? ['in'] : ['in', 'closed'], 0])
    }
  })

  it('T14 one that is stopped inside its step is put away once, after it: nothing goes wrong', async () => {
    const events = await logged(() => {
      const { cooperator, tick } = byHand()
      const tasks: CooperativeTask[] = []
      tasks.push(cooperator.cooperate((function* () {
        tasks[0].stop()
        yield
      })()))
      tick()
      expect(() => tasks[0].pause()).toThrow(TaskStopped)
    })
    expect(events).toEqual([])
  })

  it('T14 NotPaused: the pause of one that waits is not for others to take back', () => {
    const { cooperator, tick } = byHand()
    const inner = new Deferred<void>()
    const log: string[] = []
    const task = cooperator.cooperate((function* () {
      yield inner
      log.push('went on')
    })())
    tick()
    expect(() => task.resume()).toThrow(NotPaused)
    task.pause()
    task.resume()
    expect(() => task.resume()).toThrow(NotPaused)
    inner.callback()
    tick()
    expect(log).toEqual(['went on'])
  })

  it('a failure of a task that nobody waits for is reported; one that was asked for is not', async () => {
    const make = (isAsked: boolean): void => {
      const { cooperator, tick } = byHand()
      const task = cooperator.cooperate((function* () {
        throw new Error(isAsked ? 'asked' : 'left')
      })())
      tick()
      if (isAsked) task.whenDone().addErrback(() => undefined)
    }
    const events = await logged(async (seen) => {
      make(true)
      make(false)
      await collect(() => seen.length > 0)
    })
    expect(events.map((event) => event.failure?.getErrorMessage())).toEqual(['left'])
  })

  it('cancelling what coiterate returned stops the task', () => {
    const { cooperator, scheduled } = byHand()
    const done = cooperator.coiterate(count('a', 9, []))
    done.cancel()
    expect(failureOf(done).value.name).toBe('CancelledError')
    expect(scheduled()).toBe(0)
  })

  it('a tick of the default predicate lasts 10 ms of the clock', () => {
    let now = 0
    const calls: (() => void)[] = []
    const clock = {
      now: () => now,
      callLater: (_ms: number, fn: () => void) => void calls.push(fn),
    } as unknown as Clock
    let steps = 0
    new Cooperator({ clock }).cooperate((function* () {
      for (; steps < 25; steps++) {
        now += 1
        yield
      }
    })())
    const ticks: number[] = []
    for (let call = calls.shift(); call !== undefined; call = calls.shift()) {
      call()
      ticks.push(now)
    }
    expect(ticks).toEqual([10, 20, 25])
  })

  it('and ends on a clock that stands still, too', () => {
    const { host, reactor } = fakeReactor()
    let steps = 0
    const task = reactor.cooperate((function* () {
      for (;; steps++) yield
    })())
    host.turn()
    host.turn()
    expect(steps).toBeGreaterThan(0)
    task.stop()
  })

  it('what has neither clock nor scheduler names the clock', () => {
    expect(() => new Cooperator()).toThrow(/`clock`/)
    const later = new Cooperator({ started: false })
    expect(later.running).toBe(false)
    expect(() => later.start()).toThrow(TypeError)
    later.clock = new Clock()
    later.start()
    expect(later.running).toBe(true)
    expect(() => cooperate([], undefined as never)).toThrow(/`clock`/)
  })

  it('with started = false nothing runs before start', () => {
    const clock = new Clock()
    const cooperator = new Cooperator({ clock, started: false })
    const log: string[] = []
    cooperator.cooperate(count('a', 1, log))
    clock.advance(1)
    expect(log).toEqual([])
    cooperator.start()
    clock.advance(0)
    expect(log).toEqual(['a1'])
  })

  it('takes iterables, and refuses what is neither', () => {
    const clock = new Clock()
    const done = coiterate([1, 2, 3], clock)
    clock.advance(0)
    expect(done.called).toBe(true)
    expect(() => cooperate(5 as never, clock)).toThrow(TypeError)
    expect(() => cooperate({} as never, clock)).toThrow(TypeError)
  })

  it('reactor.cooperate runs beside the reactor\'s own calls', () => {
    const { host, reactor } = fakeReactor()
    const log: string[] = []
    const task = reactor.cooperate(count('a', 25_000, []))
    reactor.callLater(0, () => void log.push('timer'))
    host.turn()
    expect(log).toEqual(['timer'])
    expect(() => task.pause()).not.toThrow()
    task.resume()
    host.settle()
    expect(() => task.pause()).toThrow(TaskDone)
    expect(host.kept).toBe(false)
  })

  it('an iterator that throws when it is given up is logged', async () => {
    const { cooperator } = byHand()
    const events = await logged(() => {
      const task = cooperator.cooperate({
        next: () => ({ done: false, value: undefined }),
        return: () => {
          throw new Error('no way')
        },
      })
      task.stop()
    })
    expect(events.map((event) => event.failure?.getErrorMessage())).toEqual(['no way'])
  })
})
