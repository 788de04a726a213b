/**
 * After some millions of intervals that binary fractions cannot hold, the next run was taken to be due at once, again
 * and again: `Clock.advance` did not return.
 */
import { expect, it } from 'vitest'
import { Clock, LoopingCall } from '../../src/reactor/index.js'

it.each([[0.1, 1e8], [0.7, 1e9], [33.3, 1e7], [1000 / 60, 1e10]])(
  'a loop of %d ms still runs once an interval after %d of them', (interval, intervals) => {
    const clock = new Clock()
    let runs = 0
    const loop = new LoopingCall(() => {
      if (++runs > 1000) loop.stop()
    })
    loop.clock = clock
    loop.start(interval, false)
    clock.advance(interval * intervals)
    expect(runs).toBe(1)
    for (let i = 0; i < 100; i++) {
      const [call] = clock.getDelayedCalls()
      const rest = call!.getTime() - clock.now()
      expect(rest).toBeGreaterThan(interval / 2)
      clock.advance(rest)
    }
    // A sum may fall short of a run by a rounding, and never runs twice.
    expect(runs).toBeGreaterThan(90)
    expect(runs).toBeLessThan(102)
  })
