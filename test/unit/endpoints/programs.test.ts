/** Endpoints of what a program has at hand: other programs, standard input and output, descriptors. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Failure } from '../../../src/defer/index.js'
import {
  AdoptedStreamClientEndpoint, AdoptedStreamServerEndpoint, ProcessEndpoint, StandardIOEndpoint,
} from '../../../src/endpoints/index.js'
import type { ProcessEndpointOptions } from '../../../src/endpoints/index.js'
import {
  CannotListenError, CapabilityError, ConnectError, ConnectingCancelledError, ConnectionDone, NotSupportedError,
} from '../../../src/errors/index.js'
import type { IListeningPort, IProtocol, IProtocolFactory, ITransport } from '../../../src/interfaces/index.js'
import { logPublisher } from '../../../src/logger/index.js'
import type { LogEvent } from '../../../src/logger/index.js'
import { Factory } from '../../../src/protocols/factory.js'
import { Protocol } from '../../../src/protocols/protocol.js'
import { MemoryReactor } from '../../../src/testing/memory-reactor.js'
import { StringTransport } from '../../../src/testing/string-transport.js'
import { failureOf, outcome } from './support.js'

const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0))

class Recorder extends Protocol {
  log: string[] = []

  override connectionMade(): void {
    this.log.push('made')
  }

  override dataReceived(data: Uint8Array): void {
    this.log.push(String.fromCharCode(...data))
  }

  override connectionLost(reason: Failure): void {
    this.log.push(`lost ${reason.value.name}`)
  }
}

function running(options?: ProcessEndpointOptions, factory = Factory.forProtocol(Recorder)) {
  const reactor = new MemoryReactor()
  const deferred = new ProcessEndpoint(reactor, 'cat', ['-u'], options).connect(factory)
  return { record: reactor.processClients[0]!, deferred, factory }
}

describe('ProcessEndpoint', () => {
  let events: LogEvent[] = []
  const observer = (event: LogEvent): void => { events.push(event) }
  beforeEach(() => {
    events = []
    logPublisher.addObserver(observer)
  })
  afterEach(() => logPublisher.removeObserver(observer))

  it('is a connection that the reactor makes of a child', () => {
    const { record, deferred, factory } = running({ env: null, cwd: '/x', errors: 'drop' })
    expect([record.executable, record.args, record.options]).toEqual(['cat', ['-u'], { env: null, cwd: '/x' }])
    const transport = new StringTransport()
    const protocol = record.connector.succeed(transport)
    expect(outcome(deferred)).toBe(protocol)
    expect((protocol as Recorder).transport).toBe(transport)
    expect(factory.numPorts).toBe(1)
    record.connector.lose(new ConnectionDone())
    expect(factory.numPorts).toBe(0)
  })

  it('what the child says to its standard error is logged, in whole characters, or dropped', () => {
    const { errorReceived } = running().record.options
    for (const piece of ['ouch\n', '\xc3', '\xa4\n']) errorReceived!(latin1(piece))
    expect(events.map(({ level, message }) => [level, message])).toEqual(
      [['warn', 'cat says: ouch'], ['warn', 'cat says: \u00e4']])
    expect(running({ errors: 'drop' }).record.options.errorReceived).toBe(undefined)
  })

  it('a program that cannot be run, a factory that refuses and a cancelled attempt are failures', () => {
    const failed = running()
    const planted = new ConnectError('planted')
    failed.record.connector.fail(planted)
    expect(failureOf(failed.deferred)).toBe(planted)
    for (const build of [() => null, () => { throw new Error('planted') }]) {
      const factory = Factory.forProtocol(Recorder)
      factory.buildProtocol = build
      const { record, deferred } = running({}, factory)
      expect(record.connector.succeed()).toBe(null)
      expect(failureOf(deferred).message).toMatch(/planted|no protocol/)
      expect(factory.numPorts).toBe(0)
    }
    const cancelled = running()
    cancelled.deferred.cancel()
    expect(failureOf(cancelled.deferred)).toBeInstanceOf(ConnectingCancelledError)
    expect(cancelled.record.connector.state).toBe('disconnected')
  })

  it('a reactor that throws is a failure', () => {
    const planted = new NotSupportedError('memory', 'connectProcess')
    const factory = Factory.forProtocol(Recorder)
    const endpoint = new ProcessEndpoint({ connectProcess: () => { throw planted } }, 'cat')
    expect(failureOf(endpoint.connect(factory))).toBe(planted)
    expect(factory.numPorts).toBe(0)
    const restricted = new MemoryReactor().restrict({})
    expect(failureOf(new ProcessEndpoint(restricted, '/bin/cat').connect(factory))).toBeInstanceOf(CapabilityError)
  })
})

describe('StandardIOEndpoint', () => {
  it('a reactor without standard input and output says so', () => {
    const endpoint = new StandardIOEndpoint({})
    expect(failureOf(endpoint.listen(new Factory()))).toBeInstanceOf(NotSupportedError)
    expect(failureOf(endpoint.connect(new Factory()))).toBeInstanceOf(NotSupportedError)
  })
})

describe('adopted descriptors', () => {
  const adopting = (transport: ITransport | null) => ({
    adoptStreamPort: () => { throw new CannotListenError('', 3) },
    adoptStreamConnection: (_fd: number, factory: IProtocolFactory) => {
      if (transport === null) throw new ConnectError('planted')
      const protocol = factory.buildProtocol(transport.getPeer())
      protocol?.makeConnection(transport)
      return protocol === null ? null : transport
    },
  }) as never

  it('a connection fires with its protocol', () => {
    const protocol = outcome(new AdoptedStreamClientEndpoint(adopting(new StringTransport()), 5)
      .connect(Factory.forProtocol(Recorder)))
    expect((protocol as Recorder).log).toEqual(['made'])
  })

  it('fails with what the reactor throws, and when the factory refuses', () => {
    const refusing = new Factory()
    refusing.buildProtocol = (): IProtocol | null => null
    expect(failureOf(new AdoptedStreamClientEndpoint(adopting(null), 5).connect(new Factory())).message).toBe('planted')
    expect(failureOf(new AdoptedStreamClientEndpoint(adopting(new StringTransport()), 5).connect(refusing)))
      .toBeInstanceOf(ConnectError)
    expect(failureOf(new AdoptedStreamServerEndpoint(adopting(null), 5).listen(new Factory())))
      .toBeInstanceOf(CannotListenError)
    for (const fd of [-1, 1.5, NaN, '3' as never]) {
      expect(() => new AdoptedStreamClientEndpoint(adopting(null), fd)).toThrow(RangeError)
      expect(() => new AdoptedStreamServerEndpoint(adopting(null), fd)).toThrow(RangeError)
    }
  })

  it('a port is asked for by descriptor and family', () => {
    const asked: unknown[] = []
    const memory = new MemoryReactor()
    const reactor = {
      adoptStreamPort: (fd: number, family: string, factory: IProtocolFactory) => {
        asked.push(fd, family)
        return memory.listenTCP(0, factory)
      },
    } as never
    const port = outcome(new AdoptedStreamServerEndpoint(reactor, 3, 'UNIX').listen(new Factory())) as IListeningPort
    expect(asked).toEqual([3, 'UNIX'])
    expect(port).toBe(memory.tcpServers[0]!.listening)
  })
})
