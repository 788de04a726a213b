/**
 * What a pool of threads says of itself, and that a call refused for its arguments runs nothing. A stopped pool went on
 * counting those who waited, cancelling afterwards made the count negative; tasks that were given up stayed in line.
 */
import { describe, expect, it } from 'vitest'
import type { Failure } from '../../src/defer/index.js'
import type { ThreadCall, ThreadHost, ThreadSink } from '../../src/interfaces/index.js'
import { ThreadPool } from '../../src/reactor/thread-pool.js'

const task = new URL('file:///task.mjs')

/** Threads that do what a test says. */
function rig(size: number) {
  const begun: ThreadSink[] = []
  let dropped = 0
  const call: ThreadCall = { start: (sink) => void begun.push(sink), drop: () => void (dropped += 1) }
  const host: ThreadHost = {
    parallelism: 1,
    open: () => ({ prepare: () => call, resize: () => undefined, close: () => Promise.resolve() }),
  }
  const posted: (() => void)[] = []
  const pool = new ThreadPool({ callFromThread: (fn) => void posted.push(fn), logFailure: () => undefined }, host, size)
  return { pool, begun, dropped: () => dropped, settle: () => posted.splice(0).forEach((fn) => fn()) }
}

describe('ThreadPool', () => {
  it('stopped, it has nobody who waits, whatever is cancelled then', () => {
    const { pool, settle } = rig(1)
    const codes: unknown[] = []
    const calls = [1, 2, 3].map(() => pool.call(task, [])
      .addErrback((reason: Failure) => void codes.push((reason.value as { code?: string }).code)))
    expect([pool.busy, pool.waiting]).toEqual([1, 2])
    void pool.stop()
    expect([pool.busy, pool.waiting]).toEqual([0, 0])
    calls[0].cancel()
    calls[1].cancel()
    expect([pool.busy, pool.waiting]).toEqual([0, 0])
    settle()
    expect(codes).toEqual(['ERR_DEFERRED_CANCELLED', 'ERR_DEFERRED_CANCELLED', 'ERR_THREAD_POOL_STOPPED'])
  })

  it('a signal that is none runs nothing', () => {
    const { pool, begun } = rig(2)
    const signal = {} as AbortSignal
    expect(() => pool.call({ module: task, signal }, [])).toThrow(TypeError)
    expect(() => pool.call(task, [], { signal })).toThrow(TypeError)
    expect([begun.length, pool.busy, pool.waiting]).toEqual([0, 0, 0])
  })

  it('cancelled in any order, the others keep their turns', () => {
    const { pool, begun, dropped, settle } = rig(1)
    const ended: number[] = []
    const calls = Array.from({ length: 100 }, (_, i) =>
      pool.call(task, [i]).addCallbacks(() => void ended.push(i), () => undefined))
    for (let i = 1; i < 100; i++) if (i % 10 !== 0) calls[i * 37 % 100].cancel()
    const left = pool.waiting
    expect(pool.busy).toBe(1)
    for (let i = 0; i <= left; i++) {
      begun.at(-1)!.ended({ result: i })
      settle()
    }
    expect([pool.busy, pool.waiting, ended.length + dropped()]).toEqual([0, 0, 100])
    expect(ended).toEqual([...ended].sort((a, b) => a - b))
  })
})
