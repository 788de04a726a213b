/** ReconnectingClientFactory on a MemoryReactor. */
import { describe, expect, it } from 'vitest'
import { ConnectionDone, ConnectionRefusedError } from '../../../src/errors/index.js'
import type { IAddress } from '../../../src/interfaces/index.js'
import { ReconnectingClientFactory } from '../../../src/protocols/reconnecting.js'
import { Protocol } from '../../../src/protocols/protocol.js'
import { MemoryReactor } from '../../../src/testing/index.js'

function rig(change: Partial<ReconnectingClientFactory> = {}) {
  const reactor = new MemoryReactor()
  class Clients extends ReconnectingClientFactory {
    override buildProtocol(_address: IAddress) {
      return new Protocol()
    }
  }
  const factory = Object.assign(new Clients(), { clock: reactor, jitter: null, factor: 2, ...change })
  reactor.connectTCP('example.test', 1, factory)
  const { connector } = reactor.tcpClients[0]!
  const wait = (): number => Math.round(reactor.getDelayedCalls()[0]!.getTime() - reactor.now())
  return { reactor, factory, connector, wait }
}

const refused = new ConnectionRefusedError()

describe('ReconnectingClientFactory', () => {
  it('connects again after a failure, each time after a longer wait, up to the longest', () => {
    const { reactor, connector, wait, factory } = rig({ maxDelay: 3_000 })
    const waits: number[] = []
    for (let n = 0; n < 4; n++) {
      connector.fail(refused)
      waits.push(wait())
      reactor.advance(waits.at(-1)!)
      expect(connector.state).toBe('connecting')
    }
    expect([waits, factory.retries]).toEqual([[1_000, 2_000, 3_000, 3_000], 4])
  })

  it('connects again after a connection was lost; resetDelay() begins anew', () => {
    const { reactor, connector, wait, factory } = rig()
    connector.fail(refused)
    reactor.advance(wait())
    connector.succeed()
    factory.resetDelay()
    connector.lose(new ConnectionDone())
    expect([wait(), factory.retries]).toEqual([1_000, 1])
  })

  it('stopTrying() gives up the wait, or the attempt', () => {
    const waiting = rig()
    waiting.connector.fail(refused)
    waiting.factory.stopTrying()
    expect(waiting.reactor.getDelayedCalls()).toEqual([])
    const trying = rig()
    trying.connector.fail(refused)
    trying.reactor.advance(1_000)
    trying.factory.stopTrying()
    expect([trying.connector.state, trying.reactor.getDelayedCalls().length]).toEqual(['disconnected', 0])
    trying.factory.retry()
    expect(trying.reactor.getDelayedCalls()).toEqual([])
  })

  it('maxRetries is how often', () => {
    const { reactor, connector, factory } = rig({ maxRetries: 2 })
    for (let n = 0; n < 2; n++) {
      connector.fail(refused)
      reactor.advance(3_600_000)
    }
    connector.fail(refused)
    expect([connector.state, factory.retries, reactor.getDelayedCalls().length]).toEqual(['disconnected', 2, 0])
  })

  it('waits are spread, and never beyond the longest', () => {
    const waits = Array.from({ length: 40 }, () => {
      const { connector, wait } = rig({ jitter: 0.119, initialDelay: 10_000, maxDelay: 10_500 })
      connector.fail(refused)
      return wait()
    })
    // Each reactor is at the same moment, and a clock of its own: the same numbers, as a simulation needs.
    expect(new Set(waits).size).toBe(1)
    const { reactor, connector, wait } = rig({ jitter: 0.119, factor: 1, maxDelay: 1_500 })
    const spread: number[] = []
    for (let n = 0; n < 200; n++) {
      connector.fail(refused)
      spread.push(wait())
      reactor.advance(spread.at(-1)! + 1)
    }
    expect(new Set(spread).size).toBeGreaterThan(20)
    expect(Math.max(...spread)).toBeLessThanOrEqual(1_500)
    expect(Math.min(...spread)).toBeGreaterThanOrEqual(0)
  })

  it('needs a clock, and a connector', () => {
    const factory = new ReconnectingClientFactory()
    expect(() => factory.retry()).toThrow(/connector/)
    expect(() => factory.retry({ connect() {} } as never)).toThrow(/`clock`/)
  })
})
