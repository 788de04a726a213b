import { describe, expect, it } from 'vitest'
import { AlreadyCalled, AlreadyCancelled } from '../../../src/errors/index.js'
import type { IDelayedCall } from '../../../src/interfaces/index.js'
import { fakeReactor } from './fake-host.js'
import { logged } from './log.js'

describe('reactor time', () => {
  it('runs calls by deadline, ties first in first out, and never early', () => {
    const { host, reactor } = fakeReactor()
    const ran: unknown[] = []
    const note = (name: string) => () => ran.push([name, reactor.now()])
    reactor.callLater(20, note('c'))
    reactor.callLater(10, note('a'))
    reactor.callLater(20, note('d'))
    reactor.callLater(10.25, note('b'))
    host.pass(9.99)
    expect(ran).toEqual([])
    host.pass(90)
    expect(ran.map((entry) => (entry as [string])[0])).toEqual(['a', 'b', 'c', 'd'])
    const due: Record<string, number> = { a: 1010, b: 1010.25, c: 1020, d: 1020 }
    expect((ran as [string, number][]).every(([name, at]) => at >= due[name])).toBe(true)
  })

  it('arms one host timer, and anew only for something earlier or after it went off', () => {
    const { host, reactor } = fakeReactor()
    reactor.callLater(50, () => undefined)
    expect(host.timersSet).toBe(1)
    for (let i = 0; i < 100; i++) reactor.callLater(60 + i, () => undefined)
    expect(host.timersSet).toBe(1)
    reactor.callLater(10, () => undefined)
    expect(host.timersSet).toBe(2)
    expect(host.timer?.at).toBe(1010)
    host.pass(10)
    expect(host.timersSet).toBe(3)
    expect(host.timer!.at).toBeLessThanOrEqual(1050)
  })

  it('T02 a zero delay runs in the next turn, without waiting for a timer', () => {
    const { host, reactor } = fakeReactor()
    host.time = 1000.4
    const ran: string[] = []
    reactor.callLater(0, () => ran.push('zero'))
    expect(host.timer).toBe(null)
    expect(ran).toEqual([])
    host.turn()
    expect(ran).toEqual(['zero'])
  })

  it('T03 T04 T05 states, reset, delay and bad delays are those of Clock', () => {
    const { host, reactor } = fakeReactor()
    const ran: string[] = []
    const a = reactor.callLater(10, () => ran.push('a'))
    const b = reactor.callLater(10, () => ran.push('b'))
    const c = reactor.callLater(10, () => ran.push('c'))
    host.pass(4)
    a.reset(3)
    b.delay(30)
    c.cancel()
    expect(() => c.reset(1)).toThrow(AlreadyCancelled)
    expect([a.getTime(), b.getTime()]).toEqual([1007, 1040])
    expect(reactor.getDelayedCalls()).toHaveLength(2)
    host.pass(3)
    expect(ran).toEqual(['a'])
    expect(() => a.cancel()).toThrow(AlreadyCalled)
    b.delay(-100)
    host.settle()
    expect(ran).toEqual(['a', 'b'])
    for (const bad of [-1, NaN, Infinity]) expect(() => reactor.callLater(bad, () => undefined)).toThrow(RangeError)
    expect(reactor.getDelayedCalls()).toEqual([])
  })

  it.each([20.5, 20.9, 21, 35])('T06 a call that is moved, %d ms later, to the time of another comes behind it', (ms) => {
    const { host, reactor } = fakeReactor()
    host.time = 1000.3
    const ran: string[] = []
    const first = reactor.callLater(20, () => ran.push('first'))
    host.time += ms
    const second = reactor.callLater(20, () => ran.push('second'))
    second.delay(first.getTime() - second.getTime())
    expect(second.getTime()).toBe(first.getTime())
    reactor.callLater(0, () => undefined)
    host.pass(1)
    expect(ran).toEqual(['first', 'second'])
  })

  it('T04 a call that is moved to now or long ago runs in the next turn', () => {
    const { host, reactor } = fakeReactor()
    // A clock that moves whenever it is looked at.
    let time = 1000.6
    Object.defineProperty(host, 'time', { get: () => time += 0.001 })
    const ran: string[] = []
    reactor.callLater(30, () => ran.push('now')).reset(0)
    reactor.callLater(30, () => ran.push('ago')).delay(-40)
    host.turn()
    expect(ran).toEqual(['ago', 'now'])
  })

  it('T06 a call that throws is logged, and the others run', async () => {
    const { host, reactor } = fakeReactor()
    const ran: string[] = []
    const events = await logged(() => {
      reactor.callLater(1, () => ran.push('a'))
      reactor.callLater(1, () => {
        throw new Error('boom')
      })
      reactor.callLater(1, () => ran.push('c'))
      host.pass(2)
    })
    expect(ran).toEqual(['a', 'c'])
    expect(events.map((event) => event.failure?.getErrorMessage())).toEqual(['boom'])
  })

  it('T06 calls made during a pass run in the next one', () => {
    const { host, reactor } = fakeReactor()
    const ran: string[] = []
    reactor.callLater(0, () => {
      ran.push('first')
      reactor.callLater(0, () => ran.push('next'))
    })
    reactor.callLater(0, () => ran.push('second'))
    host.turn()
    expect(ran).toEqual(['first', 'second'])
    host.turn()
    expect(ran).toEqual(['first', 'second', 'next'])
  })

  it('T06 callFromThread calls run before timers', () => {
    const { host, reactor } = fakeReactor()
    const ran: string[] = []
    reactor.callLater(0, () => ran.push('timer'))
    reactor.queue.post(() => ran.push('posted'))
    reactor.callFromThread((x: string) => ran.push(x), 'from thread')
    host.turn()
    expect(ran).toEqual(['from thread', 'posted', 'timer'])
  })

  it('a call may cancel or move another of the same pass', () => {
    const { host, reactor } = fakeReactor()
    const ran: string[] = []
    const others: IDelayedCall[] = []
    reactor.callLater(5, () => {
      ran.push('a')
      others[0].cancel()
      others[1].reset(7)
      others[2].reset(0)
    })
    for (const name of ['b', 'c', 'd', 'e']) others.push(reactor.callLater(5, () => ran.push(name)))
    host.time += 5
    const { fn } = host.timer!
    host.timer = null
    fn()
    expect(ran).toEqual(['a', 'e'])
    host.settle()
    expect(ran).toEqual(['a', 'e', 'd'])
    host.pass(7)
    expect(ran).toEqual(['a', 'e', 'd', 'c'])
    expect(reactor.getDelayedCalls()).toEqual([])
  })

  it('keeps the program alive while something is scheduled, and no longer', () => {
    const { host, reactor } = fakeReactor()
    expect(host.kept).toBe(false)
    const call = reactor.callLater(10, () => undefined)
    expect(host.kept).toBe(true)
    call.cancel()
    expect(host.kept).toBe(false)
    reactor.callLater(10, () => undefined)
    host.pass(20)
    expect(host.kept).toBe(false)
  })

  it('survives thousands of schedules, cancels and moves with exact results', () => {
    const { host, reactor } = fakeReactor()
    let state = 7
    const random = (): number => (state = (state * 1103515245 + 12345) % 2147483648) / 2147483648
    const due = new Map<number, number>()
    const wrong: number[] = []
    let ran = 0
    const calls: IDelayedCall[] = []
    for (let i = 0; i < 3000; i++) {
      calls[i] = reactor.callLater(random() * 5000, () => {
        ran += 1
        if (reactor.now() < due.get(i)! || reactor.now() > due.get(i)! + 1) wrong.push(i)
        due.delete(i)
      })
      due.set(i, calls[i].getTime())
    }
    for (let i = 0; i < 3000; i++) {
      if (random() < 0.3) {
        calls[i].cancel()
        due.delete(i)
      } else if (random() < 0.5) {
        calls[i].reset(random() * 5000)
        due.set(i, calls[i].getTime())
      }
    }
    const expected = due.size
    for (let t = 0; t < 5010; t += 3) host.pass(3)
    expect(wrong).toEqual([])
    expect(ran).toBe(expected)
    expect(due.size).toBe(0)
  })
})
