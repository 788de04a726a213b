/** Threads on Node: results, errors, moving memory, cancelling, crashes, and the pool's end. */
import { getEventListeners } from 'node:events'
import { MessageChannel } from 'node:worker_threads'
import { afterEach, describe, expect, it } from 'vitest'
import { createReactor, createThreadPool } from '../../../bindings/node/index.js'
import type { Deferred, Failure } from '../../../src/defer/index.js'
import {
  CancelledError, NotSupportedError, ThreadCrashed, ThreadPoolStopped, ThrownValueError,
} from '../../../src/errors/index.js'
import type { IThreadPool, ThreadTask } from '../../../src/interfaces/index.js'
import { deferToThreadPool, transfer } from '../../../src/reactor/index.js'
import { logged } from '../../unit/reactor/log.js'
import { reactors, stopped } from './helpers.js'
import { checkNothingLeft } from './left-behind.js'

checkNothingLeft()
const newReactor = reactors(afterEach)
const module = new URL('./tasks/tasks.mjs', import.meta.url)
const pools: IThreadPool[] = []
afterEach(async () => {
  for (const pool of pools.splice(0)) await pool.stop()
})

function poolOf(size: number, memory?: number): IThreadPool {
  const pool = createThreadPool(memory === undefined ? { size } : { size, memory }, newReactor())
  pools.push(pool)
  return pool
}

const task = (name: string): ThreadTask => ({ module, export: name })

/** What a Deferred fails with. */
const errorOf = (deferred: Deferred<unknown>): PromiseLike<Error> =>
  deferred.addCallbacks((value) => { throw new Error(`no failure, but ${String(value)}`) },
    (failure: Failure) => failure.value) as Deferred<Error>

/** A place where a task says that it has begun. */
function signpost(): { shared: Int32Array, begun: () => Promise<void> } {
  const shared = new Int32Array(new SharedArrayBuffer(4))
  const waitAsync = (Atomics as unknown as {
    waitAsync(array: Int32Array, index: number, value: number): { value: Promise<string> | string }
  }).waitAsync
  return { shared, begun: async () => void await waitAsync(shared, 0, 0).value }
}

describe('threads: what a task comes to', () => {
  it('runs the default export of a module beside the reactor, with arguments', async () => {
    const reactor = newReactor()
    expect(await reactor.getThreadPool().call(module, [1, 2])).toBe(3)
    expect(await reactor.getThreadPool().call(task('whereAmI'), [])).toBeGreaterThan(0)
    expect(await deferToThreadPool(reactor, reactor.getThreadPool(), task('later'), { deep: [1n] }))
      .toEqual({ deep: [1n] })
    expect(reactor.getThreadPool()).toBe(reactor.getThreadPool())
  })

  it('runs no more at a time than the pool has threads, and all of them', async () => {
    const pool = poolOf(2)
    const sums = Array.from({ length: 40 }, (_, i) => pool.call(module, [i, i]))
    expect([pool.busy, pool.waiting]).toEqual([2, 38])
    pool.resize(3)
    expect([pool.size, pool.busy, pool.waiting]).toEqual([3, 3, 37])
    expect(await Promise.all(sums)).toEqual(sums.map((_, i) => 2 * i))
    expect([pool.busy, pool.waiting]).toEqual([0, 0])
    pool.resize(1)
    expect(await Promise.all([1, 2, 3].map((i) => pool.call(module, [i, 1])))).toEqual([2, 3, 4])
  })

  it('results arrive in a turn of the reactor', async () => {
    const reactor = newReactor()
    const order: string[] = []
    const result = reactor.getThreadPool().call(module, [1, 1]).addCallback(() => {
      reactor.callFromThread(() => order.push('later turn'))
      order.push('result')
    })
    await result
    await new Promise<void>((resolve) => reactor.callLater(0, resolve))
    expect(order).toEqual(['result', 'later turn'])
  })

  it('an error keeps its class, name, message, code, plain fields, stack and causes', async () => {
    const pool = poolOf(1)
    const error = await errorOf(pool.call(task('fails'), [])) as RangeError & { code: string, limit: number }
    expect(error).toBeInstanceOf(RangeError)
    expect([error.name, error.message, error.code, error.limit]).toEqual(['RangeError', 'too many', 'E_MANY', 5])
    expect('list' in error).toBe(false)
    expect(error.stack).toContain('tasks.mjs')
    expect(error.cause).toBeInstanceOf(TypeError)
    expect((error.cause as Error).cause).toBe('a text')
    const own = await errorOf(pool.call(task('failsByName'), [])) as Error & { code: string }
    expect([own.name, own.message, own.code]).toEqual(['OwnError', 'own', 'E_OWN'])
    const several = await errorOf(pool.call(task('failsSeveral'), [])) as AggregateError
    expect(several).toBeInstanceOf(AggregateError)
    expect([several.message, (several.errors[0] as Error).message, several.errors[1]]).toEqual(['both', 'one', 2])
    expect((await errorOf(pool.call(task('throwsHostile'), []))).message).toContain('cannot be shown')
  })

  it('what is thrown and is no error is wrapped', async () => {
    const pool = poolOf(1)
    const text = await errorOf(pool.call(task('throwsText'), []))
    expect(text).toBeInstanceOf(ThrownValueError)
    expect(text.cause).toBe('just text')
    expect((await errorOf(pool.call(task('throwsFunction'), []))).cause).toContain('=>')
  })

  it('what cannot pass between threads is an error of the call, and costs no thread', async () => {
    const pool = poolOf(1)
    expect(() => pool.call(module, [() => 1])).toThrow(expect.objectContaining({ name: 'DataCloneError' }))
    expect(await errorOf(pool.call(task('returnsFunction'), []))).toMatchObject({ name: 'DataCloneError' })
    const [one, two] = [await pool.call(task('whereAmI'), []), await pool.call(task('whereAmI'), [])]
    expect(two).toBe(one)
  })

  it('a module or an export that is not there is an error that names it', async () => {
    const pool = poolOf(1)
    const gone = await errorOf(pool.call(new URL('./tasks/gone.mjs', import.meta.url), []))
    expect(gone).toMatchObject({ code: 'ERR_MODULE_NOT_FOUND', message: expect.stringContaining('gone.mjs') as string })
    // Node tells who imported it: not with the text of what runs in the thread.
    expect(gone.message + gone.stack).not.toContain('data:')
    const unknown = await errorOf(pool.call(task('nothing'), []))
    expect(unknown.message).toMatch(/tasks\.mjs exports no function 'nothing'/)
  })

  it('wrong arguments are refused at once', () => {
    const pool = poolOf(1)
    for (const wrong of ['./a.js', null, undefined, 5, { module: './a.js' }, { module, export: 5 }]) {
      expect(() => pool.call(wrong as never, [])).toThrow(TypeError)
    }
    expect(() => pool.call((() => 1) as never, [])).toThrow(/function cannot be handed/)
    for (const size of [0, -1, 1.5, NaN, '3']) expect(() => pool.resize(size as never)).toThrow(RangeError)
    expect(() => createReactor().suggestThreadPoolSize(0)).toThrow(RangeError)
  })
})

describe('threads: moving instead of copying', () => {
  it('arguments and results', async () => {
    const pool = poolOf(1)
    const bytes = new Uint8Array(1 << 20).fill(1)
    const back = await pool.call(task('givesBack'), [transfer(bytes)]) as Uint8Array
    expect(bytes.length).toBe(0)
    expect([back.length, back[0], back[1]]).toEqual([1 << 20, 2, 1])
    expect(await pool.call(task('sumOf'), [back])).toBe((1 << 20) + 1)
    expect(back.length).toBe(1 << 20)
    await pool.call(task('sumOf'), [back], { transfer: [back.buffer] })
    expect(back.length).toBe(0)
  })

  it('a view of memory that others use too is copied', async () => {
    const whole = new Uint8Array(8).fill(1)
    expect(await poolOf(1).call(task('sumOf'), [transfer(whole.subarray(0, 4))])).toBe(4)
    expect(whole.length).toBe(8)
  })

  it('a MessagePort carries messages in both directions while the task runs', async () => {
    const reactor = newReactor()
    const { port1, port2 } = new MessageChannel()
    const got: number[] = []
    const closed = new Promise<void>((resolve) => port1.on('close', resolve))
    port1.on('message', (count: number) => reactor.callFromThread(() => got.push(count)))
    expect(await reactor.getThreadPool().call(task('counts'), [transfer(port2), 3])).toBe('counted')
    await closed
    await new Promise<void>((resolve) => reactor.callLater(0, resolve))
    expect(got).toEqual([1, 2, 3])
  })
})

describe('threads: cancelling', () => {
  it('ends a task that has begun, whatever it does, and no other', async () => {
    for (const name of ['spins', 'sleeps']) {
      const pool = poolOf(2)
      const { shared, begun } = signpost()
      const spinning = pool.call(task(name), [shared])
      const other = await pool.call(task('whereAmI'), [])
      await begun()
      spinning.cancel()
      expect(await errorOf(spinning)).toBeInstanceOf(CancelledError)
      expect(pool.busy).toBe(0)
      expect(await pool.call(task('whereAmI'), [])).toBe(other)
    }
  })

  it('makes room for those that wait', async () => {
    const pool = poolOf(1)
    const { shared, begun } = signpost()
    const spinning = pool.call(task('spins'), [shared])
    const waiting = [pool.call(module, [1, 1]), pool.call(module, [2, 2]), pool.call(module, [3, 3])]
    await begun()
    waiting[1].cancel()
    expect(pool.waiting).toBe(2)
    spinning.cancel()
    expect(await Promise.all([waiting[0], waiting[2]])).toEqual([2, 6])
    expect(await errorOf(waiting[1])).toBeInstanceOf(CancelledError)
    expect(await errorOf(spinning)).toBeInstanceOf(CancelledError)
  })

  it('a task cancelled before its thread is there never runs', async () => {
    const pool = poolOf(1)
    const { shared } = signpost()
    const never = pool.call(task('spins'), [shared])
    never.cancel()
    expect(await errorOf(never)).toBeInstanceOf(CancelledError)
    expect(await pool.call(module, [1, 1])).toBe(2)
    expect(shared[0]).toBe(0)
  })

  it('by a signal: of the task, or of the call; no listener stays', async () => {
    const pool = poolOf(1)
    const { signal } = new AbortController()
    expect(await pool.call({ module, signal }, [1, 1])).toBe(2)
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
    for (const where of ['task', 'call']) {
      const controller = new AbortController()
      const { shared, begun } = signpost()
      const spinning = where === 'task'
        ? pool.call({ module, export: 'spins', signal: controller.signal }, [shared])
        : pool.call(task('spins'), [shared], { signal: controller.signal })
      await begun()
      controller.abort()
      expect(await errorOf(spinning)).toBeInstanceOf(CancelledError)
    }
    const aborted = pool.call({ module, signal: AbortSignal.abort() }, [1, 1])
    expect(await errorOf(aborted)).toBeInstanceOf(CancelledError)
    expect(await pool.call(module, [1, 1])).toBe(2)
  })
})

describe('threads: crashes', () => {
  it('a thread that exits, or meets an error that nobody catches: ThreadCrashed, and the pool goes on', async () => {
    const pool = poolOf(1)
    const waiting = [pool.call(task('exits'), [7]), pool.call(module, [1, 1]), pool.call(task('exits'), [0]),
      pool.call(task('explodes'), []), pool.call(module, [2, 2])]
    const exited = await errorOf(waiting[0]) as ThreadCrashed
    expect(exited).toBeInstanceOf(ThreadCrashed)
    expect([exited.status, exited.message]).toEqual([7, 'The thread of this task exited with status 7.'])
    expect(await waiting[1]).toBe(2)
    expect(await errorOf(waiting[2])).toMatchObject({ name: 'ThreadCrashed', status: 0 })
    const exploded = await errorOf(waiting[3]) as ThreadCrashed
    expect(exploded.status).toBe(null)
    expect((exploded.cause as Error).message).toBe('nobody catches this')
    expect(await waiting[4]).toBe(4)
  })

  it('other tasks do not hear of it', async () => {
    const pool = poolOf(2)
    const { shared, begun } = signpost()
    const spinning = pool.call(task('spins'), [shared])
    await begun()
    expect(await errorOf(pool.call(task('exits'), [1]))).toBeInstanceOf(ThreadCrashed)
    expect([spinning.called, pool.busy]).toEqual([false, 1])
    spinning.cancel()
    await errorOf(spinning)
  })

  it('a task that runs out of memory takes its thread with it, and nothing else', async () => {
    const pool = poolOf(1, 24)
    const error = await errorOf(pool.call(task('fills'), [])) as ThreadCrashed
    expect(error).toBeInstanceOf(ThreadCrashed)
    expect((error.cause as { code: string }).code).toBe('ERR_WORKER_OUT_OF_MEMORY')
    expect(await pool.call(module, [1, 1])).toBe(2)
  })

  it('a thread that ends between two tasks is logged, and replaced', async () => {
    const reactor = newReactor()
    const pool = createThreadPool({ size: 1 }, reactor)
    pools.push(pool)
    const { shared, begun } = signpost()
    const events = await logged(async () => {
      expect(await pool.call(task('leavesTrouble'), [shared])).toBe('fine')
      await begun()
      // The next may meet the thread's end, or come after it.
      await pool.call(module, [1, 1]).addErrback((failure: Failure) => failure.trap(ThreadCrashed))
    })
    expect(await pool.call(module, [1, 1])).toBe(2)
    for (const event of events) expect(event.message).toContain('A thread failed outside of any task')
  })
})

describe('threads: the end', () => {
  it('reactor.stop() ends what runs and what waits; the next pool is another', async () => {
    const reactor = newReactor()
    reactor.suggestThreadPoolSize(1)
    void reactor.run()
    const pool = reactor.getThreadPool()
    const { shared, begun } = signpost()
    const calls = [pool.call(task('spins'), [shared]), pool.call(module, [1, 1])].map(errorOf)
    await begun()
    await stopped(reactor)
    for (const error of await Promise.all(calls)) expect(error).toBeInstanceOf(ThreadPoolStopped)
    expect(await errorOf(pool.call(module, [1, 1]))).toBeInstanceOf(ThreadPoolStopped)
    expect(reactor.getThreadPool()).not.toBe(pool)
    expect(reactor.getThreadPool().size).toBe(1)
    expect(await reactor.getThreadPool().call(module, [1, 1])).toBe(2)
  })

  it('reactor.crash() ends the pool too', async () => {
    const reactor = newReactor()
    void reactor.run()
    const pool = reactor.getThreadPool()
    expect(await pool.call(module, [1, 1])).toBe(2)
    reactor.crash()
    expect(await errorOf(pool.call(module, [1, 1]))).toBeInstanceOf(ThreadPoolStopped)
  })

  it('stop() of a pool may be called at any time, and more than once', async () => {
    const unused = poolOf(1)
    await unused.stop()
    await unused.stop()
    const pool = poolOf(1)
    const call = errorOf(pool.call(module, [1, 1]))
    await Promise.all([pool.stop(), pool.stop()])
    expect(await call).toBeInstanceOf(ThreadPoolStopped)
  })
})

describe('threads: callInThread and callFromThread', () => {
  it('a failure is logged', async () => {
    const reactor = newReactor()
    reactor.suggestThreadPoolSize(1)
    const events = await logged(async () => {
      reactor.callInThread(task('fails'))
      reactor.callInThread(module, 1, 2)
      await reactor.getThreadPool().call(module, [1, 1])
    })
    expect(events.map((event) => [event.message, event.failure?.value.message])).toEqual([
      ['A call in a thread failed', 'too many'],
    ])
  })

  it('a reactor without threads says so', async () => {
    const { Reactor } = await import('../../../src/reactor/index.js')
    const { NodeHost } = await import('../../../bindings/node/host.js')
    const { nodeCore } = await import('../../../bindings/node/load.js')
    const reactor = new Reactor({ core: nodeCore, host: new NodeHost() })
    expect(() => reactor.getThreadPool()).toThrow(NotSupportedError)
    expect(() => reactor.callInThread(module)).toThrow(/callInThread/)
  })
})
