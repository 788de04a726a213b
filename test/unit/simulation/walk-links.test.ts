/**
 * What links and connections do, as a program of a test's author sees it: through `Simulation` alone, by virtual clocks
 * and by what the trace says.
 */
import { describe, expect, it } from 'vitest'
import { DatagramProtocol } from '../../../src/protocols/index.js'
import { Simulation, TraceReader, traceToPcapng } from '../../../src/testing/index.js'
import type { LinkOptions, TraceRecord } from '../../../src/testing/index.js'
import { HalfRecorder, Programs, Recorder } from './network-programs.js'

/** Writes down when what came. */
class Timed extends Recorder {
  readonly times: [number, number][] = []
  now = (): number => 0

  override dataReceived(data: Uint8Array): void {
    super.dataReceived(data)
    this.times.push([this.now(), data.length])
  }
}

class Datagrams extends DatagramProtocol {
  readonly got: [number, string][] = []
  now = (): number => 0

  override datagramReceived(data: Uint8Array): void {
    this.got.push([this.now(), new TextDecoder().decode(data)])
  }
}

type Flow = Recorder['transport'] & {
  pauseProducing(): void, resumeProducing(): void, loseWriteConnection(): void, abortConnection(): void
}

const flow = (protocol: Recorder): Flow => protocol.transport as unknown as Flow

async function pair(options: LinkOptions = {}, make: () => Recorder = () => new Timed(), seed: number = 1) {
  const sim = new Simulation({ seed, trace: 'full', ...options })
  const [clients, servers] = [new Programs(make), new Programs(make)]
  sim.reactor('b').listenTCP(80, servers)
  sim.reactor('a').connectTCP('b', 80, clients)
  await sim.run(1_000)
  const [client, server] = [clients.built[0]!, servers.built[0]!]
  for (const one of [client, server]) if (one instanceof Timed) one.now = () => sim.now
  return { sim, client, server, clients, servers }
}

function records<K extends TraceRecord['kind']>(sim: Simulation, kind: K): Extract<TraceRecord, { kind: K }>[] {
  return [...new TraceReader(sim.trace())].filter((one) => one.kind === kind) as never
}

async function datagrams(options: LinkOptions, count: number, every: number) {
  const sim = new Simulation({ seed: 2, trace: 'full', ...options })
  const [from, to] = [new Datagrams(), new Datagrams()]
  to.now = () => sim.now
  sim.reactor('a').listenUDP(1_000, from)
  sim.reactor('b').listenUDP(2_000, to)
  const { ipv4: host } = sim.host('b')
  for (let i = 0; i < count; i++) {
    sim.at(i * every, () => from.transport!.write(String(i), { host, port: 2_000 }))
  }
  await sim.run()
  return { sim, got: to.got.map(([time, text]) => ({ i: Number(text), took: time - Number(text) * every })) }
}

const mean = (numbers: readonly number[]): number => numbers.reduce((sum, one) => sum + one, 0) / numbers.length

describe('latency', () => {
  it('that is one number is that, to the microsecond', async () => {
    const { got } = await datagrams({ latency: 7.125 }, 200, 10)
    expect(new Set(got.map(({ took }) => Math.round(took * 1_000)))).toEqual(new Set([7_125]))
    expect(got.length).toBe(200)
  })

  it('between two is spread evenly: ends, mean, and each tenth', async () => {
    const { got } = await datagrams({ latency: [10, 30] }, 4_000, 50)
    const took = got.map((one) => one.took)
    expect(Math.min(...took)).toBeGreaterThanOrEqual(10)
    expect(Math.min(...took)).toBeLessThan(10.1)
    expect(Math.max(...took)).toBeLessThanOrEqual(30.001)
    expect(Math.max(...took)).toBeGreaterThan(29.9)
    expect(Math.abs(mean(took) - 20)).toBeLessThan(0.4)
    for (let tenth = 0; tenth < 10; tenth++) {
      const inIt = took.filter((one) => one >= 10 + 2 * tenth && one < 12 + 2 * tenth).length
      expect(Math.abs(inIt - 400), `tenth ${tenth}`).toBeLessThan(80)
    }
  })

  it('that a function says is drawn from it once for each packet, with the numbers of the link', async () => {
    const asked: number[] = []
    const { got } = await datagrams({
      latency: (random) => {
        asked.push(random.below(2) === 0 ? 5 : 25)
        return asked.at(-1)!
      },
    }, 500, 40)
    expect(got.map(({ took }) => Math.round(took * 1_000) / 1_000)).toEqual(asked)
    expect(Math.abs(mean(asked) - 15)).toBeLessThan(1)
  })

  it('keeps the order of a stream, however much it varies', async () => {
    const { sim, client, server } = await pair({ latency: [1, 500] })
    const text = Array.from({ length: 300 }, (_, i) => `${i},`)
    text.forEach((one, i) => sim.at(1_000 + i, () => client.transport!.write(one)))
    await sim.run()
    expect(server.text).toBe(text.join(''))
  })
})

describe('datagrams', () => {
  it('are lost as often as is said, and the trace has each of them', async () => {
    const { sim, got } = await datagrams({ loss: 0.25 }, 4_000, 10)
    const lost = records(sim, 'datagram-lost')
    expect(records(sim, 'datagram-sent').length).toBe(4_000)
    expect(lost.length + got.length).toBe(4_000)
    expect(records(sim, 'datagram-delivered').length).toBe(got.length)
    expect(Math.abs(lost.length - 1_000)).toBeLessThan(110)
    expect(new Set(lost.map(({ why }) => why)).size).toBe(1)
  })

  it('arrive twice as often as is said, never three times', async () => {
    const { got } = await datagrams({ duplicate: 0.1 }, 4_000, 10)
    const times = new Map<number, number>()
    for (const { i } of got) times.set(i, (times.get(i) ?? 0) + 1)
    expect(times.size).toBe(4_000)
    expect(Math.max(...times.values())).toBe(2)
    expect(Math.abs(got.length - 4_400)).toBeLessThan(80)
  })

  it('overtake each other only where that is asked for, with a latency that does not vary', async () => {
    const inOrder = async (reorder: number) => {
      const { got } = await datagrams({ latency: 5, reorder }, 1_000, 1)
      expect(got.length).toBe(1_000)
      return got.filter(({ i }, at) => at > 0 && i < got[at - 1]!.i).length
    }
    expect(await inOrder(0)).toBe(0)
    expect(await inOrder(0.1)).toBeGreaterThan(30)
  })
})

describe('streams', () => {
  it('carry no more bytes in a virtual second than the bandwidth', async () => {
    const { sim, client, server } = await pair({ latency: 3, bandwidth: 50_000, segment: [500, 500] })
    sim.at(1_000, () => client.transport!.write(new Uint8Array(100_000)))
    await sim.run()
    const { times } = server as Timed
    let bytes = 0
    for (const [time, length] of times) {
      bytes += length
      // Never sooner than so many bytes take.
      expect(time).toBeGreaterThanOrEqual(1_003 + bytes / 50 - 0.01)
    }
    expect(bytes).toBe(100_000)
    expect(Math.abs(times.at(-1)![0] - 3_003)).toBeLessThan(0.1)
  })

  it('come in pieces as long as is said, if those do not meet', async () => {
    const { sim, client, server } = await pair({ latency: 1, bandwidth: 100_000, segment: [20, 30] })
    sim.at(1_000, () => client.transport!.write(new Uint8Array(3_000)))
    await sim.run()
    const lengths = (server as Timed).times.map(([, length]) => length)
    expect(lengths.reduce((sum, one) => sum + one, 0)).toBe(3_000)
    const all = lengths.slice(0, -1)
    expect([Math.min(...all), Math.max(...all)]).toEqual([20, 30])
  })

  it('send again what was lost after 200 ms, then after 400 more; the trace has each try', async () => {
    const { sim, client, server } = await pair({ latency: 5, segment: [100, 100] })
    sim.at(1_000, () => {
      sim.network.partition('a', 'b')
      client.transport!.write('x')
    })
    sim.at(2_500, () => sim.network.heal('a', 'b'))
    await sim.run()
    expect(records(sim, 'lost').map(({ time }) => time)).toEqual([1_000, 1_200, 1_600, 2_400])
    expect(records(sim, 'resent').map(({ time }) => time)).toEqual([4_000])
    expect((server as Timed).times).toEqual([[4_005, 1]])
  })

  it('that no buffer has taken when a UNIX socket is broken off are lost, and the trace says which', async () => {
    const sim = new Simulation({ seed: 1, bufferBytes: 1_000, latency: 10 })
    const [clients, servers] = [new Programs(), new Programs()]
    sim.reactor('a').listenUNIX('/run/it', servers)
    sim.reactor('a').connectUNIX('/run/it', clients)
    await sim.run(1_000)
    const [client, server] = [clients.built[0]!, servers.built[0]!]
    flow(server).pauseProducing()
    for (const length of [300, 1_900, 3_000]) client.transport!.write('x'.repeat(length))
    await sim.run(2_000)
    flow(client).abortConnection()
    await sim.run(3_000)
    flow(server).resumeProducing()
    await sim.run()
    // Its own buffer, and that of the other end.
    const taken = server.text.length
    expect(taken).toBeGreaterThanOrEqual(1_000)
    expect(taken).toBeLessThan(5_200)
    expect(records(sim, 'lost')).toMatchObject([
      { time: 2_000, why: 'not taken', direction: 0, offset: taken, length: 5_200 - taken },
    ])
    // Wireshark is not shown as arrived what has never gone out.
    const packets = String.fromCharCode(...traceToPcapng(new TraceReader(sim.trace())))
    expect(packets).not.toContain('not taken')
    const flags = [...packets.matchAll(/\x08\x00\x45[^]{8}\x06[^]{23}([^])/g)].map(([, one]) => one!.charCodeAt(0))
    expect(packets.match(/x{8,}/g)!.join('')).toHaveLength(taken)
    expect(flags.filter((one) => (one & 1) !== 0)).toHaveLength(2)
  })

  it('that wait in two buffers, in several pieces, come whole and in order', async () => {
    const { sim, client, server } = await pair({ latency: 10, bufferBytes: 1_000, segment: [1_460, 1_460] })
    const text = (from: number, length: number): string =>
      Array.from({ length }, (_, i) => String.fromCharCode(33 + (from + i) % 90)).join('')
    flow(server).pauseProducing()
    let at = 0
    for (const length of [800, 500, 150, 90, 300]) {
      client.transport!.write(text(at, length))
      at += length
      await sim.run(sim.now + 50)
    }
    expect(server.text).toBe('')
    // One buffer there is full; what is here waits.
    const inFlight = [...sim.network.connections].map((one) => one.inFlight)
    expect(inFlight[0]).toBeGreaterThan(0)
    flow(server).resumeProducing()
    client.transport!.loseConnection()
    await sim.run()
    expect(server.text).toBe(text(0, at))
    expect(server.events).toEqual(['made', 'data', 'lost ConnectionDone'])
  })

  it('have no more unread than a buffer holds: the window', async () => {
    const { sim, client, server } = await pair({ latency: 10, bufferBytes: 1_000, segment: [100, 100] })
    flow(server).pauseProducing()
    client.transport!.write(new Uint8Array(5_000))
    await sim.run(sim.now + 10_000)
    const [{ inFlight }] = [...sim.network.connections] as unknown as [{ inFlight: number }]
    // What the host was given and is not on its way has come, unread.
    const sent = records(sim, 'sent').reduce((sum, one) => sum + one.data.length, 0)
    expect(sent - inFlight).toBe(1_000)
  })
})

describe('ends', () => {
  it('that cross are orderly on both sides, whoever was first by a little', async () => {
    for (let gap = 0; gap <= 12; gap += 3) {
      const { sim, client, server } = await pair({ latency: 5 })
      sim.at(1_000, () => {
        client.transport!.write('c')
        client.transport!.loseConnection()
      })
      sim.at(1_000 + gap, () => {
        if (server.reason !== null) return
        server.transport!.write('s')
        server.transport!.loseConnection()
      })
      await sim.run()
      expect([client, server].map(({ events }) => events.at(-1)), `gap ${gap}`)
        .toEqual(['lost ConnectionDone', 'lost ConnectionDone'])
      // Who has closed reads no more.
      expect(server.text).toBe(gap < 5 ? '' : 'c')
      expect(records(sim, 'rst')).toEqual([])
      expect(records(sim, 'ended').map(({ side, why }) => `${side} ${why}`).sort().join())
        .toMatch(/^0 (\w+),1 \1$/)
    }
  })

  it('N13 are told once, though half a connection goes on, pauses and resumes', async () => {
    const { sim, client, server } = await pair({ latency: 5 }, () => new HalfRecorder())
    flow(client).loseWriteConnection()
    await sim.run(1_100)
    for (let i = 0; i < 5; i++) {
      flow(server).pauseProducing()
      flow(server).resumeProducing()
      server.transport!.write('x')
      await sim.run(sim.now + 100)
    }
    expect(server.events).toEqual(['made', 'read lost'])
    expect(client.text).toBe('xxxxx')
    server.transport!.loseConnection()
    await sim.run()
    expect(server.events.filter((event) => event === 'read lost')).toHaveLength(1)
    expect([...sim.network.connections]).toEqual([])
  })

  it('with bytes that nobody has read are a reset for who wrote them', async () => {
    const { sim, client, server } = await pair({ latency: 5 })
    flow(server).pauseProducing()
    client.transport!.write('unread')
    await sim.run(1_100)
    flow(server).abortConnection()
    await sim.run()
    expect(client.events).toEqual(['made', 'lost ConnectionLost'])
    expect(records(sim, 'rst').map(({ isDelivered }) => isDelivered)).toEqual([false, true])
    expect([...sim.network.connections]).toEqual([])
  })

  it('half-open: who writes to a host that has forgotten it is reset after one round trip', async () => {
    const { sim, client } = await pair({ latency: 5 })
    sim.network.crash('b')
    sim.network.restart('b')
    await sim.run(5_000)
    expect(client.events).toEqual(['made'])
    expect([...sim.network.connections].map(({ state }) => state)).toEqual(['half-open'])
    client.transport!.write('x')
    await sim.run(5_009.9)
    expect(client.reason).toBe(null)
    await sim.run(5_010.1)
    expect(client.events).toEqual(['made', 'lost ConnectionLost'])
    expect([...sim.network.connections]).toEqual([])
  })

  it('a partition one way: the other way passes', async () => {
    const { sim, client, server } = await pair({ latency: 5 })
    sim.network.partition('a', 'b', { oneWay: true })
    client.transport!.write('from a')
    server.transport!.write('from b')
    await sim.run(2_000)
    expect([client.text, server.text]).toEqual(['from b', ''])
    sim.network.heal('a', 'b')
    await sim.run(60_000)
    expect(server.text).toBe('from a')
    expect(records(sim, 'ended')).toEqual([])
  })
})

describe('attempts', () => {
  async function attempt(prepare: (sim: Simulation) => void) {
    const sim = new Simulation({ seed: 3, trace: 'full', latency: 10 })
    const [clients, servers] = [new Programs(), new Programs()]
    let failed = 0
    sim.reactor('b').listenTCP(80, servers, { backlog: 2 })
    sim.host('a')
    await sim.run(1)
    prepare(sim)
    const former = clients.clientConnectionFailed.bind(clients)
    clients.clientConnectionFailed = (connector, reason) => {
      failed = sim.now
      former(connector, reason)
    }
    const connect = (): unknown => sim.reactor('a')
      .connectTCP(sim.host('b').ipv4, 80, clients, { timeout: Infinity })
    return { sim, clients, servers, connect, failed: () => failed }
  }

  it('that are refused fail after one round trip', async () => {
    const { sim, clients, connect, failed } = await attempt((one) => one.network.refuse('b', 80))
    connect()
    await sim.run()
    expect(clients.failures.map(({ value }) => value.constructor.name)).toEqual(['ConnectionRefusedError'])
    expect(failed()).toBeCloseTo(21, 3)
  })

  it('that nobody answers fail after 1 + 2 + … + 64 s, with seven packets', async () => {
    const { sim, clients, connect, failed } = await attempt((one) => one.network.blackHole('b', 80))
    connect()
    await sim.run()
    expect(clients.failures.map(({ value }) => value.constructor.name)).toEqual(['TimeoutError'])
    expect(records(sim, 'lost').map(({ time }) => Math.round(time)))
      .toEqual([11, 1_021, 3_031, 7_041, 15_051, 31_061, 63_071])
    expect(failed()).toBeCloseTo(127_071, 0)
  })

  it('beyond a full backlog wait, and get through when there is room', async () => {
    const { sim, clients, servers, connect } = await attempt((one) => one.network.stall('b', 80))
    for (let i = 0; i < 5; i++) {
      connect()
      await sim.run(sim.now + 100)
    }
    // As Linux counts: one more than asked for.
    expect([clients.built.length, servers.built.length]).toEqual([3, 0])
    sim.network.stall('b', 80, false)
    await sim.run(sim.now + 10_000)
    expect([clients.built.length, servers.built.length]).toEqual([5, 5])
    expect(records(sim, 'lost').length).toBe(2)
    expect(new Set(records(sim, 'lost').map(({ why }) => why)).size).toBe(1)
  })
})
