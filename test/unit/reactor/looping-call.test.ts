import { describe, expect, it } from 'vitest'
import { Deferred } from '../../../src/defer/index.js'
import type { Failure } from '../../../src/defer/index.js'
import { Clock, LoopAlreadyRunning, LoopingCall, LoopNotRunning } from '../../../src/reactor/index.js'
import { fakeReactor } from './fake-host.js'

function looping(fn: () => unknown = () => undefined): { clock: Clock, loop: LoopingCall, runs: number[] } {
  const clock = new Clock()
  const runs: number[] = []
  const loop = new LoopingCall(() => {
    runs.push(clock.now())
    return fn()
  })
  loop.clock = clock
  return { clock, loop, runs }
}

describe('LoopingCall', () => {
  it('T07 runs at every interval; after a jump once, and then in phase', () => {
    const { clock, loop, runs } = looping()
    loop.start(3000)
    clock.pump([3000, 3000])
    expect(runs).toEqual([0, 3000, 6000])
    clock.advance(7000)
    expect(runs).toEqual([0, 3000, 6000, 13_000])
    clock.advance(1999)
    expect(runs).toHaveLength(4)
    clock.advance(1)
    expect(runs.at(-1)).toBe(15_000)
  })

  it('T07 an interval that binary fractions cannot hold runs no more often than it says', () => {
    for (const interval of [0.1, 0.7, 33.3]) {
      const { clock, loop, runs } = looping()
      loop.start(interval)
      for (let i = 0; i < 1000; i++) clock.advance(Math.max(0, clock.getDelayedCalls()[0]!.getTime() - clock.now()))
      const gaps = runs.slice(1).map((time, i) => time - runs[i]!)
      expect(Math.min(...gaps)).toBeGreaterThan(interval * 0.9)
    }
  })

  it('T07 now = false waits one interval', () => {
    const { clock, loop, runs } = looping()
    loop.start(3000, false)
    expect(runs).toEqual([])
    clock.advance(3000)
    expect(runs).toEqual([3000])
  })

  it('T07 double start and stop of what does not run throw; start fires with the loop at stop', () => {
    const { clock, loop } = looping()
    const fired: unknown[] = []
    expect(() => loop.stop()).toThrow(LoopNotRunning)
    expect(() => loop.reset()).toThrow(LoopNotRunning)
    loop.start(5).addCallback((value) => fired.push(value))
    expect(() => loop.start(5)).toThrow(LoopAlreadyRunning)
    expect([loop.running, loop.interval]).toEqual([true, 5])
    loop.stop()
    expect(fired).toEqual([loop])
    expect(clock.getDelayedCalls()).toEqual([])
    expect(loop.running).toBe(false)
  })

  it('T08 a returned Deferred holds the next run back, and the phase is kept', () => {
    let wait = new Deferred<void>()
    const { clock, loop, runs } = looping(() => wait)
    loop.start(10)
    clock.advance(25)
    expect(runs).toEqual([0])
    wait.callback(undefined)
    wait = new Deferred<void>()
    clock.advance(4)
    expect(runs).toEqual([0])
    clock.advance(1)
    expect(runs).toEqual([0, 30])
  })

  it('T08 stop while a Deferred is waited for fires only after it', () => {
    const wait = new Deferred<void>()
    const { loop } = looping(() => wait)
    const fired: unknown[] = []
    loop.start(10).addCallback((value) => fired.push(value))
    loop.stop()
    expect(fired).toEqual([])
    wait.callback(undefined)
    expect(fired).toEqual([loop])
  })

  it('T09 a failure stops the loop and fails the Deferred; it may be started again', () => {
    let broken = true
    const { clock, loop, runs } = looping(() => {
      if (broken) throw new Error('broken')
    })
    const failed: string[] = []
    loop.start(10).addErrback((failure: Failure) => failed.push(failure.getErrorMessage()))
    expect([failed, loop.running, clock.getDelayedCalls()]).toEqual([['broken'], false, []])
    broken = false
    clock.advance(3)
    loop.start(10)
    clock.advance(10)
    expect(runs).toEqual([0, 3, 13])
  })

  it('T08 stopped while it waits, and started again: two runs of their own', () => {
    const waits = [new Deferred<void>(), new Deferred<void>()]
    let calls = 0
    const { clock, loop, runs } = looping(() => waits[calls++])
    const ended: string[] = []
    loop.start(10).addCallback(() => ended.push('first'))
    loop.stop()
    loop.start(10).addCallback(() => ended.push('second'))
    waits[0].callback()
    expect([ended, clock.getDelayedCalls(), loop.running]).toEqual([['first'], [], true])
    waits[1].callback()
    clock.advance(10)
    expect(runs).toEqual([0, 0, 10])
    loop.stop()
    expect(ended).toEqual(['first', 'second'])
  })

  it('T09 a failure of a run from before a stop does not end the next one', () => {
    const wait = new Deferred<void>()
    let calls = 0
    const { clock, loop } = looping(() => calls++ === 0 ? wait : undefined)
    const failed: string[] = []
    loop.start(10).addErrback((failure: Failure) => failed.push(failure.getErrorMessage()))
    loop.stop()
    loop.start(10)
    wait.errback(new Error('late'))
    expect([failed, loop.running, clock.getDelayedCalls()]).toEqual([['late'], true, [expect.anything()]])
  })

  it('T10 interval 0 runs once a turn; a negative one is a RangeError', () => {
    const { host, reactor } = fakeReactor()
    let runs = 0
    const loop = reactor.loopingCall((step: number) => {
      runs += step
    }, 1)
    expect(() => loop.start(-1)).toThrow(RangeError)
    loop.start(0)
    expect(runs).toBe(1)
    host.turn()
    host.turn()
    expect(runs).toBe(3)
    loop.stop()
    host.settle()
    expect(runs).toBe(3)
  })

  it('T11 reset at 3 of 5: next at 8, then 13', () => {
    const { clock, loop, runs } = looping()
    loop.start(5, false)
    clock.advance(3)
    loop.reset()
    clock.pump([4, 1, 4, 1])
    expect(runs).toEqual([8, 13])
  })

  it('T12 withCount: 1, 1, then 5 after a stall of 5; 0 is never delivered', () => {
    const clock = new Clock()
    const counts: number[] = []
    const loop = LoopingCall.withCount((count) => counts.push(count))
    loop.clock = clock
    loop.start(10)
    clock.advance(10)
    clock.advance(50)
    expect(counts).toEqual([1, 1, 5])
    clock.pump([5, 5])
    expect(counts).toEqual([1, 1, 5, 1])
    loop.stop()
    loop.start(10, false)
    clock.advance(10)
    expect(counts).toEqual([1, 1, 5, 1, 1])
  })

  it('starting without a clock names the property', () => {
    expect(() => new LoopingCall(() => undefined).start(1)).toThrow(/clock/)
  })
})
