import { describe, expect, it } from 'vitest'
import { Deferred, Failure } from '../../../src/defer/index.js'
import {
  CannotListenError, ConnectError, ConnectionDone, ConnectionRefusedError, ReactorAlreadyRunning, ReactorNotRunning,
  UserError,
} from '../../../src/errors/index.js'
import { ClientFactory, Factory, Protocol } from '../../../src/protocols/index.js'
import { MemoryReactor, StringTransport } from '../../../src/testing/index.js'

class Greeter extends Protocol {
  override connectionMade(): void {
    this.transport.write('hello')
  }
}

class Watched extends ClientFactory {
  readonly seen: string[] = []
  override startFactory(): void {
    this.seen.push('start')
  }
  override stopFactory(): void {
    this.seen.push('stop')
  }
  override startedConnecting(): void {
    this.seen.push('connecting')
  }
  override clientConnectionFailed(_connector: unknown, reason: Failure): void {
    this.seen.push(`failed ${reason.value.name}`)
  }
  override clientConnectionLost(_connector: unknown, reason: Failure): void {
    this.seen.push(`lost ${reason.value.name}`)
  }
}

describe('MemoryReactor listening', () => {
  it('records what was asked, and lets the test connect', () => {
    const reactor = new MemoryReactor()
    const factory = Factory.forProtocol(Greeter)
    const port = reactor.listenTCP(80, factory, { backlog: 5 })
    expect(reactor.tcpServers).toHaveLength(1)
    expect(reactor.tcpServers[0]).toMatchObject({ port: 80, options: { backlog: 5 } })
    expect(reactor.tcpServers[0]!.factory).toBe(factory)
    expect(reactor.tcpServers[0]!.listening).toBe(port)
    const transport = new StringTransport()
    expect(reactor.tcpServers[0]!.listening.accept(transport)).toBeInstanceOf(Greeter)
    expect(transport.text()).toBe('hello')
  })

  it('gives each port 0 a number of its own', () => {
    const reactor = new MemoryReactor()
    const ports = [0, 0].map((port) => reactor.listenTCP(port, new Factory()).getHost())
    expect(ports[0]).toMatchObject({ family: 'IPv4', host: '0.0.0.0' })
    expect(ports[0]).not.toEqual(ports[1])
  })

  it('N11 N12 refuses an address in use, and frees it when stopped', () => {
    const reactor = new MemoryReactor()
    const port = reactor.listenTCP(80, new Factory())
    expect(() => reactor.listenTCP(80, new Factory())).toThrow(CannotListenError)
    expect(() => port.startListening()).toThrow(CannotListenError)
    expect(reactor.tcpServers).toHaveLength(1)
    expect(port.stopListening()).toBeInstanceOf(Deferred)
    expect(port.stopListening()).toBeUndefined()
    expect(() => reactor.tcpServers[0]!.listening.accept()).toThrow(ConnectionRefusedError)
    reactor.listenTCP(80, new Factory())
    expect(() => port.startListening()).toThrow(CannotListenError)
    expect(() => reactor.listenTCP(65_536, new Factory())).toThrow(RangeError)
  })

  it('N20 starts and stops the factory once over two ports', () => {
    const reactor = new MemoryReactor()
    const factory = new Watched()
    const ports = [80, 81].map((port) => reactor.listenTCP(port, factory))
    ports[0]!.stopListening()
    expect(factory.seen).toEqual(['start'])
    ports[1]!.drain(1_000)
    expect(factory.seen).toEqual(['start', 'stop'])
  })
})

describe('MemoryReactor connecting', () => {
  const attempt = () => {
    const reactor = new MemoryReactor()
    const factory = new Watched()
    factory.protocol = Greeter
    reactor.connectTCP('example.com', 80, factory, { timeout: 5 })
    return { reactor, factory, record: reactor.tcpClients[0]! }
  }

  it('records what was asked, and lets the attempt succeed and the connection end', () => {
    const { reactor, factory, record } = attempt()
    expect(record).toMatchObject({ host: 'example.com', port: 80, options: { timeout: 5 } })
    expect(reactor.connectors).toEqual([record.connector])
    expect(record.connector.getDestination()).toMatchObject({ family: 'hostname', host: 'example.com' })
    const transport = new StringTransport()
    expect(record.connector.succeed(transport)).toBeInstanceOf(Greeter)
    expect(transport.text()).toBe('hello')
    record.connector.disconnect()
    expect(transport.disconnecting).toBe(true)
    record.connector.lose(new ConnectionDone())
    expect(factory.seen).toEqual(['start', 'connecting', 'lost ConnectionDone', 'stop'])
  })

  it('lets the attempt fail, and begin again', () => {
    const { factory, record } = attempt()
    expect(() => record.connector.connect()).toThrow(ConnectError)
    record.connector.fail(new ConnectionRefusedError())
    record.connector.connect()
    expect(record.connector.state).toBe('connecting')
    expect(factory.seen)
      .toEqual(['start', 'connecting', 'failed ConnectionRefusedError', 'stop', 'start', 'connecting'])
  })

  it('lets the factory connect again from its own callback without stopping', () => {
    const { factory, record } = attempt()
    factory.clientConnectionFailed = (connector) => { (connector as typeof record.connector).connect() }
    record.connector.fail(new ConnectionRefusedError())
    expect(factory.seen).toEqual(['start', 'connecting', 'connecting'])
  })

  it('stopConnecting fails the attempt with UserError, and only an attempt', () => {
    const { factory, record } = attempt()
    record.connector.disconnect()
    expect(factory.seen).toContain(`failed ${new UserError().name}`)
    expect(() => record.connector.stopConnecting()).toThrow(ConnectError)
    expect(() => record.connector.lose(new ConnectionDone())).toThrow(ConnectError)
  })
})

describe('MemoryReactor running', () => {
  it('T16 fires startup and shutdown triggers in their phases', async () => {
    const reactor = new MemoryReactor()
    const seen: string[] = []
    for (const event of ['startup', 'shutdown']) {
      for (const phase of ['after', 'during', 'before'] as const) {
        reactor.addSystemEventTrigger(phase, event, () => { seen.push(`${phase} ${event}`) })
      }
    }
    const removed = reactor.addSystemEventTrigger('before', 'startup', () => { seen.push('removed') })
    reactor.removeSystemEventTrigger(removed)
    const ended = reactor.run()
    expect(reactor.running).toBe(true)
    await expect(reactor.run()).rejects.toThrow(ReactorAlreadyRunning)
    expect(seen).toEqual(['before startup', 'during startup', 'after startup'])
    reactor.stop()
    await ended
    expect(seen.slice(3)).toEqual(['before shutdown', 'during shutdown', 'after shutdown'])
    expect(() => reactor.stop()).toThrow(ReactorNotRunning)
    expect(() => reactor.crash()).toThrow(ReactorNotRunning)
  })

  it('crash ends it without shutdown', async () => {
    const reactor = new MemoryReactor()
    let shutdowns = 0
    reactor.addSystemEventTrigger('during', 'shutdown', () => { shutdowns += 1 })
    const ended = reactor.run()
    reactor.crash()
    await ended
    expect([reactor.running, shutdowns]).toEqual([false, 0])
  })

  it('waits at shutdown for what triggers return', async () => {
    const reactor = new MemoryReactor()
    const slow = new Deferred<void>()
    reactor.addSystemEventTrigger('before', 'shutdown', () => slow)
    let settled = false
    const ended = reactor.run().then(() => { settled = true })
    reactor.stop()
    await Promise.resolve()
    expect(settled).toBe(false)
    slow.callback(undefined)
    await ended
    expect(settled).toBe(true)
  })

  it('is a clock, also for what is put off', () => {
    const reactor = new MemoryReactor()
    const seen: string[] = []
    reactor.callWhenRunning((text: string) => { seen.push(text) }, 'at startup')
    reactor.callFromThread(() => { seen.push('from thread') })
    reactor.callLater(5, () => { seen.push('later') })
    void reactor.run()
    expect(reactor.callWhenRunning(() => { seen.push('running') })).toBeNull()
    expect(seen).toEqual(['at startup'])
    reactor.advance(5)
    expect(seen).toEqual(['at startup', 'from thread', 'running', 'later'])
  })

  it('fires events of other names', () => {
    const reactor = new MemoryReactor()
    let fired = 0
    reactor.addSystemEventTrigger('during', 'mine', () => { fired += 1 })
    reactor.fireSystemEvent('mine')
    reactor.fireSystemEvent('mine')
    expect(fired).toBe(1)
  })
})
