/** What a simulation does is in its trace: every kind of record, from hosts with ordinary protocols and faults. */
import { describe, expect, it } from 'vitest'
import { ClientFactory, DatagramProtocol, Factory, fail, Logger, Protocol } from '../../../bindings/node/main.js'
import { Simulation } from '../../../src/testing/simulation/simulation.js'
import { TRACE_KINDS, TraceReader } from '../../../src/testing/trace/index.js'
import type { TraceKind, TraceRecord } from '../../../src/testing/trace/index.js'

class Talker extends Protocol {
  override connectionMade(): void {
    this.transport!.write(new TextEncoder().encode('x'.repeat(5_000)))
  }
}

/** Has done when it has all of what the other says. */
class Closer extends Talker {
  #missing = 5_000
  override dataReceived(data: Uint8Array): void {
    this.#missing -= data.length
    if (this.#missing === 0) this.transport!.loseConnection()
  }
}

class Ear extends DatagramProtocol {
  override datagramReceived(): void {}
}

async function run(): Promise<TraceRecord[]> {
  const simulation = new Simulation({ seed: 5, loss: 0.2, faults: null, until: 60_000 })
  simulation.host('server', ({ reactor }) => {
    reactor.listenTCP(80, Factory.forProtocol(Talker))
    reactor.listenUDP(53, new Ear())
  })
  simulation.host('client', ({ reactor }) => {
    reactor.connectTCP('server', 80, ClientFactory.forProtocol(Closer))
    reactor.connectTCP('server', 80, ClientFactory.forProtocol(Talker))
    // To a life of the server that knows nothing of the connection.
    const late = new Talker()
    const factory = new ClientFactory()
    factory.buildProtocol = () => late
    reactor.connectTCP('server', 80, factory)
    reactor.callLater(35_000, () => late.transport!.write(new Uint8Array(9)))
    reactor.callLater(1_000, () => void reactor.connectTCP('server', 80, ClientFactory.forProtocol(Talker)))
    reactor.connectTCP('server', 81, ClientFactory.forProtocol(Talker))
    const mouth = new Ear()
    reactor.listenUDP(0, mouth)
    reactor.callLater(1, () => {
      for (let i = 0; i < 30; i++) mouth.transport!.write(new Uint8Array(9), { host: '10.0.0.1', port: 53 })
      new Logger('test').warn('look at this')
      void fail(new Error('nobody looks'))
    })
  })
  await simulation.run(900)
  simulation.note('half of it')
  simulation.network.partition(['client'], ['server'])
  await simulation.run(5_000)
  simulation.network.healAll()
  await simulation.run(30_000)
  simulation.network.crash('server')
  simulation.network.restart('server')
  await simulation.run(50_000)
  const bytes = simulation.trace()
  simulation.close()
  return [...new TraceReader(bytes)]
}

describe('the trace of a simulation', () => {
  it('has what was sent, delivered, dropped; timers, faults, log, and Deferreds left unhandled', async () => {
    const records = await run()
    const kinds = new Set<TraceKind>(records.map(({ kind }) => kind))
    expect(TRACE_KINDS.filter((kind) => !kinds.has(kind))).toEqual([])
    const texts = (kind: TraceKind): string[] => {
      return records.flatMap((one) => one.kind === kind && 'text' in one ? [one.text] : [])
    }
    expect(texts('log').some((text) => text.includes('look at this'))).toBe(true)
    expect(texts('unhandled')).toEqual([expect.stringContaining('nobody looks')])
    expect(texts('fault').length).toBeGreaterThanOrEqual(2)
    expect(texts('note')).toEqual(['half of it'])
    for (const one of records) {
      if (one.kind === 'log' || one.kind === 'unhandled') expect(one.host?.name).toBe('client')
    }
    expect(new Set(records.flatMap((one) => one.kind === 'lost' ? [one.why] : []))).toContain('partition')
  })
})
