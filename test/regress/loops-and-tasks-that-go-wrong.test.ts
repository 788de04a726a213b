/** LoopingCall and Cooperator: what goes wrong inside ends the loop or the task, instead of leaving it standing. */
import { expect, it } from 'vitest'
import { Deferred, Failure } from '../../src/defer/index.js'
import { NotPaused } from '../../src/errors/index.js'
import { Clock } from '../../src/reactor/clock.js'
import { Cooperator } from '../../src/reactor/cooperator.js'
import { deferLater } from '../../src/reactor/defer-later.js'
import { LoopingCall } from '../../src/reactor/looping-call.js'

function outcome(d: Deferred<any>): unknown[] {
  const seen: unknown[] = []
  d.addBoth((result: unknown) => { seen.push(result instanceof Failure ? result.value.name : 'done') })
  return seen
}

it('a loop whose clock refuses the next call fails', () => {
  const loop = new LoopingCall(() => undefined)
  loop.clock = new Clock()
  expect(outcome(loop.start(Number.MIN_VALUE).addCallback(() => 0))).toEqual([])
  loop.stop()
  const clock = new Clock()
  const late = new LoopingCall(() => undefined)
  late.clock = clock
  const seen = outcome(late.start(Number.MIN_VALUE))
  clock.advance(1)
  expect(seen).toEqual(['RangeError'])
  expect(late.running).toBe(false)
})

it('a clock that was set back delivers no interval twice', () => {
  let now = 100
  let next = (): void => undefined
  const counts: number[] = []
  const loop = LoopingCall.withCount((count) => { counts.push(count) })
  loop.clock = {
    now: () => now,
    callLater: (_ms: number, fn: () => void) => {
      next = fn
      return { cancel: () => undefined }
    },
  } as never
  loop.start(10)
  now = 50
  next()
  now = 111
  next()
  expect(counts).toEqual([1, 1])
})

it('a step that returns no result, or one that cannot be looked at, fails its task', () => {
  const clock = new Clock()
  const cooperator = new Cooperator({ clock })
  const none = outcome(cooperator.coiterate({ next: () => undefined as never }))
  const value = { get then(): never { throw new Error('no') } }
  const bad = outcome(cooperator.coiterate({ next: () => ({ done: false, value }) }))
  clock.advance(0)
  expect([none, bad]).toEqual([['TypeError'], ['Error']])
})

it('resume() does not take back the pause for what a task yielded', () => {
  const clock = new Clock()
  const cooperator = new Cooperator({ clock })
  const wait = new Deferred<number>()
  const steps: number[] = []
  const task = cooperator.cooperate((function* () {
    yield wait
    steps.push(1)
  })())
  clock.advance(0)
  expect(() => task.resume()).toThrow(NotPaused)
  task.pause()
  task.resume()
  clock.advance(0)
  expect(steps).toEqual([])
  wait.callback(1)
  clock.advance(0)
  expect(steps).toEqual([1])
})

it('a predicate factory that throws once does not stop the cooperator', () => {
  const clock = new Clock()
  let calls = 0
  const cooperator = new Cooperator({
    clock,
    terminationPredicateFactory: () => {
      if (calls++ === 0) throw new Error('predicate')
      return () => true
    },
  })
  const seen = outcome(cooperator.coiterate([].values()))
  expect(() => clock.advance(0)).toThrow('predicate')
  clock.advance(0)
  expect(seen).toEqual(['done'])
})

it('deferLater takes functions only', () => {
  expect(() => deferLater(new Clock(), 5, 7 as never)).toThrow(TypeError)
})
