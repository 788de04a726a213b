import { describe, expect, it } from 'vitest'
import { Deferred, fail } from '../../../src/defer/index.js'
import { NotSupportedError, ReactorAlreadyRunning, ReactorNotRunning } from '../../../src/errors/index.js'
import { ClientFactory, Factory } from '../../../src/protocols/factory.js'
import { fakeReactor } from './fake-host.js'
import { logged } from './log.js'

describe('system events', () => {
  it('T16 before-triggers may return Deferreds, and during waits for all of them', () => {
    const { host, reactor } = fakeReactor()
    const ran: string[] = []
    const first = new Deferred<void>()
    const second = new Deferred<void>()
    reactor.addSystemEventTrigger('after', 'custom', () => ran.push('after'))
    reactor.addSystemEventTrigger('during', 'custom', () => ran.push('during'))
    reactor.addSystemEventTrigger('before', 'custom', () => {
      ran.push('before 1')
      return first
    })
    reactor.addSystemEventTrigger('before', 'custom', (name: string) => {
      ran.push(name)
      return second
    }, 'before 2')
    reactor.fireSystemEvent('custom')
    host.settle()
    expect(ran).toEqual(['before 1', 'before 2'])
    second.callback(undefined)
    expect(ran).toEqual(['before 1', 'before 2'])
    first.callback(undefined)
    expect(ran).toEqual(['before 1', 'before 2', 'during', 'after'])
  })

  it('T16 a trigger that throws or fails is logged and the rest run, each once', async () => {
    const { reactor } = fakeReactor()
    const ran: string[] = []
    for (const phase of ['before', 'during', 'after'] as const) {
      reactor.addSystemEventTrigger(phase, 'custom', () => {
        throw new Error(`${phase} threw`)
      })
      reactor.addSystemEventTrigger(phase, 'custom', () => fail(new Error(`${phase} failed`)))
      reactor.addSystemEventTrigger(phase, 'custom', () => ran.push(phase))
    }
    const events = await logged(() => {
      reactor.fireSystemEvent('custom')
      reactor.fireSystemEvent('custom')
    })
    expect(ran).toEqual(['before', 'during', 'after'])
    expect(events.map((event) => event.failure?.getErrorMessage())).toEqual([
      'before threw', 'before failed', 'during threw', 'during failed', 'after threw', 'after failed',
    ])
  })

  it('T16 a removed trigger does not run; removing what is none throws', () => {
    const { reactor } = fakeReactor()
    const ran: string[] = []
    const trigger = reactor.addSystemEventTrigger('before', 'custom', () => ran.push('removed'))
    reactor.removeSystemEventTrigger(trigger)
    reactor.removeSystemEventTrigger(trigger)
    reactor.fireSystemEvent('custom')
    expect(ran).toEqual([])
    expect(() => reactor.removeSystemEventTrigger({ phase: 'before', event: 'custom' })).toThrow(TypeError)
    expect(() => reactor.addSystemEventTrigger('soon' as never, 'custom', () => undefined)).toThrow(TypeError)
  })
})

describe('run and stop', () => {
  it('fires startup, then what was to be called when running; stop fires shutdown and settles run', async () => {
    const { host, reactor } = fakeReactor()
    const ran: string[] = []
    reactor.callWhenRunning((x: string) => ran.push(x), 'when running')
    reactor.addSystemEventTrigger('before', 'startup', () => ran.push(`before ${reactor.running}`))
    reactor.addSystemEventTrigger('during', 'startup', () => ran.push(`during ${reactor.running}`))
    for (const phase of ['before', 'during', 'after'] as const) {
      reactor.addSystemEventTrigger(phase, 'shutdown', () => ran.push(`${phase} shutdown ${reactor.running}`))
    }
    const done = reactor.run()
    expect(ran).toEqual(['before false', 'during true', 'when running'])
    expect(host.kept).toBe(true)
    expect(host.signal).not.toBe(null)
    ran.length = 0
    expect(reactor.callWhenRunning(() => ran.push('later turn'))).toBe(null)
    expect(ran).toEqual([])
    reactor.stop()
    expect(() => reactor.stop()).toThrow(ReactorNotRunning)
    host.settle()
    await done
    expect(ran).toEqual(['later turn', 'before shutdown true', 'during shutdown true', 'after shutdown false'])
    expect(host.kept).toBe(false)
    expect(host.signal).toBe(null)
  })

  it('run settles only after the Deferreds of all shutdown triggers', async () => {
    const { host, reactor } = fakeReactor()
    const waits = { before: new Deferred<void>(), during: new Deferred<void>(), after: new Deferred<void>() }
    for (const phase of ['before', 'during', 'after'] as const) {
      reactor.addSystemEventTrigger(phase, 'shutdown', () => waits[phase])
    }
    let settled = false
    const done = reactor.run().then(() => {
      settled = true
    })
    reactor.stop()
    for (const phase of ['before', 'during', 'after'] as const) {
      host.settle()
      await Promise.resolve()
      expect(settled).toBe(false)
      waits[phase].callback(undefined)
    }
    host.settle()
    await done
    expect(settled).toBe(true)
  })

  it('refuses what does not fit its state', async () => {
    const { host, reactor } = fakeReactor()
    expect(() => reactor.stop()).toThrow(ReactorNotRunning)
    expect(() => reactor.crash()).toThrow(ReactorNotRunning)
    const done = reactor.run()
    await expect(reactor.run()).rejects.toThrow(ReactorAlreadyRunning)
    expect(() => reactor.free()).toThrow(ReactorAlreadyRunning)
    reactor.crash()
    await done
    const again = reactor.run()
    reactor.stop()
    host.settle()
    await again
    expect(reactor.running).toBe(false)
  })

  it('a signal stops; a second one does not wait for triggers', async () => {
    const { host, reactor } = fakeReactor()
    const ran: string[] = []
    reactor.addSystemEventTrigger('before', 'shutdown', () => {
      ran.push('before')
      return new Deferred<void>()
    })
    reactor.addSystemEventTrigger('during', 'shutdown', () => ran.push('during'))
    const done = reactor.run()
    host.signal!('SIGINT')
    host.settle()
    expect(ran).toEqual(['before'])
    host.signal!('SIGINT')
    await done
    expect(ran).toEqual(['before'])
    expect(host.signal).toBe(null)
  })

  it('a trigger of a run that was cut short does not end the next one', async () => {
    const { host, reactor } = fakeReactor()
    const late = new Deferred<void>()
    reactor.addSystemEventTrigger('before', 'shutdown', () => late)
    const first = reactor.run()
    reactor.stop()
    host.settle()
    reactor.crash()
    await first
    const second = reactor.run()
    late.callback(undefined)
    host.settle()
    expect(reactor.running).toBe(true)
    reactor.stop()
    host.settle()
    await second
    expect(reactor.running).toBe(false)
  })

  it('installs no signal handlers if told so', async () => {
    const { host, reactor } = fakeReactor({ installSignalHandlers: false })
    const done = reactor.run()
    expect(host.signal).toBe(null)
    reactor.crash()
    await done
  })

  it('what is still scheduled sleeps after stop, and does not keep the program alive', async () => {
    const { host, reactor } = fakeReactor()
    const ran: string[] = []
    reactor.callLater(10, () => ran.push('left over'))
    const done = reactor.run()
    reactor.stop()
    host.settle()
    await done
    expect([host.kept, host.timer]).toEqual([false, null])
    host.pass(20)
    expect(ran).toEqual([])
    const again = reactor.run()
    host.settle()
    expect(ran).toEqual(['left over'])
    reactor.crash()
    await again
  })

  it('posted calls run by priority, and an error in one is logged', async () => {
    const { host, reactor } = fakeReactor()
    const ran: string[] = []
    const events = await logged(() => {
      reactor.queue.post(() => ran.push('3'), 3)
      reactor.queue.post(() => ran.push('1 a'))
      reactor.queue.post(() => {
        throw new Error('boom')
      })
      reactor.queue.post(() => ran.push('1 b'))
      reactor.queue.post(() => {
        ran.push('0')
        reactor.queue.post(() => ran.push('next turn'), 0)
      }, 0)
      expect(host.turns).toBe(1)
      host.turn()
    })
    expect(ran).toEqual(['0', '1 a', '1 b', '3'])
    expect(events.map((event) => event.failure?.getErrorMessage())).toEqual(['boom'])
    host.turn()
    expect(ran).toHaveLength(5)
  })

  it('one source gets a share of a turn, and the others the rest of it', () => {
    const { host, reactor } = fakeReactor()
    const ran: string[] = []
    for (let i = 0; i < 200; i++) reactor.queue.post(() => ran.push('flood'), 1, 7)
    reactor.queue.post(() => ran.push('other'), 1, 8)
    host.turn()
    expect(ran.indexOf('other')).toBeGreaterThan(0)
    expect(ran.length).toBeLessThan(201)
    host.settle()
    expect(ran).toHaveLength(201)
  })

  it('a host without TCP says so', () => {
    const { reactor } = fakeReactor()
    expect(() => reactor.listenTCP(0, new Factory())).toThrow(NotSupportedError)
    expect(() => reactor.connectTCP('x', 1, new ClientFactory())).toThrow(NotSupportedError)
  })

  it('making a reactor touches neither core nor host', () => {
    const touched: string[] = []
    const host = new Proxy({}, {
      get(_target, key) {
        touched.push(String(key))
        return () => undefined
      },
    })
    return import('../../../src/reactor/index.js').then(({ Reactor }) => {
      new Reactor({
        core: () => {
          touched.push('core')
          throw new Error('not needed')
        },
        host: host as never,
      })
      expect(touched).toEqual([])
    })
  })
})
