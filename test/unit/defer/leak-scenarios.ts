/**
 * What must leave nothing behind, however often it is done. Each scenario does its work `n` times with one set of
 * long-lived objects; the heap is compared before and after, once a first round has filled what is kept on purpose.
 */
import {
  abortable, bindContext, cancelOnAbort, Deferred, DeferredLock, DeferredQueue, fail, Failure, gatherResults,
  inlineCallbacks, race, setContextPort, succeed, taskGroup,
} from '../../../src/defer/index.js'
import { Clock, Cooperator, LoopingCall } from '../../../src/reactor/index.js'
import { Protocol } from '../../../src/protocols/index.js'
import { connectInMemory } from '../../../src/testing/index.js'
import { fakeReactor } from '../reactor/fake-host.js'
import { collect } from './helpers.js'

export interface LeakScenario {
  readonly name: string
  /** Makes what lives long. @returns does it once; may return a promise every so often */
  begin(): (i: number) => unknown
}

/** Offers a Deferred of its end. */
class Closing extends Protocol {
  readonly closed = new Deferred<void>()
  override connectionLost(): void {
    this.closed.callback()
  }
}

const nothing = (): undefined => undefined
const boom = new Failure(new Error('boom'))

export const leakScenarios: readonly LeakScenario[] = [
  {
    name: 'fire',
    begin: () => (i) => {
      const d = new Deferred<number>().addCallback((x) => x + 1).addCallback(() => succeed(i)).addErrback(nothing)
      if (i % 2 === 0) d.callback(i as never)
      else d.errback(boom)
    },
  },
  {
    name: 'cancel, of single ones and of chains',
    begin: () => () => {
      const inner = new Deferred<void>(nothing)
      const outer = succeed(1).addCallback(() => inner).addErrback(nothing)
      outer.cancel()
      const plain = new Deferred<void>().addErrback(nothing)
      plain.cancel()
      plain.callback()
    },
  },
  {
    name: 'time out, and be in time',
    begin() {
      const clock = new Clock()
      return (i) => {
        const d = new Deferred<void>().addTimeout(10, clock).addErrback(nothing)
        if (i % 2 === 0) d.callback()
        if (i % 100 === 99) clock.advance(10)
      }
    },
  },
  {
    name: 'one signal that is never aborted',
    begin() {
      const { signal } = new AbortController()
      return () => void cancelOnAbort(signal, new Deferred<void>()).callback()
    },
  },
  {
    name: 'abort',
    begin: () => () => {
      const controller = new AbortController()
      cancelOnAbort(controller.signal, new Deferred<void>()).addErrback(nothing)
      controller.abort()
      abortable(() => new Deferred<void>()).addErrback(nothing).cancel()
    },
  },
  {
    name: 'failures that nobody handles',
    begin: () => (i) => {
      void fail(boom)
      return i % 1000 === 999 ? collect() : undefined
    },
  },
  {
    name: 'lists and races',
    begin: () => () => {
      const [a, b] = [new Deferred<number>(), new Deferred<number>()]
      const all = gatherResults([a, b]).addErrback(nothing)
      a.callback(1)
      all.cancel()
      b.addErrback(nothing)
      const first = new Deferred<number>()
      race([first, new Deferred<number>()]).addErrback(nothing)
      first.callback(1)
    },
  },
  {
    name: 'lines for a lock and a queue, left again',
    begin() {
      const lock = new DeferredLock()
      lock.acquire()
      const queue = new DeferredQueue<number>()
      const kept = [lock.acquire(), queue.get()]
      return () => {
        lock.acquire().addErrback(nothing).cancel()
        queue.get().addErrback(nothing).cancel()
        if (kept.length !== 2) throw new Error('unreachable')
      }
    },
  },
  {
    name: 'generators and task groups',
    begin() {
      const body = inlineCallbacks(function* (d: Deferred<number>) {
        return (yield d) + 1
      })
      return (i) => {
        const d = new Deferred<number>()
        taskGroup((group) => {
          group.start(body, d)
          group.start(() => new Deferred<void>())
          if (i % 2 === 0) group.cancel()
          else d.errback(boom)
        }).addErrback(nothing)
      }
    },
  },
  {
    name: 'promises in and out',
    begin: () => (i) => {
      const d = succeed(1).addCallback(async (x) => x + 1)
      const seen = d.then(nothing)
      return i % 1000 === 999 ? seen : undefined
    },
  },
  {
    name: 'delayed calls, moved, cancelled and run',
    begin() {
      const { host, reactor } = fakeReactor()
      return (i) => {
        const call = reactor.callLater(5, nothing)
        call.reset(50)
        if (i % 2 === 0) call.cancel()
        if (i % 1000 === 999) host.pass(100)
      }
    },
  },
  {
    name: 'loops and cooperative tasks',
    begin() {
      const clock = new Clock()
      const cooperator = new Cooperator({ clock })
      return () => {
        const loop = new LoopingCall(nothing)
        loop.clock = clock
        loop.start(1).addCallback(nothing)
        clock.advance(1)
        loop.stop()
        cooperator.coiterate([1, 2]).addCallback(nothing)
        cooperator.coiterate([1, 2]).addErrback(nothing).cancel()
        clock.advance(0)
      }
    },
  },
  {
    name: 'connect, talk, lose, and connect again',
    begin() {
      const factory = { buildProtocol: () => new Closing() }
      return () => {
        const { client, pump } = connectInMemory(factory, factory)
        client.transport.write('hello')
        pump.flush()
        client.transport.loseConnection()
        pump.flush()
        if (!client.closed.called) throw new Error('not closed')
      }
    },
  },
  {
    name: 'contexts',
    begin: () => () => {
      setContextPort({ capture: () => ({ store: 1 }), run: (_context, fn, argument) => fn(argument) })
      new Deferred<void>().addCallback(nothing).callback(undefined)
      bindContext(() => 1)()
      setContextPort()
    },
  },
]

/** A round may be disturbed by what the engine keeps, or lets go of, for itself: the median of some is taken. */
const ROUNDS = 5

/** The longest rounds are this many times as long as the first. */
const LONGEST = 8

/**
 * Bytes of heap that one more time adds. What the engine does for itself does not grow with the length of a round, and
 * what leaks does: while the figure is `limit` or more, it is measured again over rounds of twice the length.
 */
export async function growth(scenario: LeakScenario, n: number, limit: number): Promise<number> {
  const measure = measurer(scenario)
  let grown = await measure(n)
  for (let times = 2; grown >= limit && times <= LONGEST; times *= 2) grown = await measure(n * times)
  return grown
}

/** Measures rounds of a length: the median, for one time, of what each adds. */
function measurer({ begin }: LeakScenario): (n: number) => Promise<number> {
  const once = begin()
  const round = async (n: number): Promise<number> => {
    for (let i = 0; i < n; i++) {
      const pending = once(i)
      if (pending instanceof Promise) await pending
    }
    await collect()
    return process.memoryUsage().heapUsed
  }
  return async (n) => {
    await round(n)
    let before = await round(n)
    const grown: number[] = []
    for (let i = 0; i < ROUNDS; i++) {
      const after = await round(n)
      grown.push(after - before)
      before = after
    }
    return grown.sort((a, b) => a - b)[ROUNDS >> 1]! / n
  }
}
