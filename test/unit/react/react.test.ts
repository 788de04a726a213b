/** react: a program's main, and the status that it ends with. */
import { describe, expect, it } from 'vitest'
import { Deferred, fail, succeed } from '../../../src/defer/index.js'
import { SystemExit } from '../../../src/errors/index.js'
import { react } from '../../../src/reactor/index.js'
import type { Reactor } from '../../../src/reactor/index.js'
import { logged } from '../reactor/log.js'
import { fakeReactor } from '../reactor/fake-host.js'

interface Program {
  reactor: Reactor
  statuses: number[]
  settle: () => void
  signal: () => void
}

function program(): Program {
  const { host, reactor } = fakeReactor()
  const statuses: number[] = []
  Object.assign(host, { exit: (status: number) => void statuses.push(status) })
  return { reactor, statuses, settle: () => host.settle(), signal: () => host.signal?.('SIGINT') }
}

describe('react', () => {
  it('calls main with the reactor and argv, runs until its Deferred fires, and exits with 0', async () => {
    const { reactor, statuses, settle } = program()
    const seen: unknown[] = []
    const done = new Deferred<void>()
    const status = react((...args) => {
      seen.push(...args)
      return done
    }, ['a', 'b'], reactor)
    settle()
    expect([seen, reactor.running, statuses]).toEqual([[reactor, 'a', 'b'], true, []])
    done.callback()
    settle()
    expect(await status).toBe(0)
    expect([reactor.running, statuses]).toEqual([false, [0]])
  })

  it('a main that is done at once, or is async, ends it too', async () => {
    for (const main of [() => succeed(1), () => undefined, async () => 5]) {
      const { reactor, statuses, settle } = program()
      const status = react(main, [], reactor)
      for (let n = 0; n < 5; n++) {
        await Promise.resolve()
        settle()
      }
      expect([await status, statuses]).toEqual([0, [0]])
    }
  })

  it('a main that fails, or throws, is logged, and the status is 1', async () => {
    const mains = [() => fail(new Error('main')), () => {
      throw new Error('main')
    }]
    for (const main of mains) {
      const { reactor, statuses, settle } = program()
      const events = await logged(async () => {
        const status = react(main, [], reactor)
        settle()
        expect(await status).toBe(1)
      })
      expect(events.map((event) => [event.level, event.failure?.getErrorMessage()])).toEqual([['critical', 'main']])
      expect(statuses).toEqual([1])
    }
  })

  it('SystemExit gives the status, and is not logged', async () => {
    const { reactor, statuses, settle } = program()
    const events = await logged(async () => {
      const status = react(() => fail(new SystemExit(3)), [], reactor)
      settle()
      await status
    })
    expect([statuses, events]).toEqual([[3], []])
    expect(new SystemExit().status).toBe(0)
  })

  it('a reactor that is stopped first cancels main, and exits with 0', async () => {
    const { reactor, statuses, settle, signal } = program()
    let cancelled = 0
    const status = react(() => new Deferred<void>(() => void cancelled++), [], reactor)
    settle()
    signal()
    settle()
    expect([await status, statuses, cancelled]).toEqual([0, [0], 1])
  })

  it('what main fails with instead while it is being stopped counts', async () => {
    const { reactor, settle, signal } = program()
    const events = await logged(async () => {
      const status = react(() => new Deferred<void>((d) => d.errback(new Error('clean-up'))), [], reactor)
      settle()
      signal()
      settle()
      expect(await status).toBe(1)
    })
    expect(events).toHaveLength(1)
  })

  it('a main that is a promise is not cancelled: what it fails with meanwhile counts, too', async () => {
    const { reactor, settle, signal } = program()
    const held = new Deferred<void>()
    let die: (error: Error) => void = () => undefined
    const events = await logged(async () => {
      const status = react(() => new Promise((_resolve, reject) => { die = reject }), [], reactor)
      reactor.addSystemEventTrigger('before', 'shutdown', () => held)
      settle()
      signal()
      settle()
      die(new Error('clean-up'))
      for (let i = 0; i < 10; i++) await null
      held.callback()
      settle()
      expect(await status).toBe(1)
    })
    expect(events.map(({ failure }) => failure?.getErrorMessage())).toEqual(['clean-up'])
  })

  it('main may stop the reactor itself', async () => {
    const { reactor, settle, statuses } = program()
    const status = react((on) => {
      on.callWhenRunning(() => on.stop())
      return new Deferred<void>()
    }, [], reactor)
    settle()
    expect([await status, statuses]).toEqual([0, [0]])
  })

  it('a host without an exit only gives the status; a second run leaves no trigger behind', async () => {
    const { host, reactor } = fakeReactor()
    for (let n = 0; n < 2; n++) {
      const status = react(() => succeed(n), [], reactor)
      host.settle()
      expect(await status).toBe(0)
    }
  })

  it('needs a function and a reactor', () => {
    const { reactor } = program()
    expect(() => react(1 as never, [], reactor)).toThrow(TypeError)
    expect(() => react(() => 1, [], undefined as never)).toThrow(/`reactor`/)
  })
})
