/**
 * Deferreds where they meet the host: promise jobs, garbage, the log; and the shape of the rest, so that a host whose
 * engine differs shows it.
 *
 * Source: SEMANTICS D01 to D40, of which test/unit/ has every case.
 */
import {
  AlreadyCalledError, CancelledError, Deferred, DeferredList, DeferredLock, DeferredQueue, DeferredSemaphore, deferLater,
  fail, Failure, FailureGroup, FirstError, gatherResults, inlineCallbacks, maybeDeferred, race, setUnhandledPolicy,
  succeed, taskGroup,
} from 'whorl'
import { equal, ok, rejects, throws, until } from './checks.js'
import type { ContractSuite } from './contract.js'
import { logOf } from './recorder.js'

export const deferreds: ContractSuite = {
  name: 'deferreds',
  cases: [
    {
      name: 'D01 callbacks run synchronously, each with the result of the one before',
      run() {
        const order: unknown[] = []
        const deferred = new Deferred<number>()
        deferred.addCallback((n) => n + 1).addCallback((n) => void order.push(n))
        deferred.callback(1)
        order.push('after')
        equal(order, [2, 'after'])
        throws(() => deferred.callback(2), AlreadyCalledError)
      },
    },
    {
      name: 'D04 errors go down the errback side until one is handled',
      async run() {
        const planted = new RangeError('planted')
        const result = await fail(planted)
          .addCallback(() => 'not this')
          .addErrback((failure: Failure) => {
            ok(failure.value === planted && failure.check(RangeError) === RangeError, 'the failure')
            return 'handled'
          })
        equal(result, 'handled')
      },
    },
    {
      name: 'D30 chains of 100,000 fired Deferreds use no stack',
      async run() {
        const deferred = new Deferred<number>()
        for (let i = 0; i < 100_000; i++) deferred.addCallback((n) => succeed(n + 1))
        deferred.callback(0)
        equal(await deferred, 100_000)
        let outer: Deferred<unknown> = succeed(7)
        for (let i = 0; i < 10_000; i++) {
          const inner = outer
          outer = succeed(0).addCallback(() => inner)
        }
        equal(await outer, 7)
      },
    },
    {
      name: 'awaiting, promises inside chains, and asPromise()',
      async run({ reactor }) {
        equal(await deferLater(reactor, 1, () => 'later'), 'later')
        equal(await succeed(1).addCallback(async (n) => {
          await null
          return n + 1
        }), 2)
        await rejects(maybeDeferred(async () => {
          await null
          throw new RangeError('planted')
        }), RangeError)
        equal(await Deferred.fromPromise(Promise.resolve(3)), 3)
        ok(succeed(1).asPromise() instanceof Promise, 'a Promise')
      },
    },
    {
      name: 'D22 cancelling: the canceller once, CancelledError, one late result is swallowed',
      async run() {
        let cancelled = 0
        const deferred = new Deferred(() => void (cancelled += 1))
        deferred.cancel()
        await rejects(deferred, CancelledError)
        equal(cancelled, 1)
        const plain = new Deferred()
        plain.cancel()
        plain.callback('late')
        await rejects(plain, CancelledError)
      },
    },
    {
      name: 'D38 inlineCallbacks: yields, errors thrown in, 20,000 yields, cancelling',
      async run({ reactor }) {
        const sum = inlineCallbacks(function* (to: number): Generator<unknown, number, number> {
          let total = 0
          for (let i = 0; i < to; i++) total += yield succeed(1)
          return total
        })
        equal(await sum(20_000), 20_000)
        const careful = inlineCallbacks(function* (): Generator<unknown, string, unknown> {
          try {
            yield fail(new RangeError('planted'))
          } catch (error) {
            yield deferLater(reactor, 1)
            return (error as Error).message
          }
          return 'nothing was thrown'
        })
        equal(await careful(), 'planted')
        const waiting = inlineCallbacks(function* () {
          yield new Deferred()
        })()
        waiting.cancel()
        await rejects(waiting, CancelledError)
      },
    },
    {
      name: 'D31 D34 D35 DeferredList, gatherResults, race',
      async run({ reactor }) {
        const list = await new DeferredList([succeed(1), fail(new Error('planted')), deferLater(reactor, 1, () => 3)],
          { consumeErrors: true }) as [boolean, unknown][]
        equal(list.map(([good]) => good), [true, false, true])
        equal(await gatherResults([succeed('a'), deferLater(reactor, 2, () => 'b')]), ['a', 'b'])
        const first = await rejects(gatherResults([new Deferred(), fail(new RangeError('x'))],
          { consumeErrors: true }), FirstError)
        equal(first.index, 1)
        let cancelled = 0
        const slow = new Deferred(() => void (cancelled += 1))
        equal(await race([slow, deferLater(reactor, 1, () => 'fast')]), [1, 'fast'])
        equal([cancelled, slow.called], [1, true], 'the one that was too slow')
        equal((await rejects(race([fail(new Error('a')), fail(new Error('b'))]), FailureGroup)).failures.length, 2)
      },
    },
    {
      name: 'D39 locks, semaphores and queues serve in order',
      async run({ reactor }) {
        const order: string[] = []
        const lock = new DeferredLock()
        await Promise.all(['a', 'b', 'c'].map((name) => lock.run(() => {
          order.push(`${name} in`)
          return deferLater(reactor, 1, () => void order.push(`${name} out`))
        })))
        equal(order, ['a in', 'a out', 'b in', 'b out', 'c in', 'c out'])
        const semaphore = new DeferredSemaphore(2)
        let most = 0
        let inside = 0
        await Promise.all([1, 2, 3, 4].map(() => semaphore.run(() => {
          most = Math.max(most, ++inside)
          return deferLater(reactor, 1, () => void (inside -= 1))
        })))
        equal(most, 2)
        const queue = new DeferredQueue<number>()
        const got = queue.get()
        queue.put(1)
        queue.put(2)
        equal([await got, await queue.get()], [1, 2])
      },
    },
    {
      name: 'taskGroup: the first failure cancels the others, and children do not outlive the group',
      async run({ reactor }) {
        const ended: string[] = []
        const group = taskGroup(async (tasks) => {
          tasks.start(() => deferLater(reactor, 10_000).addBoth((result) => {
            ended.push('slow')
            return result
          }))
          tasks.start(async () => {
            await deferLater(reactor, 1)
            throw new RangeError('planted')
          })
        })
        const error = await rejects(group, Error)
        ok(error instanceof RangeError || error instanceof FailureGroup, error.name)
        equal(ended, ['slow'])
      },
    },
    {
      name: 'a failure that nobody handled is asked about at the end of its turn',
      async run({ reactor }) {
        const asked: unknown[] = []
        setUnhandledPolicy((failure) => void asked.push(failure.value))
        try {
          const planted = new Error('planted')
          const kept = [fail(planted)]
          await until(reactor, () => asked.length > 0)
          ok(asked.length === 1 && asked[0] === planted, 'the failure')
          kept[0]!.addErrback(() => undefined)
        } finally {
          setUnhandledPolicy('log')
        }
      },
    },
    {
      name: 'a failure in a reactor\'s callback goes to the log with its traceback',
      async run(context) {
        const log = logOf(context)
        const planted = new TypeError('planted')
        context.reactor.callLater(0, () => {
          throw planted
        })
        await until(context.reactor, () => log.some((event) => event.failure?.value === planted))
        const event = log.find((one) => one.failure?.value === planted)!
        ok(['error', 'critical'].includes(event.level), event.level)
        ok(event.failure!.getTraceback().includes('planted'), 'the traceback')
        ok(typeof event.time === 'number', 'the time')
      },
    },
  ],
}
