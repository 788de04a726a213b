/** On Node: the exit status, the end of a turn, and AsyncLocalStorage. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { afterEach, describe, expect, it } from 'vitest'
import {
  carryContext, coiterate, createReactor, Deferred, fail, inlineCallbacks, LoopingCall, setUnhandledPolicy, succeed,
} from 'whorl'

const original = AsyncLocalStorage.prototype.run
const reactor = createReactor()
const watched = AsyncLocalStorage.prototype.run

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

afterEach(() => {
  setUnhandledPolicy('log')
})

describe('contexts', () => {
  const store = new AsyncLocalStorage<string>()

  it('nothing is carried before the first use of an AsyncLocalStorage; its methods are its own again after it', () => {
    expect(watched).not.toBe(original)
    const before = new Deferred<void>()
    expect('_context' in before).toBe(false)
    expect(store.run('x', () => store.getStore())).toBe('x')
    expect(AsyncLocalStorage.prototype.run).toBe(original)
    expect('_context' in new Deferred<void>()).toBe(true)
  })

  it('callbacks run where their Deferred was made', () => {
    const seen: unknown[] = []
    const note = (): void => void seen.push(store.getStore())
    const made = store.run('made', () => new Deferred<void>())
    made.addCallback(note)
    store.run('fired', () => made.callback())
    expect(seen).toEqual(['made'])
    store.run('other', () => made.addCallback(note))
    expect([seen, store.getStore()]).toEqual([['made', 'made'], undefined])
  })

  it('each of a chain in its own', () => {
    const seen: unknown[] = []
    const note = (): void => void seen.push(store.getStore())
    const inner = store.run('inner', () => new Deferred<void>())
    const outer = store.run('outer', () => succeed(1))
    outer.addCallback(() => inner).addCallback(note)
    inner.addCallback(note)
    store.run('fired', () => inner.callback())
    expect(seen.sort()).toEqual(['inner', 'outer'])
  })

  it('errbacks and errors pass through as ever', () => {
    const failed = store.run('a', () => fail(new Error('x')))
    let where: unknown
    failed.addErrback(() => {
      where = store.getStore()
      throw new Error('y')
    })
    let message: unknown
    failed.addErrback((failure) => void (message = failure.getErrorMessage()))
    expect([where, message]).toEqual(['a', 'y'])
  })

  it('a generator goes on where it began', () => {
    const seen: unknown[] = []
    const wait = store.run('elsewhere', () => new Deferred<number>())
    const body = inlineCallbacks(function* () {
      seen.push(store.getStore())
      const value: number = yield wait
      seen.push(store.getStore(), value)
    })
    store.run('began', () => void body())
    store.run('fired', () => wait.callback(5))
    expect(seen).toEqual(['began', 'began', 5])
  })

  it('delayed calls, loops and cooperative tasks carry it', async () => {
    const seen: unknown[] = []
    const note = (): void => void seen.push(store.getStore())
    const done = new Deferred<void>()
    store.run('timer', () => reactor.callLater(0, note))
    store.run('running', () => reactor.callFromThread(note))
    const loop = new LoopingCall(() => {
      note()
      if (seen.length >= 4) loop.stop()
    })
    loop.clock = reactor
    store.run('loop', () => loop.start(1, false))
    store.run('task', () => coiterate((function* () {
      note()
    })(), reactor)).addCallback(() => undefined)
    reactor.callLater(40, () => done.callback())
    await done
    expect(new Set(seen)).toEqual(new Set(['timer', 'running', 'loop', 'task']))
  })

  it('can be asked for', () => {
    expect(() => carryContext()).not.toThrow()
    expect('_context' in new Deferred<void>()).toBe(true)
  })
})

describe('the end of a turn', () => {
  it('the policy is asked once the promise jobs of the turn are done, once, and not about what they took', async () => {
    const asked: string[] = []
    setUnhandledPolicy((failure, deferred) => {
      asked.push(failure.getErrorMessage())
      deferred?.addErrback(() => undefined)
    })
    fail(new Error('left'))
    const taken = (async () => {
      for (let n = 0; n < 30; n++) await Promise.resolve()
    })
    const late = fail(new Error('taken late'))
    await taken()
    late.addErrback(() => undefined)
    await fail(new Error('awaited')).catch(() => undefined)
    expect(asked).toEqual([])
    await turn()
    expect(asked).toEqual(['left'])
    await turn()
    expect(asked).toEqual(['left'])
  })
})
