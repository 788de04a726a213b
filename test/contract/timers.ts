/**
 * Timers of a real reactor: order, ties, cancelling, moving; loops; and that many of them are exact.
 *
 * Nothing here says how late a timer may be: only that it is not early, and what comes before what.
 * Source: SEMANTICS T03 to T10, T15; twisted.internet.interfaces.IReactorTime.
 */
import {
  AlreadyCalled, AlreadyCancelled, CancelledError, coiterate, deferLater, Deferred, LoopingCall, TimeoutError,
} from 'whorl'
import { equal, ok, pass, rejects, throws, until } from './checks.js'
import type { ContractSuite } from './contract.js'
import { logOf } from './recorder.js'

export const timers: ContractSuite = {
  name: 'timers',
  cases: [
    {
      name: 'calls come in order of their time, whatever the order in which they were made',
      async run({ reactor }) {
        const order: number[] = []
        for (const ms of [30, 10, 20, 0, 15, 5]) {
          const call = reactor.callLater(ms, () => void order.push(due))
          // By the clock when it was made: a host may stop for longer than what lies between two of them.
          const due = call.getTime()
        }
        await until(reactor, () => order.length === 6)
        // Calls of one millisecond come as they were made.
        equal(order.map(Math.floor), order.map(Math.floor).sort((one, other) => one - other))
      },
    },
    {
      name: 'T06 equal times: first made, first called',
      async run({ reactor }) {
        const order: number[] = []
        const first = reactor.callLater(20, () => void order.push(0))
        const due = first.getTime()
        const expected = [0]
        for (let i = 1; i < 200; i++) {
          // The clock may have moved on since the first.
          const call = reactor.callLater(20, (n: number) => void order.push(n), i)
          for (let again = 0; again < 3 && call.getTime() !== due; again++) call.delay(due - call.getTime())
          if (call.getTime() === due) expected.push(i)
          else call.cancel()
        }
        ok(expected.length >= 100, `${expected.length} calls for one time`)
        await until(reactor, () => order.length === expected.length)
        equal(order, expected)
      },
    },
    {
      name: 'no call is early, by the reactor\'s own clock',
      async run({ reactor }) {
        const early: number[] = []
        let called = 0
        for (let ms = 0; ms < 60; ms += 0.7) {
          const due = reactor.now() + ms
          reactor.callLater(ms, () => {
            called += 1
            if (reactor.now() < due) early.push(due - reactor.now())
          })
        }
        await until(reactor, () => called === 86)
        equal(early, [])
      },
    },
    {
      name: 'callLater(0) is not called within the call, and passes its arguments',
      async run({ reactor }) {
        const seen: unknown[] = []
        reactor.callLater(0, (...args: unknown[]) => void seen.push(...args), 'a', 2, null)
        equal(seen, [])
        await until(reactor, () => seen.length > 0)
        equal(seen, ['a', 2, null])
      },
    },
    {
      name: 'T06 calls made during a pass run in a later one',
      async run({ reactor }) {
        const order: string[] = []
        reactor.callLater(0, () => {
          order.push('first')
          reactor.callLater(0, () => void order.push('made by first'))
        })
        reactor.callLater(0, () => void order.push('second'))
        await until(reactor, () => order.length === 3)
        equal(order, ['first', 'second', 'made by first'])
      },
    },
    {
      name: 'T03 cancel: never called; AlreadyCancelled and AlreadyCalled afterwards',
      async run({ reactor }) {
        let called = 0
        const cancelled = reactor.callLater(5, () => void (called += 100))
        ok(cancelled.active(), 'active')
        cancelled.cancel()
        ok(!cancelled.active(), 'no longer active')
        throws(() => cancelled.cancel(), AlreadyCancelled)
        throws(() => cancelled.reset(1), AlreadyCancelled)
        const call = reactor.callLater(5, () => {
          called += 1
          throws(() => call.cancel(), AlreadyCalled, 'within its own call')
        })
        await pass(reactor, 20)
        await until(reactor, () => called !== 0)
        equal(called, 1)
        throws(() => call.cancel(), AlreadyCalled)
        throws(() => call.delay(1), AlreadyCalled)
      },
    },
    {
      name: 'one call may cancel another that is due',
      async run({ reactor }) {
        const order: string[] = []
        reactor.callLater(5, () => {
          order.push('one')
          other.cancel()
        })
        const other = reactor.callLater(5.5, () => void order.push('other'))
        await pass(reactor, 30)
        equal(order, ['one'])
      },
    },
    {
      name: 'T04 reset counts from now, delay from when it was due',
      async run({ reactor }) {
        const call = reactor.callLater(1000, () => undefined)
        const due = call.getTime()
        const near = (time: number): boolean => Math.abs(call.getTime() - time) < 0.001
        call.delay(500)
        ok(near(due + 500), 'time after a delay')
        call.delay(-1000)
        ok(near(due - 500), 'time after a delay back')
        const before = reactor.now()
        call.reset(10)
        ok(call.getTime() >= before + 10 && call.getTime() <= reactor.now() + 10, 'time after reset')
        await until(reactor, () => !call.active())
        ok(reactor.now() >= before + 10, 'not before that')
      },
    },
    {
      name: 'T05 refuses delays that are none',
      run({ reactor }) {
        for (const ms of [-1, NaN, Infinity, '5', undefined]) {
          throws(() => reactor.callLater(ms as number, () => undefined), RangeError, String(ms))
        }
      },
    },
    {
      name: 'getDelayedCalls tells what waits',
      run({ reactor }) {
        const before = reactor.getDelayedCalls().length
        const calls = [reactor.callLater(1000, () => undefined), reactor.callLater(2000, () => undefined)]
        equal(reactor.getDelayedCalls().length, before + 2)
        for (const call of calls) {
          ok(reactor.getDelayedCalls().includes(call), 'it is among them')
          call.cancel()
        }
        equal(reactor.getDelayedCalls().length, before)
      },
    },
    {
      name: 'T06 a call that throws is logged, and the others still run',
      async run(context) {
        const log = logOf(context)
        const planted = new Error('planted')
        let called = 0
        context.reactor.callLater(1, () => {
          throw planted
        })
        context.reactor.callLater(1, () => void (called += 1))
        await until(context.reactor, () => called === 1)
        ok(log.some((event) => event.failure?.value === planted), 'it was logged')
      },
    },
    {
      name: '10,000 timers over 100 ms: each once, in order, none left',
      async run({ reactor }) {
        const times: number[] = []
        const due: number[] = []
        for (let i = 0; i < 10_000; i++) {
          const call = reactor.callLater((i * 7919) % 100, () => void times.push(due[i]!))
          due.push(call.getTime())
        }
        await until(reactor, () => times.length === 10_000)
        ok(times.every((time, i) => i === 0 || Math.ceil(times[i - 1]!) <= Math.ceil(time)), 'in order, to the ms')
      },
    },
    {
      name: '10,000 timers made and cancelled leave nothing',
      async run({ reactor }) {
        let called = 0
        const before = reactor.getDelayedCalls().length
        const calls = Array.from({ length: 10_000 }, (_, i) => reactor.callLater(i % 50, () => void (called += 1)))
        for (const call of calls) call.cancel()
        equal(reactor.getDelayedCalls().length, before)
        await pass(reactor, 60)
        equal(called, 0)
      },
    },
    {
      name: 'callFromThread: in a later turn, in order',
      async run({ reactor }) {
        const order: number[] = []
        for (let i = 0; i < 5; i++) reactor.callFromThread((n: number) => void order.push(n), i)
        equal(order, [])
        await until(reactor, () => order.length === 5)
        equal(order, [0, 1, 2, 3, 4])
      },
    },
    {
      name: 'T07 a LoopingCall runs at once, then at its interval, until it is stopped',
      async run({ reactor }) {
        let runs = 0
        const loop = new LoopingCall(() => void (runs += 1))
        loop.clock = reactor
        const done = loop.start(4)
        equal(runs, 1)
        await until(reactor, () => runs >= 4)
        loop.stop()
        ok(await done === loop, 'start() gives the loop')
        const before = runs
        await pass(reactor, 30)
        equal(runs, before, 'runs after the stop')
      },
    },
    {
      name: 'T09 a LoopingCall that fails stops, and its Deferred fails',
      async run({ reactor }) {
        let runs = 0
        const loop = reactor.loopingCall(() => {
          if (++runs === 2) throw new RangeError('planted')
        })
        await rejects(loop.start(1), RangeError)
        equal([runs, loop.running], [2, false])
      },
    },
    {
      name: 'T15 deferLater gives what the function gives; cancelled, it is never called',
      async run({ reactor }) {
        equal(await deferLater(reactor, 1, (a: number, b: number) => a + b, 2, 3), 5)
        let called = false
        const deferred = reactor.deferLater(1, () => {
          called = true
        })
        deferred.cancel()
        await rejects(deferred, CancelledError)
        await pass(reactor, 10)
        equal(called, false)
      },
    },
    {
      name: 'D36 addTimeout on the reactor\'s clock: TimeoutError',
      async run({ reactor }) {
        await rejects(new Deferred().addTimeout(5, reactor), TimeoutError)
        equal(await deferLater(reactor, 1, () => 'in time').addTimeout(10_000, reactor), 'in time')
      },
    },
    {
      name: 'T13 two iterators share the reactor, and timers run between their steps',
      async run({ reactor }) {
        const order: string[] = []
        function* steps(name: string): Generator<unknown> {
          for (let i = 0; i < 3; i++) {
            order.push(`${name}${i}`)
            yield undefined
          }
        }
        await Promise.all([coiterate(steps('a'), reactor), coiterate(steps('b'), reactor)])
        equal(order, ['a0', 'b0', 'a1', 'b1', 'a2', 'b2'])
      },
    },
    {
      name: 'two reactors of one host have clocks and timers of their own',
      async run({ host, reactor }) {
        const other = host.createReactor()
        const order: string[] = []
        other.callLater(20, () => void order.push('other'))
        reactor.callLater(5, () => void order.push('this'))
        equal(other.getDelayedCalls().length, 1)
        await until(reactor, () => order.length === 2)
        equal(order, ['this', 'other'])
      },
    },
    {
      name: 'run() settles after stop(), its triggers in order',
      async run({ host }) {
        const other = host.createReactor()
        const order: string[] = []
        other.addSystemEventTrigger('before', 'shutdown', () => deferLater(other, 5, () => void order.push('before')))
        other.addSystemEventTrigger('during', 'shutdown', () => void order.push('during'))
        other.addSystemEventTrigger('after', 'shutdown', () => void order.push('after'))
        other.callWhenRunning(() => {
          order.push('running')
          other.callLater(1, () => other.stop())
        })
        await other.run()
        equal(order, ['running', 'before', 'during', 'after'])
        equal(other.running, false)
      },
    },
    {
      name: 'entropy: as many bytes as asked for, never the same',
      needs: ['entropy'],
      run({ reactor }) {
        const [one, other] = [reactor.entropy(32), reactor.entropy(32)]
        equal([one.length, other.length, reactor.entropy(0).length], [32, 32, 0])
        ok([...one].join() !== [...other].join(), 'two of them differ')
        equal(reactor.entropy(100_000).length, 100_000)
        throws(() => reactor.entropy(-1), RangeError)
      },
    },
    {
      name: 'wallClock: milliseconds since 1970, and it goes on',
      needs: ['wallClock'],
      async run({ reactor }) {
        const before = reactor.wallClock()
        ok(before > Date.UTC(2024, 0) && before < Date.UTC(2200, 0), `wallClock() is ${before}`)
        await until(reactor, () => reactor.wallClock() > before)
      },
    },
    {
      name: 'now() never runs backwards',
      async run({ reactor }) {
        let last = reactor.now()
        for (let i = 0; i < 1000; i++) {
          const now = reactor.now()
          ok(now >= last, `${now} after ${last}`)
          last = now
        }
        await pass(reactor, 2)
        ok(reactor.now() >= last + 2, 'it goes on')
      },
    },
  ],
}
