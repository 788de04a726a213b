/** A call that the core had no room for threw out of `callLater`, and stayed in `getDelayedCalls()` for ever. */
import { expect, it } from 'vitest'
import { createCore } from '../../src/core/index.js'
import { CoreError } from '../../src/errors/index.js'
import type { TimersPart } from '../../src/interfaces/host.js'
import { Reactor } from '../../src/reactor/index.js'
import { FakeHost } from '../unit/reactor/fake-host.js'

it('a call that the core refused is not in the table, and those after it run', () => {
  const core = createCore()
  let room = 2
  const createTimers = (options?: { tick?: number, now?: number }): TimersPart => {
    const timers = core.createTimers(options)
    return {
      schedule: (deadline, id) => {
        if (room === 0) throw new CoreError('full')
        room -= 1
        return timers.schedule(deadline, id)
      },
      cancel: (handle) => timers.cancel(handle),
      reschedule: (handle, deadline) => timers.reschedule(handle, deadline),
      nextDeadline: () => timers.nextDeadline(),
      advance: (now, onDue) => timers.advance(now, onDue),
      free: () => timers.free(),
    }
  }
  const host = new FakeHost()
  const reactor = new Reactor({ core: () => ({ createTimers, createQueue: () => core.createQueue() }), host })
  const ran: string[] = []
  const first = reactor.callLater(10, () => ran.push('first'))
  const second = reactor.callLater(10, () => ran.push('second'))
  expect(() => reactor.callLater(10, () => ran.push('refused'))).toThrow(CoreError)
  expect(reactor.getDelayedCalls()).toEqual([first, second])
  first.cancel()
  expect(() => reactor.callLater(10, () => ran.push('refused'))).toThrow(CoreError)
  room = 2
  reactor.callLater(10, () => ran.push('third'))
  reactor.callLater(10, () => ran.push('fourth'))
  host.pass(20)
  expect(ran).toEqual(['second', 'third', 'fourth'])
  expect(reactor.getDelayedCalls()).toEqual([])
})
