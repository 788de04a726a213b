/** ClientService: every state and every input, on an endpoint and a clock that the test moves. */
import { describe, expect, it } from 'vitest'
import { Deferred, Failure } from '../../../src/defer/index.js'
import {
  CancelledError, ConnectingCancelledError, ConnectionDone, ConnectionRefusedError,
} from '../../../src/errors/index.js'
import type { IProtocol, IProtocolFactory, IStreamClientEndpoint } from '../../../src/interfaces/index.js'
import { Factory } from '../../../src/protocols/factory.js'
import { Protocol } from '../../../src/protocols/protocol.js'
import { ClientService } from '../../../src/services/index.js'
import type { ClientServiceOptions } from '../../../src/services/index.js'
import { Clock } from '../../../src/reactor/clock.js'
import { StringTransport } from '../../../src/testing/string-transport.js'

const PEER = { family: 'IPv4', type: 'TCP', host: '192.0.2.9', port: 9 } as const

/** Attempts that the test decides. */
class Attempts implements IStreamClientEndpoint {
  readonly made: { factory: IProtocolFactory, deferred: Deferred<IProtocol>, cancelled: boolean }[] = []

  connect(factory: IProtocolFactory): Deferred<IProtocol> {
    const attempt = {
      factory,
      cancelled: false,
      deferred: new Deferred<IProtocol>((deferred) => {
        attempt.cancelled = true
        deferred.errback(new ConnectingCancelledError())
      }),
    }
    this.made.push(attempt)
    return attempt.deferred
  }

  succeed(): { protocol: Protocol, transport: StringTransport } {
    const { factory, deferred } = this.made.at(-1)!
    const protocol = factory.buildProtocol(PEER) as Protocol
    const transport = new StringTransport()
    protocol.makeConnection(transport)
    deferred.callback(protocol as never)
    return { protocol, transport }
  }

  fail(): void {
    this.made.at(-1)!.deferred.errback(new ConnectionRefusedError())
  }
}

function rig(options: ClientServiceOptions = {}) {
  const clock = new Clock()
  const attempts = new Attempts()
  const waits: number[] = []
  const service = new ClientService(attempts, Factory.forProtocol(Protocol), {
    clock,
    retryPolicy: (attempt) => {
      waits.push(attempt)
      return attempt * 100
    },
    ...options,
  })
  return { clock, attempts, waits, service }
}

/** What has come of a Deferred: its value, its error, or 'nothing'. */
function outcome(deferred: Deferred<unknown>): () => unknown {
  let got: unknown = 'nothing'
  deferred.addCallbacks((value) => (got = value), (failure: Failure) => (got = failure.value))
  return () => got
}

const lose = (protocol: Protocol): void => protocol.connectionLost(new Failure(new ConnectionDone()))

describe('ClientService', () => {
  it('needs a clock, and says so', () => {
    const { service } = rig({ clock: null })
    expect(() => service.startService()).toThrow(/`clock`/)
    expect(service.running).toBe(false)
  })

  it('connects when it is started, once', () => {
    const { service, attempts } = rig()
    expect(attempts.made).toHaveLength(0)
    service.startService()
    service.startService()
    expect(attempts.made).toHaveLength(1)
    expect(service.running).toBe(true)
  })

  it('tells those who wait, in every state, and those who come later at once', () => {
    const { service, attempts } = rig()
    const early = outcome(service.whenConnected())
    service.startService()
    const waiting = outcome(service.whenConnected())
    const { protocol } = attempts.succeed()
    expect([early(), waiting(), outcome(service.whenConnected())()]).toEqual([protocol, protocol, protocol])
  })

  it('waits after a failure as long as the policy says, and longer after the next; a connection starts anew', () => {
    const { service, attempts, clock, waits } = rig()
    service.startService()
    attempts.fail()
    expect([attempts.made.length, waits]).toEqual([1, [1]])
    clock.advance(99)
    expect(attempts.made).toHaveLength(1)
    clock.advance(1)
    expect(attempts.made).toHaveLength(2)
    attempts.fail()
    clock.advance(200)
    const { protocol } = attempts.succeed()
    lose(protocol)
    expect(waits).toEqual([1, 2, 1])
    clock.advance(100)
    expect(attempts.made).toHaveLength(4)
  })

  it('a lost connection is made again, and is not handed out meanwhile', () => {
    const { service, attempts, clock } = rig()
    service.startService()
    const { protocol } = attempts.succeed()
    lose(protocol)
    const next = outcome(service.whenConnected())
    expect(next()).toBe('nothing')
    clock.advance(100)
    const second = attempts.succeed()
    expect(next()).toBe(second.protocol)
    expect(second.protocol).not.toBe(protocol)
  })

  it('the protocol hears of its end itself, before the service goes on', () => {
    const seen: unknown[] = []
    class Own extends Protocol {
      override connectionLost(): void {
        seen.push('own')
      }
    }
    const other = rig()
    const own = new ClientService(other.attempts, Factory.forProtocol(Own), { clock: other.clock, retryPolicy: () => 5 })
    own.startService()
    const made = other.attempts.succeed()
    lose(made.protocol)
    expect(seen).toEqual(['own'])
    expect(Object.prototype.hasOwnProperty.call(made.protocol, 'connectionLost')).toBe(false)
    expect(other.clock.getDelayedCalls()).toHaveLength(1)
  })

  it('failAfterFailures counts failures in a row, for each who waits', () => {
    const { service, attempts, clock } = rig()
    service.startService()
    const [one, two, ever] = [1, 2, null].map((n) => outcome(service.whenConnected({ failAfterFailures: n }))) as
      [() => unknown, () => unknown, () => unknown]
    attempts.fail()
    expect(one()).toBeInstanceOf(ConnectionRefusedError)
    expect(two()).toBe('nothing')
    clock.advance(100)
    attempts.fail()
    expect(two()).toBeInstanceOf(ConnectionRefusedError)
    expect(ever()).toBe('nothing')
    expect(() => service.whenConnected({ failAfterFailures: 0 })).toThrow(RangeError)
  })

  it('one who waits may give up, and is told nothing', () => {
    const { service, attempts } = rig()
    service.startService()
    const waiting = service.whenConnected()
    const seen = outcome(waiting)
    waiting.cancel()
    attempts.succeed()
    expect(seen()).toBeInstanceOf(CancelledError)
  })

  describe('stopping', () => {
    it('before the start, and twice: there is nothing to wait for', () => {
      const { service } = rig()
      expect(outcome(service.stopService())()).toBeUndefined()
      expect(outcome(service.stopService())()).toBeUndefined()
      expect(outcome(service.whenConnected())()).toBeInstanceOf(CancelledError)
    })

    it('while connecting: the attempt is cancelled, those who wait are told', () => {
      const { service, attempts, clock } = rig()
      service.startService()
      const waiting = outcome(service.whenConnected())
      const stopped = outcome(service.stopService())
      expect(attempts.made[0]!.cancelled).toBe(true)
      expect(stopped()).toBeUndefined()
      expect(waiting()).toBeInstanceOf(CancelledError)
      expect(clock.getDelayedCalls()).toEqual([])
    })

    it('while connecting with an attempt that cannot be cancelled: a connection that comes of it is closed', () => {
      const { service, attempts } = rig()
      service.startService()
      Object.defineProperty(attempts.made[0]!.deferred, 'cancel', { value: () => undefined })
      const stopped = outcome(service.stopService())
      const { protocol, transport } = attempts.succeed()
      expect([transport.disconnecting, stopped()]).toEqual([true, 'nothing'])
      lose(protocol)
      expect(stopped()).toBeUndefined()
    })

    it('while connected: waits until the connection is lost', () => {
      const { service, attempts, clock } = rig()
      service.startService()
      const { protocol, transport } = attempts.succeed()
      const stopped = outcome(service.stopService())
      const again = outcome(service.stopService())
      const waiting = outcome(service.whenConnected())
      expect([transport.disconnecting, stopped(), again()]).toEqual([true, 'nothing', 'nothing'])
      lose(protocol)
      expect([stopped(), again()]).toEqual([undefined, undefined])
      expect(waiting()).toBeInstanceOf(CancelledError)
      expect(clock.getDelayedCalls()).toEqual([])
    })

    it('while waiting: the wait is over', () => {
      const { service, attempts, clock } = rig()
      service.startService()
      attempts.fail()
      expect(outcome(service.stopService())()).toBeUndefined()
      expect(clock.getDelayedCalls()).toEqual([])
      expect(attempts.made).toHaveLength(1)
    })

    it('started again while the old connection closes: connects once it is gone, and the stop is over then', () => {
      const { service, attempts } = rig()
      service.startService()
      const { protocol } = attempts.succeed()
      const stopped = outcome(service.stopService())
      service.startService()
      const waiting = outcome(service.whenConnected())
      expect(attempts.made).toHaveLength(1)
      lose(protocol)
      expect([stopped(), attempts.made.length]).toEqual([undefined, 2])
      const next = attempts.succeed()
      expect(waiting()).toBe(next.protocol)
    })

    it('stopped, started and stopped again before it is gone: it stays stopped', () => {
      const { service, attempts } = rig()
      service.startService()
      const { protocol } = attempts.succeed()
      const first = outcome(service.stopService())
      service.startService()
      const second = outcome(service.stopService())
      lose(protocol)
      expect([first(), second(), attempts.made.length]).toEqual([undefined, undefined, 1])
    })

    it('started after a stop: connects anew', () => {
      const { service, attempts } = rig()
      service.startService()
      void service.stopService()
      service.startService()
      expect(attempts.made).toHaveLength(2)
    })
  })

  describe('prepareConnection', () => {
    it('is waited for before anybody hears of the connection', () => {
      const ready = new Deferred<unknown>()
      const prepared: IProtocol[] = []
      const { service, attempts } = rig({
        prepareConnection: (protocol) => {
          prepared.push(protocol)
          return ready
        },
      })
      service.startService()
      const waiting = outcome(service.whenConnected())
      const { protocol } = attempts.succeed()
      expect([prepared, waiting()]).toEqual([[protocol], 'nothing'])
      ready.callback('whatever')
      expect(waiting()).toBe(protocol)
    })

    it('a failure drops the connection, and counts as a failed attempt', () => {
      const { service, attempts, clock } = rig({
        prepareConnection: () => {
          throw new Error('not good enough')
        },
      })
      service.startService()
      const waiting = outcome(service.whenConnected({ failAfterFailures: 1 }))
      const { transport } = attempts.succeed()
      expect(transport.disconnecting).toBe(true)
      expect((waiting() as Error).message).toBe('not good enough')
      clock.advance(100)
      expect(attempts.made).toHaveLength(2)
    })

    it('a connection that is lost meanwhile is a failed attempt, and the preparation is cancelled', () => {
      let cancelled = false
      const { service, attempts, clock } = rig({ prepareConnection: () => new Deferred(() => (cancelled = true)) })
      service.startService()
      const { protocol } = attempts.succeed()
      lose(protocol)
      expect(cancelled).toBe(true)
      clock.advance(100)
      expect(attempts.made).toHaveLength(2)
    })

    it('stopping meanwhile cancels it, and waits for the connection to close', () => {
      let cancelled = false
      const { service, attempts } = rig({ prepareConnection: () => new Deferred(() => (cancelled = true)) })
      service.startService()
      const { protocol, transport } = attempts.succeed()
      const stopped = outcome(service.stopService())
      expect([cancelled, transport.disconnecting, stopped()]).toEqual([true, true, 'nothing'])
      lose(protocol)
      expect(stopped()).toBeUndefined()
    })
  })

  it('an endpoint that throws is an attempt that failed; a policy that gives no number is a minute', () => {
    const clock = new Clock()
    const service = new ClientService({ connect() { throw new Error('no') } }, Factory.forProtocol(Protocol),
      { clock, retryPolicy: () => NaN })
    const waiting = outcome(service.whenConnected({ failAfterFailures: 1 }))
    service.startService()
    expect((waiting() as Error).message).toBe('no')
    expect(clock.getDelayedCalls()[0]!.getTime()).toBe(60_000)
    void service.stopService()
  })
})
