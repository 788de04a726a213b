/** A protocol in a page, a relay and a TCP host, on a simulated network. */
import { afterEach, describe, expect, it } from 'vitest'
import {
  ConnectionAborted, ConnectionDone, ConnectionLost, ConnectionRefusedError, DNSLookupError, NotSupportedError,
  Protocol, TimeoutError, TunnelRefusedError, clientFromString,
} from 'whorl'
import { openWebSocket, registerTunnelEndpoints, TunnelClientEndpoint } from '../../../src/tunnel/index.js'
import { HalfRecorder, Lab, PRIVATE, Recorder, RELAY } from './lab.js'

let lab: Lab | null = null

afterEach(() => {
  lab?.simulation.close()
  lab = null
})

function start(...args: ConstructorParameters<typeof Lab>): Lab {
  return lab = new Lab(...args)
}

class Echo extends Protocol {
  override connectionMade(): void {
    this.transport.registerProducer(this.transport, true)
  }

  override dataReceived(data: Uint8Array): void {
    this.transport.write(data)
  }
}

const pattern = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i % 251)

describe('a tunnel', () => {
  it('carries bytes both ways, and both ends close in order', async () => {
    const { simulation, ...it } = start()
    lab!.listen(() => new Echo())
    const page = await lab!.connect(new Recorder())
    expect(page.transport.getPeer()).toMatchObject({ family: 'IPv4', port: 7000 })
    const sent = pattern(1_000_000)
    page.transport.write(sent)
    await lab!.run(20_000)
    expect(page.length).toBe(1_000_000)
    expect(Buffer.concat(page.chunks).equals(sent)).toBe(true)
    page.transport.loseConnection()
    await lab!.run(5_000)
    expect(page.reason).toBeInstanceOf(ConnectionDone)
    expect(it.relay.log).toEqual(['opened host:7000', 'ended 1000000 1000000 ConnectionDone'])
    expect(it.relay.tunnels).toEqual([])
    expect(simulation.unhandled).toEqual([])
    expect(it.relayReactor.openTransports()).toEqual([])
    expect(it.page.openTransports()).toEqual([])
  })

  it('closes each direction by itself, whoever begins', async () => {
    start()
    lab!.listen(() => new HalfRecorder())
    const page = await lab!.connect(new HalfRecorder())
    await lab!.run()
    const host = lab!.accepted[0] as HalfRecorder
    page.transport.write('question')
    page.transport.loseWriteConnection()
    await lab!.run()
    expect([page.events, host.events]).toEqual([['made', 'write-end'], ['made', 'data', 'read-end']])
    host.transport.write('answer')
    host.transport.loseWriteConnection()
    await lab!.run()
    expect(page.text).toBe('answer')
    expect(page.events).toEqual(['made', 'write-end', 'data', 'read-end', 'lost'])
    expect([page.reason, host.reason].map((one) => one?.name)).toEqual(['ConnectionDone', 'ConnectionDone'])
    const second = await lab!.connect(new HalfRecorder())
    await lab!.run()
    const other = lab!.accepted[1] as HalfRecorder
    other.transport.loseWriteConnection()
    await lab!.run()
    expect(second.events).toEqual(['made', 'read-end'])
    second.transport.write('late')
    second.transport.loseConnection()
    await lab!.run(5_000)
    expect(other.text).toBe('late')
    expect(second.reason).toBeInstanceOf(ConnectionDone)
  })

  it('hands a reset on as a reset, both ways', async () => {
    start()
    lab!.listen(() => new Recorder())
    for (const who of ['page', 'host'] as const) {
      lab!.accepted.length = 0
      const page = await lab!.connect(new Recorder())
      await lab!.run()
      const host = lab!.accepted[0] as Recorder
      const [one, other] = who === 'page' ? [page, host] : [host, page]
      one.transport.abortConnection()
      await lab!.run()
      expect(one.reason).toBeInstanceOf(ConnectionAborted)
      expect(other.reason).toBeInstanceOf(ConnectionLost)
    }
    expect(lab!.relay.log.filter((line) => line.startsWith('ended'))).toEqual([
      'ended 0 0 ConnectionLost', 'ended 0 0 ConnectionLost'])
  })

  it('resets the host when the page goes away without a word', async () => {
    start({ timeouts: { ping: 2_000, pong: 2_000 } })
    lab!.listen(() => new Recorder())
    await lab!.connect(new Recorder())
    await lab!.run()
    lab!.simulation.network.crash('page')
    await lab!.run(10_000)
    expect((lab!.accepted[0] as Recorder).reason).toBeInstanceOf(ConnectionLost)
    expect(lab!.relay.tunnels).toEqual([])
  })

  it('lets a page feel a host that does not read, and a host a page that does not', async () => {
    start({ limits: { window: 20_000 } })
    lab!.listen(() => new Recorder())
    const page = await lab!.connect(new Recorder(), lab!.endpoint('host', 7000, { window: 10_000 }))
    await lab!.run()
    const host = lab!.accepted[0] as Recorder
    for (const [reader, writer] of [[host, page], [page, host]] as const) {
      reader.transport.pauseProducing()
      writer.transport.write(pattern(3_000_000))
      await lab!.run(10_000)
      // The rest waits at its source: not in the relay, nor on the way.
      expect(writer.transport.writableLength).toBeGreaterThan(2_000_000)
      expect(reader.length).toBe(0)
      reader.transport.resumeProducing()
      await lab!.run(60_000)
      expect(reader.length).toBe(3_000_000)
      expect(writer.transport.writableLength).toBe(0)
    }
  })

  it('fails as a connection of TCP does', async () => {
    start({ allow: ['*:*', ...PRIVATE], timeouts: { connect: 5_000 } })
    expect(await lab!.refusal(lab!.endpoint('host', 9))).toBeInstanceOf(ConnectionRefusedError)
    expect(await lab!.refusal(lab!.endpoint('nobody', 9))).toBeInstanceOf(DNSLookupError)
    lab!.simulation.network.blackHole('host', 9)
    expect(await lab!.refusal(lab!.endpoint('host', 9))).toBeInstanceOf(TimeoutError)
    expect(lab!.relay.log).toEqual([
      'refused host:9 ConnectionRefusedError', 'refused nobody:9 DNSLookupError', 'refused host:9 TimeoutError'])
  })

  it('is given up by whoever asked, and by its own time', async () => {
    start()
    lab!.simulation.network.blackHole('host', 7000)
    const asked = lab!.simulation.now
    expect(await lab!.refusal(lab!.endpoint('host', 7000, { timeout: 3_000 }))).toBeInstanceOf(TimeoutError)
    expect(lab!.simulation.now - asked).toBeLessThan(3_100)
    await lab!.run()
    expect(lab!.relay.tunnels).toEqual([])
    expect(lab!.relayReactor.openThings().connectors).toEqual([])
  })

  it('says why there is no relay', async () => {
    start()
    const open = openWebSocket(lab!.page)
    const wrong = new TunnelClientEndpoint(lab!.page, 'ws://relay/elsewhere', 'host', 7000, { open })
    expect((await lab!.refusal(wrong)).name).toBe('ConnectionRejected')
    const plain = new TunnelClientEndpoint(lab!.page, RELAY, 'host', 7000)
    const error = await lab!.refusal(plain)
    expect(String(error)).toMatch(/WebSocket of its own/)
    expect(error.cause ?? error).toBeInstanceOf(NotSupportedError)
  })
})

describe('who may', () => {
  it('refuses what is not on the list, by name, by port and by address', async () => {
    start({ allow: ['host:7000', '10.0.0.0/8:7000'] })
    lab!.listen(() => new Echo())
    for (const [host, port] of [['host', 7001], ['page', 7000], ['example.com', 7000], ['127.0.0.1', 7000]] as const) {
      const error = await lab!.refusal(lab!.endpoint(host, port))
      expect(error).toBeInstanceOf(TunnelRefusedError)
      expect((error as TunnelRefusedError).refusal).toBe('not-allowed')
    }
    await lab!.connect(new Recorder())
  })

  it('refuses everything with an empty list', async () => {
    start({ allow: [] })
    expect((await lab!.refusal(lab!.endpoint()) as TunnelRefusedError).refusal).toBe('not-allowed')
  })

  it('does not follow a name into a private network, and does not say where it leads', async () => {
    start({ allow: ['host:*'] })
    lab!.listen(() => new Echo())
    const error = await lab!.refusal(lab!.endpoint())
    expect((error as TunnelRefusedError).refusal).toBe('not-allowed')
    expect(error.message).not.toMatch(/\d+\.\d+\.\d+\.\d+/)
  })

  it('asks who it is, once for each tunnel, and takes nothing but true for a yes', async () => {
    const asked: unknown[] = []
    let answer: unknown = true
    start({ authenticate: (token, peer, origin) => {
      asked.push([token, peer.family, origin])
      if (answer === 'throw') throw new Error('the list of tokens is gone')
      return answer as boolean
    } })
    lab!.listen(() => new Echo())
    await lab!.connect(new Recorder(), lab!.endpoint('host', 7000, { token: 'sésame' }))
    for (answer of [false, 1, 'yes', undefined, 'throw', Promise.resolve(false), Promise.reject(new Error('no'))]) {
      const error = await lab!.refusal(lab!.endpoint('host', 7000, { token: 'x' }))
      expect((error as TunnelRefusedError).refusal).toBe('unauthenticated')
    }
    answer = Promise.resolve(true)
    await lab!.connect(new Recorder(), lab!.endpoint())
    expect(asked).toHaveLength(9)
    expect(asked[0]).toEqual(['sésame', 'IPv4', null])
    expect(asked[8]).toEqual(['', 'IPv4', null])
  })

  it('keeps to the number of tunnels, of one client and of all', async () => {
    start({ limits: { perClient: 2 } })
    lab!.listen(() => new Echo())
    const first = await lab!.connect(new Recorder())
    await lab!.connect(new Recorder())
    expect((await lab!.refusal(lab!.endpoint()) as TunnelRefusedError).refusal).toBe('busy')
    first.transport.loseConnection()
    await lab!.run(5_000)
    await lab!.connect(new Recorder())
    lab!.simulation.close()
    start({ limits: { total: 1 } })
    lab!.listen(() => new Echo())
    await lab!.connect(new Recorder())
    const error = await lab!.refusal(lab!.endpoint())
    expect(error.message).toMatch(/all clients/)
  })

  it('keeps to the rate of a client, in both directions together', async () => {
    start({ limits: { bytesPerSecond: 100_000 } })
    lab!.listen(() => new Echo())
    const page = await lab!.connect(new Recorder())
    const began = lab!.simulation.now
    page.transport.write(pattern(500_000))
    while (page.length < 500_000) await lab!.run(200)
    const seconds = (lab!.simulation.now - began) / 1000
    expect(seconds).toBeGreaterThan(8)
    expect(seconds).toBeLessThan(13)
  })

  it('ends what is idle, and what never asks', async () => {
    start({ timeouts: { idle: 10_000, open: 4_000 } })
    lab!.listen(() => new Echo())
    const page = await lab!.connect(new Recorder())
    await lab!.run(8_000)
    page.transport.write('still here')
    await lab!.run(8_000)
    expect(page.events).toEqual(['made', 'data'])
    await lab!.run(4_000)
    expect(page.reason).toBeInstanceOf(ConnectionLost)
  })

  it('refuses pages of other origins, before anything is asked', async () => {
    start({ origins: ['https://chat.example'] })
    lab!.listen(() => new Echo())
    const from = (origin: string) => new TunnelClientEndpoint(lab!.page, RELAY, 'host', 7000,
      { open: openWebSocket(lab!.page, { origin }) })
    await lab!.connect(new Recorder(), from('https://chat.example'))
    expect((await lab!.refusal(from('https://evil.example'))).message).toMatch(/403/)
  })

  it('resets all of them when it is told to', async () => {
    start()
    lab!.listen(() => new Echo())
    const pages = [await lab!.connect(new Recorder()), await lab!.connect(new Recorder())]
    lab!.relay.abortAll()
    await lab!.run()
    for (const page of pages) expect(page.reason).toBeInstanceOf(ConnectionLost)
    expect(lab!.relay.tunnels).toEqual([])
  })
})

describe('tunnel: endpoint strings', () => {
  it('say relay, host and port', async () => {
    start({ authenticate: (token) => token === 'a:b' })
    lab!.listen(() => new Echo())
    registerTunnelEndpoints({ open: openWebSocket(lab!.page) })
    const page = await lab!.connect(new Recorder(),
      clientFromString(lab!.page, 'tunnel:ws\\://relay/tunnel:host:7000:token=a\\:b:timeout=5s'))
    page.transport.write('hello')
    await lab!.run()
    expect(page.text).toBe('hello')
  })

  it.each([
    ['tunnel:ws\\://relay/:host', 'port'], ['tunnel:http\\://relay/:host:1', 'relay'], ['tunnel:ws\\://relay/', 'host'],
    ['tunnel:ws\\://relay/:host:70000', 'port'], ['tunnel:ws\\://relay/:host:1:timeout=x', 'timeout'],
    ['tunnel:ws\\://relay/:host:1:color=red', 'color'],
  ])('%s is wrong in its %s', (text, field) => {
    start()
    registerTunnelEndpoints()
    expect(() => clientFromString(lab!.page, text)).toThrowError(expect.objectContaining({ field }))
  })
})
