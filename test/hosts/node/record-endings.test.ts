/**
 * Recordings of connections that end in every way there is, of many at once, of datagrams, UNIX sockets and timers; and
 * that a replay is the same each time: the digest of everything that the program saw and sent.
 */
import { createHash } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Reactor } from '../../../bindings/node/index.js'
import type { Failure } from '../../../src/defer/index.js'
import type { UDPAddress } from '../../../src/interfaces/index.js'
import { ReplayDivergence } from '../../../src/errors/index.js'
import { DatagramProtocol } from '../../../src/protocols/datagram-protocol.js'
import { ClientFactory, Factory, LineReceiver, Protocol } from '../../../src/protocols/index.js'
import { Recording } from '../../../src/testing/record/index.js'
import { LOOPBACK, portOf, rawPeer } from './helpers.js'
import { record, replay } from './record-lab.js'
import type { Program, Recorded, Replayed } from './record-lab.js'

/** Everything that a replay came to, in one number. */
function digest({ said, output, report }: Replayed): string {
  const { events, time, divergences } = report
  return createHash('sha256').update(JSON.stringify({ said, output, events, time, divergences })).digest('hex')
}

/** Replays twice, which must be one and the same, and as it was recorded. */
async function relived<T>(program: Program<T>, recorded: Recorded): Promise<Replayed> {
  const first = await replay(program, recorded)
  expect(first.said).toEqual(recorded.said)
  expect(first.report.divergences).toEqual([])
  expect(digest(await replay(program, recorded))).toBe(digest(first))
  return first
}

const lines = (recorded: Recorded): string => [...new Recording(recorded.blocks).lines()].join('\n')

async function until(is: () => boolean): Promise<void> {
  while (!is()) await new Promise((resolve) => setImmediate(resolve))
}

/** Says what happens to each connection; goes on writing after the peer has closed its sending side. */
class Witness extends LineReceiver {
  say: (text: string) => void = () => undefined
  name = ''

  override lineReceived(text: string): void {
    this.say(`${this.name} ${text}`)
    if (text === 'close') this.transport.loseConnection()
    else if (text === 'abort') (this.transport as unknown as { abortConnection(): void }).abortConnection()
    else if (text === 'half') (this.transport as unknown as { loseWriteConnection(): void }).loseWriteConnection()
    else this.sendLine(text.toUpperCase())
  }

  override connectionLost(reason: Failure): void {
    this.say(`${this.name} ${reason.value.name}`)
  }
}

class HalfWitness extends Witness {
  readConnectionLost(): void {
    this.say(`${this.name} has no more to read`)
    this.sendLine('still here')
    this.transport.loseConnection()
  }

  writeConnectionLost(): void {
    this.say(`${this.name} has no more to write`)
  }
}

function witnesses(Kind: typeof Witness) {
  return (reactor: Reactor, say: (text: string) => void) => {
    let made = 0
    const factory = new Factory()
    factory.buildProtocol = () => Object.assign(new Kind(), { say, name: `#${++made}` })
    return reactor.listenTCP(0, factory, LOOPBACK)
  }
}

describe('a replay of connections', () => {
  it('has 100 of them at once, each with its own bytes', async () => {
    const received: string[] = []
    const program = witnesses(Witness)
    const recorded = await record(program, async (port) => {
      await port.ready
      const peers = await Promise.all(Array.from({ length: 100 }, () => rawPeer(portOf(port))))
      await Promise.all(peers.map(async (peer, n) => {
        for (let i = 0; i < 5; i++) {
          peer.socket.write(`from ${n}, line ${i}\r\n`)
          await until(() => peer.received().includes(`LINE ${i}`))
        }
        peer.socket.write('close\r\n')
        await peer.ended
        peer.socket.destroy()
      }))
      received.push(...peers.map((peer) => peer.received()))
    })
    const { output } = await relived(program, recorded)
    expect(recorded.said.filter((text) => text.endsWith('ConnectionDone'))).toHaveLength(100)
    expect([...output].sort()).toEqual(received.sort())
  })

  it('that were half closed by the peer, and by this side', async () => {
    const program = witnesses(HalfWitness)
    let answers = ''
    const talk = async (port: number, text: string): Promise<void> => {
      const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
      socket.on('data', (data) => (answers += String(data)))
      const ended = new Promise((resolve) => socket.once('end', resolve))
      if (text !== '') {
        socket.write(text)
        await ended
      }
      socket.end()
      await new Promise((resolve) => socket.once('close', resolve))
    }
    let seen: readonly string[] = []
    const recorded = await record((reactor: Reactor, say) => program(reactor, (text) => {
      say(text)
      seen = [...seen, text]
    }), async (port) => {
      await port.ready
      await talk(portOf(port), '')
      await talk(portOf(port), 'half\r\n')
      await until(() => seen.filter((text) => /Connection(Done|Lost)/.test(text)).length === 2)
    })
    expect(recorded.said.join()).toMatch(/#1 has no more to read.*#2 has no more to write/)
    expect(answers).toContain('still here')
    const { output } = await relived(program, recorded)
    expect(output.join('')).toContain('still here')
    expect(lines(recorded)).toMatch(/is told: receivedEnd\(\)/)
  })

  it('that were reset by the peer, aborted by this side, and refused', async () => {
    let ended = 0
    const closed: number[] = []
    const program = (reactor: Reactor, say: (text: string) => void) => {
      const told = (text: string): void => {
        say(text)
        if (/Connection|refused/.test(text)) ended += 1
      }
      const port = witnesses(Witness)(reactor, told)
      class Failing extends ClientFactory {
        override clientConnectionFailed(_connector: unknown, reason: Failure): void {
          told(`refused: ${reason.value.name}`)
        }
      }
      const factory = new Failing()
      factory.buildProtocol = () => new Protocol()
      return { port, refuse: () => reactor.connectTCP('127.0.0.1', closed[0] ?? 1, factory), reactor }
    }
    const whole = (reactor: Reactor, say: (text: string) => void) => {
      const made = program(reactor, say)
      reactor.callLater(20, made.refuse)
      return made
    }
    const recorded = await record(whole, async ({ port }) => {
      await port.ready
      const first = await rawPeer(portOf(port))
      first.socket.write('hello\r\n')
      await until(() => first.received().includes('HELLO'))
      first.socket.resetAndDestroy()
      const second = await rawPeer(portOf(port))
      second.socket.on('error', () => undefined)
      second.socket.write('abort\r\n')
      await new Promise((resolve) => second.socket.once('close', resolve))
      await until(() => ended >= 3)
    })
    expect(recorded.said).toEqual(expect.arrayContaining([
      '#1 ConnectionLost', '#2 ConnectionAborted', 'refused: ConnectionRefusedError',
    ]))
    await relived(whole, recorded)
  })

  it('over a UNIX socket, and of datagrams on both sides, with timers in between', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'whorl-record-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const path = join(folder, 'socket')
    let ended = 0
    const program = (reactor: Reactor, say: (text: string) => void) => {
      const told = (text: string): void => {
        say(`${text} at ${reactor.now()}`)
        if (text.startsWith('over')) ended += 1
      }
      class Server extends LineReceiver {
        override lineReceived(text: string): void {
          told(text)
          reactor.callLater(3, () => this.sendLine(`${text}, and 3 ms`))
        }
      }
      class Client extends LineReceiver {
        override connectionMade(): void {
          this.sendLine('over UNIX')
        }
        override lineReceived(text: string): void {
          told(text)
          this.transport.loseConnection()
        }
      }
      const port = reactor.listenUNIX(path, Factory.forProtocol(Server))
      port.ready.addCallback(() => reactor.connectUNIX(path, ClientFactory.forProtocol(Client)))
      class Echo extends DatagramProtocol {
        override datagramReceived(data: Uint8Array, address: UDPAddress): void {
          told(`over UDP: ${data.length} from a ${address.type} port`)
          this.transport.write(data.subarray(0, 5), address)
        }
      }
      class Asking extends DatagramProtocol {
        override startProtocol(): void {
          const tick = (n: number): void => {
            this.transport.write('x'.repeat(n * 100), { host: '127.0.0.1', port: echo.getHost().port })
            if (n < 4) reactor.callLater(2, tick, n + 1)
          }
          reactor.callLater(5, tick, 1)
        }
        override datagramReceived(data: Uint8Array): void {
          told(`over and back: ${new TextDecoder().decode(data)}`)
        }
      }
      const echo = reactor.listenUDP(0, new Echo(), LOOPBACK)
      reactor.listenUDP(0, new Asking(), LOOPBACK)
      return { port, echo }
    }
    const recorded = await record(program, async ({ echo }) => {
      await echo.ready
      const socket = createSocket('udp4')
      socket.send('from outside', echo.getHost().port, '127.0.0.1')
      await until(() => ended >= 11)
      await new Promise<void>((resolve) => socket.close(() => resolve()))
    })
    expect(recorded.said.join()).toMatch(/over UNIX, and 3 ms/)
    expect(recorded.said.join()).toMatch(/over UDP: 400 from a UDP port/)
    const { output } = await relived(program, recorded)
    expect([...output].sort()).toEqual(['over UNIX\r\n', 'over UNIX, and 3 ms\r\n'].sort())
  })
})

describe('a replay of a program that does one thing otherwise', () => {
  type Answer = (line: LineReceiver, text: string, reactor: Reactor) => void
  const program = (answer: Answer) => (reactor: Reactor) => {
    class Answering extends LineReceiver {
      override lineReceived(text: string): void {
        answer(this, text, reactor)
      }
    }
    return reactor.listenTCP(0, Factory.forProtocol(Answering), LOOPBACK)
  }
  const echo: Answer = (line, text) => line.sendLine(text)
  /** For the second line only. */
  const butFor = (two: Answer): Answer => (line, text, reactor) => (text === 'two' ? two : echo)(line, text, reactor)

  it.each<[string, Answer, RegExp, RegExp]>([
    ['says nothing', () => undefined, /^#\d+ sends 5 bytes "two/, /^nothing$/],
    ['says it later', (line, text, reactor) => void reactor.callLater(1, () => line.sendLine(text)),
      /^#\d+ sends 5 bytes "two/, /^a timer of/],
    ['says more', (line, text) => line.sendLine(`${text} and more`), /"two\\r\\n"/, /byte 3 is the first to differ/],
    ['says it, and closes', (line, text) => {
      line.sendLine(text)
      line.transport.loseConnection()
    }, /^nothing before /, /^#\d+\.close\(true\)$/],
    ['calls somebody else', (line, text, reactor) => {
      reactor.connectTCP('127.0.0.1', 1, ClientFactory.forProtocol(Protocol), { timeout: Infinity })
      line.sendLine(text)
    }, /^#\d+ sends 5 bytes "two/, /^connectTCP\(.*127\.0\.0\.1/],
  ])('%s: the first difference is that one', async (_name, two, expected, got) => {
    const recorded = await record(program(echo), async (port) => {
      const peer = await rawPeer(portOf(await port.ready))
      for (const text of ['one', 'two', 'three']) {
        peer.socket.write(`${text}\r\n`)
        await until(() => peer.received().includes(text))
      }
      peer.socket.destroy()
    }, { output: true })
    const found = await replay(program(butFor(two)), recorded).catch((error: unknown) => error)
    expect(found).toBeInstanceOf(ReplayDivergence)
    const difference = found as ReplayDivergence
    expect(difference.expected).toMatch(expected)
    expect(difference.got).toMatch(got)
    // Of what stands at that place in the file.
    const line = [...new Recording(recorded.blocks).lines()][difference.record - 1]
    expect(line).toContain(difference.expected.replace('nothing before ', ''))
    expect(line).toContain(difference.time.toFixed(3))
  })
})
