/** Service, MultiService, TimerService, StreamServerEndpointService, backoffPolicy, runService. */
import { describe, expect, it } from 'vitest'
import * as whorl from 'whorl'
import { Deferred, fail, Failure, succeed } from '../../../src/defer/index.js'
import { CannotListenError, CancelledError } from '../../../src/errors/index.js'
import type { IListeningPort, IStreamServerEndpoint } from '../../../src/interfaces/index.js'
import { TCP4ServerEndpoint } from '../../../src/endpoints/index.js'
import { logPublisher } from '../../../src/logger/index.js'
import { Factory } from '../../../src/protocols/factory.js'
import { Protocol } from '../../../src/protocols/protocol.js'
import { Clock } from '../../../src/reactor/clock.js'
import {
  backoffPolicy, MultiService, runService, Service, StreamServerEndpointService, TimerService,
} from '../../../src/services/index.js'
import { MemoryReactor } from '../../../src/testing/index.js'

/** What is logged while `fn` runs. */
function logged(fn: () => void): string[] {
  const seen: string[] = []
  const observer = (event: { message: string }): number => seen.push(event.message)
  logPublisher.addObserver(observer)
  try {
    fn()
  } finally {
    logPublisher.removeObserver(observer)
  }
  return seen
}

class Told extends Service {
  readonly #events: string[]
  stopped: Deferred<unknown> | undefined = undefined

  constructor(name: string, events: string[]) {
    super()
    this.name = name
    this.#events = events
  }

  override startService(): void {
    super.startService()
    this.#events.push(`start ${this.name}`)
  }

  override stopService(): Deferred<unknown> | undefined {
    super.stopService()
    this.#events.push(`stop ${this.name}`)
    return this.stopped
  }
}

describe('MultiService', () => {
  const group = () => {
    const events: string[] = []
    const parent = new MultiService()
    const [a, b, c] = ['a', 'b', 'c'].map((name) => new Told(name, events)) as [Told, Told, Told]
    for (const service of [a, b, c]) service.setServiceParent(parent)
    return { parent, events, a, b, c }
  }

  it('starts in order, stops in reverse, and waits for all', () => {
    const { parent, events, a, b } = group()
    parent.startService()
    a.stopped = new Deferred()
    b.stopped = fail(new Error('stuck'))
    let done = false
    const messages = logged(() => parent.stopService().addCallback(() => (done = true)))
    expect(events).toEqual(['start a', 'start b', 'start c', 'stop c', 'stop b', 'stop a'])
    expect(messages).toEqual(['The service b failed to stop'])
    expect(done).toBe(false)
    a.stopped.callback(undefined)
    expect(done).toBe(true)
    expect([parent.running, a.running]).toEqual([false, false])
  })

  it('is iterable, and knows its services by name', () => {
    const { parent, a, b, c, events } = group()
    expect([...parent]).toEqual([a, b, c])
    expect(parent.services).toEqual([a, b, c])
    expect(parent.getServiceNamed('b')).toBe(b)
    expect(() => parent.getServiceNamed('x')).toThrow(/"x"/)
    expect(() => new Told('a', events).setServiceParent(parent)).toThrow(/"a" already/)
    expect(() => parent.addService(a)).toThrow(/already/)
    expect(() => a.setName('d')).toThrow()
    new Service().setServiceParent(parent)
    new Service().setServiceParent(parent)
    expect(parent.services).toHaveLength(5)
  })

  it('one added to a running group starts, one taken out stops', () => {
    const { parent, events, b } = group()
    parent.startService()
    events.length = 0
    const late = new Told('late', events)
    late.setServiceParent(parent)
    b.stopped = new Deferred()
    let left = false
    const leaving = b.disownServiceParent() as Deferred<unknown>
    leaving.addCallback(() => (left = true))
    expect([events, b.parent, left]).toEqual([['start late', 'stop b'], null, false])
    b.stopped.callback(undefined)
    expect(left).toBe(true)
    expect(() => parent.getServiceNamed('b')).toThrow()
    expect(() => b.disownServiceParent()).toThrow()
    expect(() => parent.removeService(b)).toThrow()
    b.setName('other')
    b.setServiceParent(parent)
    expect(parent.getServiceNamed('other')).toBe(b)
  })

  it('a service that gets another parent leaves the first; groups nest', () => {
    const { parent, a } = group()
    const other = new MultiService()
    a.setServiceParent(other)
    expect([parent.services.length, [...other], a.parent]).toEqual([2, [a], other])
    other.setServiceParent(parent)
    parent.startService()
    expect(a.running).toBe(true)
  })
})

describe('TimerService', () => {
  it('calls at the start and at every step, and stops', () => {
    const clock = new Clock()
    const calls: unknown[] = []
    const service = new TimerService(100, (...args: unknown[]) => void calls.push(args), 'x', 1)
    expect(() => service.startService()).toThrow(/`clock`/)
    service.clock = clock
    service.startService()
    clock.advance(250)
    expect(calls).toEqual([['x', 1], ['x', 1]])
    let stopped = false
    ;(service.stopService() as Deferred<unknown>).addCallback(() => (stopped = true))
    expect([stopped, clock.getDelayedCalls()]).toEqual([true, []])
    expect(service.stopService()).toBeUndefined()
    service.startService()
    expect(calls).toHaveLength(3)
    void service.stopService()
  })

  it('stopping waits for a call that runs', () => {
    const clock = new Clock()
    const running = new Deferred<unknown>()
    const service = new TimerService(100, () => running)
    service.clock = clock
    service.startService()
    let stopped = false
    ;(service.stopService() as Deferred<unknown>).addCallback(() => (stopped = true))
    expect(stopped).toBe(false)
    running.callback(undefined)
    expect(stopped).toBe(true)
  })

  it('a call that fails is logged, ends the calls, and leaves the stop to work', () => {
    const clock = new Clock()
    const service = new TimerService(100, () => {
      throw new Error('no')
    })
    service.name = 'sweep'
    service.clock = clock
    expect(logged(() => service.startService())).toEqual(['The function of the service sweep failed'])
    expect(clock.getDelayedCalls()).toEqual([])
    let stopped = false
    ;(service.stopService() as Deferred<unknown>).addCallback(() => (stopped = true))
    expect(stopped).toBe(true)
  })
})

describe('StreamServerEndpointService', () => {
  it('listens from start to stop', () => {
    const reactor = new MemoryReactor()
    const service = new StreamServerEndpointService(new TCP4ServerEndpoint(reactor, 8007), Factory.forProtocol(Protocol))
    const waited: unknown[] = []
    service.whenListening().addCallback((port) => waited.push(port))
    expect(service.port).toBeNull()
    service.startService()
    service.startService()
    const { listening } = reactor.tcpServers[0]!
    expect([listening.listening, service.port, waited]).toEqual([true, listening, [listening]])
    service.whenListening().addCallback((port) => waited.push(port))
    expect(waited).toHaveLength(2)
    let stopped = false
    service.stopService().addCallback(() => (stopped = true))
    expect([listening.listening, stopped, service.port]).toEqual([false, true, null])
    let again = false
    service.stopService().addCallback(() => (again = true))
    expect(again).toBe(true)
    service.startService()
    expect(reactor.tcpServers).toHaveLength(2)
  })

  it('a port that cannot be had is told to whoever waits, and logged', () => {
    const endpoint: IStreamServerEndpoint = { listen: () => fail(new CannotListenError('', 80)) as never }
    const service = new StreamServerEndpointService(endpoint, Factory.forProtocol(Protocol))
    const seen: unknown[] = []
    service.whenListening().addErrback((failure: Failure) => seen.push(failure.value))
    expect(logged(() => service.startService())).toEqual(['The service StreamServerEndpointService cannot listen'])
    service.whenListening().addErrback((failure: Failure) => seen.push(failure.value))
    expect(seen).toEqual([expect.any(CannotListenError), expect.any(CannotListenError)])
    let stopped = false
    service.stopService().addCallback(() => (stopped = true))
    expect(stopped).toBe(true)
  })

  it('stopped before it listens: the attempt is cancelled, and nothing is wrong', () => {
    let cancelled = false
    const endpoint: IStreamServerEndpoint = { listen: () => new Deferred<IListeningPort>(() => (cancelled = true)) }
    const service = new StreamServerEndpointService(endpoint, Factory.forProtocol(Protocol))
    service.startService()
    const seen: unknown[] = []
    service.whenListening().addErrback((failure: Failure) => seen.push(failure.value))
    let stopped = false
    const messages = logged(() => service.stopService().addCallback(() => (stopped = true)))
    expect([cancelled, stopped, messages]).toEqual([true, true, []])
    expect(seen).toEqual([expect.any(CancelledError)])
  })

  it('with drain, stopping drains the port', () => {
    const drained: number[] = []
    const done = new Deferred<void>()
    const port = { drain: (ms: number) => (drained.push(ms), done), stopListening: () => undefined }
    const endpoint = { listen: () => succeed(port as never) } as unknown as IStreamServerEndpoint
    const service = new StreamServerEndpointService(endpoint, Factory.forProtocol(Protocol), { drain: 5_000 })
    service.startService()
    let stopped = false
    service.stopService().addCallback(() => (stopped = true))
    expect([drained, stopped]).toEqual([[5_000], false])
    done.callback(undefined)
    expect(stopped).toBe(true)
  })
})

describe('backoffPolicy', () => {
  it('grows to its limit, for any attempt', () => {
    const policy = backoffPolicy({ jitter: () => 7 })
    expect([0, 1, 2, 11, 1e6, Infinity].map(policy)).toEqual([1_007, 1_507, 2_257, 60_007, 60_007, 60_007])
    const flat = backoffPolicy({ initialDelay: 0, maxDelay: 50, factor: 2, jitter: () => 0 })
    expect([0, 10, Infinity].map(flat)).toEqual([0, 0, 50])
  })

  it('adds up to a second by chance, everywhere', () => {
    for (const make of [backoffPolicy, whorl.backoffPolicy]) {
      const waits = Array.from({ length: 50 }, () => make({ initialDelay: 0, maxDelay: 0 })(1))
      expect(waits.every((wait) => wait >= 0 && wait < 1_000)).toBe(true)
    }
    const policy = backoffPolicy({ initialDelay: 0, maxDelay: 0 })
    expect(new Set(Array.from({ length: 20 }, () => policy(1))).size).toBeGreaterThan(10)
  })
})

describe('runService', () => {
  it('starts with the reactor, and is stopped before it shuts down, which waits', async () => {
    const reactor = new MemoryReactor()
    const events: string[] = []
    const service = new Told('a', events)
    service.stopped = new Deferred()
    let over = false
    const running = runService(reactor, service).then(() => (over = true))
    expect(events).toEqual(['start a'])
    reactor.addSystemEventTrigger('during', 'shutdown', () => events.push('during'))
    reactor.stop()
    expect(events).toEqual(['start a', 'stop a'])
    await Promise.resolve()
    expect(over).toBe(false)
    service.stopped.callback(undefined)
    await running
    expect(events).toEqual(['start a', 'stop a', 'during'])
  })

  it('rejects with what the start threw, once the reactor has stopped', async () => {
    const reactor = new MemoryReactor()
    const service = new TimerService(1, () => undefined)
    await expect(runService(reactor, service)).rejects.toThrow(/`clock`/)
    expect(reactor.running).toBe(false)
  })
})
