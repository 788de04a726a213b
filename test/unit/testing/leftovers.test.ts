import { describe, expect, it } from 'vitest'
import { createReactor } from '../../../bindings/node/index.js'
import { Deferred, fail, getDebugging } from '../../../src/defer/index.js'
import { LeftBehind, TimeoutError } from '../../../src/errors/index.js'
import { ClientFactory, DatagramProtocol, Factory, ProcessProtocol, Protocol } from '../../../src/protocols/index.js'
import {
  assertNothingLeft, checkNothingLeft, Clock, leftOn, LeftoverWatch, MemoryReactor, Simulation,
} from '../../../src/testing/index.js'
import { stopped } from '../../hosts/node/helpers.js'

const kinds = (reactor: Clock): string[] => leftOn(reactor).map(({ kind }) => kind).sort()

async function reasonOf(ended: Promise<void>): Promise<LeftBehind> {
  const reason = await ended.then(() => null, (error: unknown) => error)
  expect(reason).toBeInstanceOf(LeftBehind)
  return reason as LeftBehind
}

describe('leftOn', () => {
  it('finds calls on a Clock', () => {
    const clock = new Clock()
    const call = clock.callLater(1500, () => undefined)
    expect(leftOn(clock)).toEqual([{ kind: 'call', what: 'a call that is due in 1500 ms', where: undefined }])
    expect(() => assertNothingLeft(new Clock(), clock)).toThrow(LeftBehind)
    call.cancel()
    assertNothingLeft(clock)
    expect(leftOn(clock)).toEqual([])
  })

  it('finds everything on a MemoryReactor', () => {
    const reactor = new MemoryReactor()
    const port = reactor.listenTCP(80, Factory.forProtocol(Protocol))
    reactor.listenUNIX('/run/x', Factory.forProtocol(Protocol))
    const udp = reactor.listenUDP(53, new DatagramProtocol())
    reactor.connectTCP('example.com', 443, new ClientFactory())
    reactor.connectTCP('example.com', 444, ClientFactory.forProtocol(Protocol))
    reactor.tcpClients[1].connector.succeed()
    reactor.spawnProcess(new ProcessProtocol(), '/bin/cat')
    reactor.callLater(1, () => undefined)
    expect(kinds(reactor)).toEqual(['call', 'connection', 'connector', 'port', 'port', 'process', 'udp'])
    expect(leftOn(reactor).map(({ what }) => what)).toContain('a port that listens, 0.0.0.0:80')
    void port.stopListening()
    void udp.stopListening()
    reactor.unixServers[0].listening.stopListening()
    reactor.tcpClients[0].connector.stopConnecting()
    reactor.tcpClients[1].connector.lose(new Error('gone'))
    reactor.processes[0].process.end(new Error('ended'))
    reactor.getDelayedCalls()[0].cancel()
    expect(kinds(reactor)).toEqual([])
  })

  it('finds everything on a real reactor', async () => {
    const reactor = createReactor()
    const made = new Deferred<void>()
    const client = class extends Protocol {
      override connectionMade(): void {
        made.callback(undefined)
      }
    }
    const port = reactor.listenTCP(0, Factory.forProtocol(Protocol), { interface: '127.0.0.1' })
    await port.ready
    const udp = reactor.listenUDP(0, new DatagramProtocol(), { interface: '127.0.0.1' })
    const factory = ClientFactory.forProtocol(client)
    const connector = reactor.connectTCP('127.0.0.1', port.getHost().port, factory, { timeout: 9e6 })
    expect(kinds(reactor as never)).toEqual(['call', 'connector', 'port', 'udp'])
    await made
    expect(kinds(reactor as never).slice(-3)).toEqual(['connection', 'port', 'udp'].sort().slice(-3))
    expect(leftOn(reactor).map(({ what }) => what).join()).toContain(`to 127.0.0.1:${port.getHost().port}`)
    connector.disconnect()
    await Promise.all([port.stopListening(), udp.stopListening()])
    const watch = new LeftoverWatch({ pause: () => new Promise((resolve) => setTimeout(resolve, 2)) })
    watch.add(reactor)
    await watch.end()
    expect(leftOn(reactor)).toEqual([])
    reactor.free()
  })
})

describe('leftOn, of simulated hosts', () => {
  it('finds what a host has open', async () => {
    const simulation = new Simulation({ seed: 1 })
    const server = simulation.reactor('server')
    const client = simulation.reactor('client')
    server.listenTCP(80, Factory.forProtocol(Protocol))
    client.connectTCP('server', 80, ClientFactory.forProtocol(Protocol))
    await simulation.run(5_000)
    expect(kinds(server as never)).toEqual(['connection', 'port'])
    expect(kinds(client as never)).toEqual(['connection'])
    simulation.close()
  })
})

describe('LeftoverWatch', () => {
  it('tells where things were made, and leaves debugging as it was', async () => {
    const before = getDebugging()
    const watch = new LeftoverWatch()
    const reactor = watch.add(new MemoryReactor())
    const forgottenHere = (): void => void reactor.callLater(5, () => undefined)
    forgottenHere()
    const listenedHere = (): void => void reactor.listenTCP(80, Factory.forProtocol(Protocol))
    listenedHere()
    const { left, message } = await reasonOf(watch.end())
    expect(left.map(({ kind }) => kind)).toEqual(['port', 'call'])
    expect(left[0].where).toContain('listenedHere')
    expect(left[1].where).toContain('forgottenHere')
    expect(message).toContain('a call that is due in 5 ms, made\n')
    expect(getDebugging()).toBe(before)
  })

  it('names the place in the program for each kind of thing on a real reactor', async () => {
    const watch = new LeftoverWatch()
    const reactor = watch.add(createReactor({ installSignalHandlers: false }))
    const made = new Deferred<void>()
    const accepted = new Deferred<void>()
    const telling = (told: Deferred<void>) => class extends Protocol {
      override connectionMade(): void {
        if (!told.called) told.callback(undefined)
      }
    }
    const listensHere = () =>
      reactor.listenTCP(0, Factory.forProtocol(telling(accepted)), { interface: '127.0.0.1' })
    const port = listensHere()
    await port.ready
    const connectsHere = () =>
      reactor.connectTCP('127.0.0.1', port.getHost().port, ClientFactory.forProtocol(telling(made)))
    connectsHere()
    await Promise.all([made, accepted])
    const bindsHere = () => reactor.listenUDP(0, new DatagramProtocol(), { interface: '127.0.0.1' })
    bindsHere()
    const triesHere = () => reactor.connectTCP('127.0.0.1', port.getHost().port, ClientFactory.forProtocol(Protocol))
    triesHere()
    const spawnsHere = () => reactor.spawnProcess(new ProcessProtocol(), '/bin/cat', [], { childFDs: { 0: 'w' } })
    const child = spawnsHere()
    const delaysHere = () => reactor.callLater(1e6, () => undefined)
    delaysHere()
    const { left, message } = await reasonOf(watch.end())
    const places = left.map(({ kind, where }) => `${kind} ${String(/\w+Here/.exec(where!))}`).sort()
    expect(places).toEqual([
      'call delaysHere', 'call triesHere', 'connection connectsHere', 'connection listensHere', 'connection spawnsHere',
      'connector triesHere', 'port listensHere', 'process spawnsHere', 'udp bindsHere',
    ])
    expect(message).toMatch(/a connection \(\w*\) from 127\.0\.0\.1:\d+ to 127\.0\.0\.1:\d+, made\n/)
    child.signalProcess('KILL')
    void reactor.run()
    await stopped(reactor)
  })

  it('names the place for each kind of thing in memory, and for those of simulated hosts', async () => {
    const watch = new LeftoverWatch()
    const memory = watch.add(new MemoryReactor())
    const simulation = new Simulation({ seed: 1 })
    const [server, client] = ['server', 'client'].map((name) => watch.add(simulation.reactor(name)))
    const inMemoryHere = (): void => {
      memory.listenTCP(80, Factory.forProtocol(Protocol))
      memory.listenUDP(53, new DatagramProtocol())
      memory.connectTCP('example.com', 443, ClientFactory.forProtocol(Protocol))
      memory.connectTCP('example.com', 444, ClientFactory.forProtocol(Protocol))
      memory.spawnProcess(new ProcessProtocol(), '/bin/cat')
      memory.callLater(1, () => undefined)
    }
    inMemoryHere()
    memory.tcpClients[0].connector.succeed()
    const simulatedHere = (): void => {
      server.listenTCP(80, Factory.forProtocol(Protocol))
      client.connectTCP('server', 80, ClientFactory.forProtocol(Protocol))
    }
    simulatedHere()
    await simulation.run(5_000)
    const { left } = await reasonOf(watch.end())
    const places = left.map(({ kind, where }) => `${kind} ${String(/\w+Here/.exec(where!))}`).sort()
    expect(places).toEqual([
      'call inMemoryHere', 'connection inMemoryHere', 'connection simulatedHere', 'connection simulatedHere',
      'connector inMemoryHere', 'port inMemoryHere', 'port simulatedHere', 'process inMemoryHere', 'udp inMemoryHere',
    ])
    simulation.close()
  })

  it('finds Deferreds whose failure nobody handled, and where they were made', async () => {
    const watch = new LeftoverWatch()
    const failHere = (): Deferred<never> => fail(new TimeoutError('nobody looked')) as Deferred<never>
    failHere()
    fail(new Error('handled')).addErrback(() => undefined)
    const { left } = await reasonOf(watch.end())
    expect(left).toHaveLength(1)
    expect(left[0]).toMatchObject({
      kind: 'deferred', what: 'a failure that nobody handled, TimeoutError: nobody looked',
      where: expect.stringContaining('failHere') as string,
    })
  })

  it('takes the failures that a test expects', async () => {
    const watch = new LeftoverWatch({ debugging: false })
    fail(new TimeoutError('expected'))
    fail(new RangeError('too'))
    expect(watch.takeFailures(TimeoutError).map(({ value }) => value.message)).toEqual(['expected'])
    expect(watch.left().map(({ what }) => what)).toEqual(['a failure that nobody handled, RangeError: too'])
    expect(watch.takeFailures()).toHaveLength(1)
    await watch.end()
    expect(watch.left()).toEqual([])
  })

  it('works by the hooks of a runner', async () => {
    const hooks: { before?: () => void, after?: () => Promise<void> } = {}
    const check = checkNothingLeft({
      beforeEach: (fn) => void (hooks.before = fn), afterEach: (fn) => void (hooks.after = fn),
    })
    expect(() => check.watch(new Clock())).toThrow(TypeError)
    hooks.before!()
    check.watch(new Clock())
    await hooks.after!()
    hooks.before!()
    check.watch(new Clock()).callLater(1, () => undefined)
    expect((await reasonOf(hooks.after!())).left).toHaveLength(1)
  })
})
