/**
 * Found by test/sim/scenarios/http.ts, seed 0: the timer of a deadline that had been put off went off at its time, by a
 * clock on which that time is a little less than the sum it was made of; so it was set anew, for 4e-12 ms, and again,
 * without an end where the clock stands still within a turn. With a Clock the deadline passed by unnoticed.
 */
import { describe, expect, it } from 'vitest'
import { Clock } from 'whorl/testing'
import { Deadline as ClientDeadline } from '../../src/http/client/deadline.js'
import { Deadline as ServerDeadline } from '../../src/http/deadlines.js'

/** now, then put off to `at`: `now + (at - now)` is less than `at`. */
const [FIRST, AT] = awkward()

function awkward(): [first: number, at: number] {
  for (let first = 1; first < 1_000; first++) {
    for (let step = 1; step < 1_000; step++) {
      const now = first * 0.1
      const at = now * 2 + step * 0.7
      const due = now + (at - now)
      // The clock itself is to come to that very time.
      if (at > now && due < at && now + (due - now) === due) return [now, at]
    }
  }
  throw new Error('floating-point numbers are not what they were')
}

describe('a deadline that is put off to a time that is no exact sum', () => {
  it('passes when its timer goes off, for the client', () => {
    const clock = new Clock()
    const late: string[] = []
    const deadline = new ClientDeadline(clock, (phase) => late.push(phase))
    deadline.set('send', FIRST)
    // Later than the timer that there is, which stays.
    deadline.set('body', AT)
    clock.advance(FIRST)
    expect(late).toEqual([])
    clock.advance(clock.getDelayedCalls()[0]!.getTime() - clock.now())
    expect(clock.now()).toBeLessThan(AT)
    expect([late, clock.getDelayedCalls()]).toEqual([['body'], []])
  })

  it('passes when its timer goes off, for the server', () => {
    const clock = new Clock()
    const passed: number[] = []
    const deadline = new ServerDeadline(clock, { deadlinePassed: (now) => passed.push(now) })
    deadline.set(FIRST)
    deadline.set(AT)
    clock.advance(FIRST)
    expect(clock.now()).toBe(FIRST)
    clock.advance(clock.getDelayedCalls()[0]!.getTime() - clock.now())
    expect(clock.now()).toBeLessThan(AT)
    expect([passed, clock.getDelayedCalls()]).toEqual([[AT], []])
  })
})
