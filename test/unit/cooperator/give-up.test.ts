/** An iterator that is given up puts away what it has, even if that takes further steps. */
import { describe, expect, it } from 'vitest'
import { Deferred, fail } from '../../../src/defer/index.js'
import { Cooperator } from '../../../src/reactor/index.js'
import { logged } from '../defer/helpers.js'

/** A task that has made one step. */
function started(iterator: Iterator<unknown>) {
  const ticks: (() => void)[] = []
  const cooperator = new Cooperator({
    scheduler(run) {
      ticks.push(run)
      return { cancel: () => undefined }
    },
    terminationPredicateFactory: () => () => true,
  })
  const task = cooperator.cooperate(iterator)
  ticks[0]?.()
  return { cooperator, task }
}

describe('a task that is stopped', () => {
  it('runs its finally blocks to their end, plain yields in them included', () => {
    const log: string[] = []
    const { task } = started((function* () {
      try {
        try {
          yield
        } finally {
          log.push('inner')
          yield
          log.push('inner ends')
        }
      } finally {
        yield
        log.push('outer ends')
      }
    })())
    task.stop()
    expect(log).toEqual(['inner', 'inner ends', 'outer ends'])
  })

  it('waits for the Deferreds and promises that they yield, also when its cooperator has stopped', async () => {
    const log: string[] = []
    const closed = new Deferred<void>()
    const { cooperator } = started((function* () {
      try {
        yield
      } finally {
        yield closed
        log.push('closed')
        yield Promise.resolve()
        log.push('ends')
      }
    })())
    cooperator.stop()
    expect(log).toEqual([])
    closed.callback()
    expect(log).toEqual(['closed'])
    await new Promise((resolve) => setImmediate(resolve))
    expect(log).toEqual(['closed', 'ends'])
  })

  it('goes on when one of them fails, which is logged, as is what it throws itself', async () => {
    const log: string[] = []
    const boom = new Error('boom')
    const late = new Error('late')
    const { task } = started((function* () {
      try {
        yield
      } finally {
        yield fail(boom)
        log.push('went on')
        throw late
      }
    })())
    const events = await logged(() => task.stop())
    expect(log).toEqual(['went on'])
    expect(events.map((event) => event.failure?.value)).toEqual([boom, late])
  })

  it('one that yields without end is left where it is, and that is logged', async () => {
    let steps = 0
    const { task } = started((function* () {
      try {
        yield
      } finally {
        for (;;) yield steps++
      }
    })())
    const events = await logged(() => task.stop())
    expect(events.map((event) => event.failure?.value.name)).toEqual(['RangeError'])
    expect(steps).toBe(10_001)
  })

  it('an iterator that answers return() with nothing of use is not asked for more', () => {
    let asked = 0
    const { task } = started({
      next: () => ({ done: false, value: asked++ }),
      return: () => ({}) as IteratorResult<unknown>,
    })
    expect(asked).toBe(1)
    task.stop()
    expect(asked).toBe(1)
  })
})
