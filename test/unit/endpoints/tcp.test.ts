import { describe, expect, it } from 'vitest'
import { Deferred, Failure, succeed } from '../../../src/defer/index.js'
import {
  clientFromString, connectProtocol, registerEndpoint, serverFromString, TCP4ClientEndpoint, TCP4ServerEndpoint,
  TCP6ClientEndpoint, TCP6ServerEndpoint,
} from '../../../src/endpoints/index.js'
import {
  CannotListenError, ConnectError, ConnectingCancelledError, ConnectionRefusedError, DNSLookupError,
  EndpointSyntaxError,
} from '../../../src/errors/index.js'
import type { IListeningPort, IProtocol, TCPAddress } from '../../../src/interfaces/index.js'
import { Factory } from '../../../src/protocols/factory.js'
import { Protocol } from '../../../src/protocols/protocol.js'
import { MemoryReactor } from '../../../src/testing/memory-reactor.js'
import { StringTransport } from '../../../src/testing/string-transport.js'

/** What a Deferred has come to: its value, or its Failure; the Deferred is considered handled. */
function outcome(deferred: Deferred<unknown>): unknown {
  let result: unknown = 'nothing yet'
  deferred.addBoth((value) => { result = value })
  return result
}

function failureOf(deferred: Deferred<unknown>): Error {
  const result = outcome(deferred)
  expect(result).toBeInstanceOf(Failure)
  return (result as Failure).value
}

const thrownBy = (work: () => unknown): EndpointSyntaxError => {
  try {
    work()
  } catch (error) {
    return error as EndpointSyntaxError
  }
  throw new Error('nothing was thrown')
}

const factory = (): Factory => Factory.forProtocol(Protocol)

describe('server strings', () => {
  const listened = (text: string) => {
    const reactor = new MemoryReactor()
    serverFromString(reactor, text).listen(factory())
    const { port, options } = reactor.tcpServers[0]!
    return { port, ...options }
  }

  it('E08 tcp takes port, interface and backlog', () => {
    expect(listened('tcp:1234:backlog=12:interface=10.0.0.1'))
      .toEqual({ port: 1234, backlog: 12, interface: '10.0.0.1' })
    expect(listened('tcp:port=81')).toEqual({ port: 81, interface: '0.0.0.0' })
    expect(listened('tcp:80:127.0.0.1:5:reusePort=yes'))
      .toEqual({ port: 80, interface: '127.0.0.1', backlog: 5, reusePort: true })
    expect(listened('tcp:0:interface=')).toEqual({ port: 0, interface: '0.0.0.0' })
  })

  it('E11 the prefix is read in any case', () => {
    expect(listened('TCP:80').port).toBe(80)
    expect(listened('Tcp6:80').interface).toBe('::')
  })

  it('E14 tcp6 takes an address whose colons are escaped', () => {
    expect(listened('tcp6:8080:interface=\\:\\:1')).toEqual({ port: 8080, interface: '::1' })
    expect(listened('tcp6:8080')).toEqual({ port: 8080, interface: '::' })
  })

  it.each([
    ['smoke:80', 'type', 'smoke'],
    ['tcp', 'port', 'missing'],
    ['tcp:', 'port', 'missing'],
    ['tcp:http', 'port', '"http"'],
    ['tcp:65536', 'port', '65535'],
    ['tcp:80:colour=red', 'colour', 'not known'],
    ['tcp:80:a:5:6', '6', 'too many'],
    ['tcp:80:backlog=many', 'backlog', '"many"'],
    ['tcp6:x', 'port', 'tcp6:<port>'],
  ])('E10 %s is an error that names the field', (text, field, hint) => {
    const error = thrownBy(() => serverFromString(new MemoryReactor(), text))
    expect(error).toBeInstanceOf(EndpointSyntaxError)
    expect(error.field).toBe(field)
    expect(error.message).toContain(hint)
  })
})

describe('client strings', () => {
  const connected = (text: string) => {
    const reactor = new MemoryReactor()
    clientFromString(reactor, text).connect(factory())
    const { host, port, options } = reactor.tcpClients[0]!
    return { host, port, ...options }
  }

  it('E12 tcp takes host and port as positional, keyword, or mixed', () => {
    for (const text of ['tcp:example.com:80', 'tcp:host=example.com:port=80', 'tcp:example.com:port=80',
      'tcp:port=80:host=example.com', 'tcp:80:host=example.com', 'tcp:port=80:example.com']) {
      expect(connected(text)).toEqual({ host: 'example.com', port: 80, timeout: 30_000 })
    }
  })

  it('takes a timeout with a unit, and a local address', () => {
    expect(connected('tcp:h:1:timeout=2s:bindAddress=10.0.0.1'))
      .toEqual({ host: 'h', port: 1, timeout: 2_000, bindAddress: { host: '10.0.0.1' } })
    expect(connected('tcp:h:1:timeout=250').timeout).toBe(250)
  })

  it('E14 tcp6 takes an address whose colons are escaped', () => {
    expect(connected('tcp6:\\:\\:1:80')).toEqual({ host: '::1', port: 80, timeout: 30_000 })
  })

  it.each([
    ['smoke:x', 'type'], ['tcp:h', 'port'], ['tcp', 'host'], ['tcp::80', 'host'], ['tcp:h:x', 'port'],
    ['tcp:h:70000', 'port'], ['tcp:h:1:timeout=soon', 'timeout'], ['tcp:h:1:retries=2', 'retries'],
  ])('E10 %s is an error that names %s', (text, field) => {
    const error = thrownBy(() => clientFromString(new MemoryReactor(), text))
    expect(error).toBeInstanceOf(EndpointSyntaxError)
    expect(error.field).toBe(field)
  })
})

describe('registerEndpoint', () => {
  it('adds a prefix that reads its own fields', () => {
    const reactor = new MemoryReactor()
    registerEndpoint('Twice', {
      server: (given: MemoryReactor, args, options) =>
        new TCP4ServerEndpoint(given, Number(args[0]) * 2, { interface: options['on']! }),
    })
    serverFromString(reactor, 'twice:40:on=10.0.0.1').listen(factory())
    expect(reactor.tcpServers[0]).toMatchObject({ port: 80, options: { interface: '10.0.0.1' } })
    expect(thrownBy(() => clientFromString(reactor, 'twice:40')).field).toBe('type')
    expect(thrownBy(() => serverFromString(reactor, 'none:1')).message).toMatch(/known are .*\btcp, tcp6, .*\btwice\b/)
  })

  it('refuses a prefix that no string could begin with', () => {
    for (const prefix of ['', 'a:b', 'a=b', 'a\\', ' a']) {
      expect(() => registerEndpoint(prefix, {})).toThrow(TypeError)
    }
  })
})

describe.each([['TCP4', TCP4ServerEndpoint], ['TCP6', TCP6ServerEndpoint]])('%sServerEndpoint', (_name, Endpoint) => {
  it('fires with the port', () => {
    const reactor = new MemoryReactor()
    const port = outcome(new Endpoint(reactor, 80).listen(factory()))
    expect(port).toBe(reactor.tcpServers[0]!.listening)
  })

  it('N11 fails with what listenTCP throws', () => {
    const reactor = new MemoryReactor()
    outcome(new Endpoint(reactor, 80).listen(factory()))
    const error = failureOf(new Endpoint(reactor, 80).listen(factory()))
    expect(error).toBeInstanceOf(CannotListenError)
    expect(error).toMatchObject({ port: 80 })
  })

  it('N11 fails with what the port finds out later', () => {
    const reactor = new MemoryReactor()
    const ready = new Deferred<IListeningPort<TCPAddress>>()
    reactor.listenTCP = () => ({ ready }) as IListeningPort<TCPAddress>
    const listening = new Endpoint(reactor, 80).listen(factory())
    expect(listening.called).toBe(false)
    ready.errback(new CannotListenError('', 80))
    expect(failureOf(listening)).toBeInstanceOf(CannotListenError)
    expect(ready.result).toBeUndefined()
  })

  it('closes the port again when cancelled before it is bound', () => {
    const reactor = new MemoryReactor()
    let stopped = 0
    reactor.listenTCP = () => ({ ready: new Deferred(), stopListening: () => { stopped += 1 } }) as never
    const listening = new Endpoint(reactor, 80).listen(factory())
    listening.cancel()
    expect(stopped).toBe(1)
    expect(outcome(listening)).toBeInstanceOf(Failure)
  })
})

describe.each([
  ['TCP4', (reactor: MemoryReactor) => new TCP4ClientEndpoint(reactor, '10.0.0.1', 80)],
  ['TCP6', (reactor: MemoryReactor) => new TCP6ClientEndpoint(reactor, '::1', 80)],
])('%sClientEndpoint', (_name, endpoint) => {
  it('fires with the protocol after its connectionMade', () => {
    const reactor = new MemoryReactor()
    const seen: string[] = []
    class Recorder extends Protocol {
      override connectionMade(): void {
        seen.push('made')
      }
    }
    const connecting = endpoint(reactor).connect(Factory.forProtocol(Recorder))
    connecting.addCallback(() => { seen.push('fired') })
    expect(connecting.called).toBe(false)
    const protocol = reactor.connectors[0]!.succeed()
    expect(protocol).toBeInstanceOf(Recorder)
    expect(seen).toEqual(['made', 'fired'])
  })

  it('hands the protocol its transport, and stands nowhere between them', () => {
    const reactor = new MemoryReactor()
    const transport = new StringTransport()
    const connecting = endpoint(reactor).connect(factory())
    const built = reactor.connectors[0]!.succeed(transport)
    const protocol = outcome(connecting) as Protocol
    expect(protocol).toBe(built)
    expect(protocol.transport).toBe(transport)
    expect(Object.hasOwn(protocol, 'makeConnection')).toBe(false)
  })

  it('leaves a makeConnection of the instance itself as it was', () => {
    const reactor = new MemoryReactor()
    const protocol = new Protocol()
    let calls = 0
    const own = function (): void { calls += 1 }
    protocol.makeConnection = own
    expect(outcome(connectProtocol(endpoint(reactor), protocol))).toBe('nothing yet')
    reactor.connectors[0]!.succeed()
    expect(calls).toBe(1)
    expect(protocol.makeConnection).toBe(own)
  })

  it('N08 fails with the reason of the attempt', () => {
    const reactor = new MemoryReactor()
    const connecting = endpoint(reactor).connect(factory())
    const error = new ConnectionRefusedError()
    reactor.connectors[0]!.fail(error)
    expect(failureOf(connecting)).toBe(error)
  })

  it('N09 cancelling gives the attempt up, and fails with ConnectingCancelledError', () => {
    const reactor = new MemoryReactor()
    const connecting = endpoint(reactor).connect(factory())
    connecting.cancel()
    expect(failureOf(connecting)).toBeInstanceOf(ConnectingCancelledError)
    expect(reactor.connectors[0]!.state).toBe('disconnected')
    expect(() => reactor.connectors[0]!.succeed()).toThrow(ConnectError)
  })

  it('N06 fails when the factory refuses', () => {
    const reactor = new MemoryReactor()
    const refusing = factory()
    refusing.buildProtocol = () => null
    const connecting = endpoint(reactor).connect(refusing)
    expect(reactor.connectors[0]!.succeed()).toBeNull()
    expect(failureOf(connecting)).toBeInstanceOf(ConnectError)
  })

  it('N07 fails with what buildProtocol or connectionMade throws', () => {
    const planted = new Error('planted')
    const reactor = new MemoryReactor()
    const throwing = factory()
    throwing.buildProtocol = () => { throw planted }
    const first = endpoint(reactor).connect(throwing)
    expect(reactor.connectors[0]!.succeed()).toBeNull()
    expect(failureOf(first)).toBe(planted)
    class Bad extends Protocol {
      override connectionMade(): void {
        throw planted
      }
    }
    const second = endpoint(reactor).connect(Factory.forProtocol(Bad))
    expect(() => reactor.connectors[1]!.succeed()).toThrow(planted)
    expect(failureOf(second)).toBe(planted)
  })

  it('fails when the reactor cannot even begin', () => {
    const reactor = new MemoryReactor()
    reactor.connectTCP = () => { throw new RangeError('no such port') }
    expect(failureOf(endpoint(reactor).connect(factory()))).toBeInstanceOf(RangeError)
  })

  it('starts and stops the factory', () => {
    const reactor = new MemoryReactor()
    const watched = factory()
    const seen: string[] = []
    watched.startFactory = () => { seen.push('start') }
    watched.stopFactory = () => { seen.push('stop') }
    outcome(endpoint(reactor).connect(watched))
    reactor.connectors[0]!.fail(new ConnectionRefusedError())
    expect(seen).toEqual(['start', 'stop'])
  })
})

describe('TCP6ClientEndpoint', () => {
  it('asks the reactor\'s resolver for IPv6 addresses of a name', () => {
    const asked: unknown[] = []
    const reactor = Object.assign(new MemoryReactor(), {
      nameResolver: {
        resolve: (name: string, options: unknown) => {
          asked.push([name, options])
          return succeed([{ family: 'IPv4', type: 'TCP', host: '10.0.0.1', port: 0 },
            { family: 'IPv6', type: 'TCP', host: '2001:db8::1', port: 0 }]) as never
        },
      },
    })
    const connecting = new TCP6ClientEndpoint(reactor, 'example.com', 80).connect(factory())
    expect(asked).toEqual([['example.com', { family: 6 }]])
    expect(reactor.tcpClients[0]).toMatchObject({ host: '2001:db8::1', port: 80 })
    const protocol = reactor.connectors[0]!.succeed()
    expect(outcome(connecting)).toBe(protocol)
  })
})

describe('TCP6ClientEndpoint without a resolver', () => {
  it('takes no name, which might turn out to be an IPv4 host', () => {
    const reactor = new MemoryReactor()
    const connecting = new TCP6ClientEndpoint(reactor, 'example.com', 80).connect(factory())
    expect(failureOf(connecting)).toBeInstanceOf(DNSLookupError)
    expect(reactor.tcpClients).toEqual([])
  })
})

describe('connectProtocol', () => {
  it('connects the protocol it was given', () => {
    const reactor = new MemoryReactor()
    const protocol: IProtocol = new Protocol()
    const connecting = connectProtocol(new TCP4ClientEndpoint(reactor, '10.0.0.1', 80), protocol)
    reactor.connectors[0]!.succeed()
    expect(outcome(connecting)).toBe(protocol)
  })
})
