/**
 * Recordings of real programs on loopback, and their replays: the same protocol code is told the same things at the
 * same virtual times, and so sends the same bytes.
 */
import { createSocket } from 'node:dgram'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTLS } from 'node:tls'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import { createReactor } from '../../../bindings/node/index.js'
import type { Reactor } from '../../../bindings/node/index.js'
import { recordTo, Replay } from '../../../bindings/node/record.js'
import { Deferred, inlineCallbacks } from '../../../src/defer/index.js'
import type { Failure } from '../../../src/defer/index.js'
import { clientFromString } from '../../../src/endpoints/index.js'
import { RecordingError, ReplayDivergence } from '../../../src/errors/index.js'
import { Site } from '../../../src/http/index.js'
import type { IProtocol, ITLSTransport, TLSIdentity, UDPAddress } from '../../../src/interfaces/index.js'
import { DatagramProtocol } from '../../../src/protocols/datagram-protocol.js'
import {
  BufferedProtocol, ClientFactory as TestClient, Factory, LineReceiver, Protocol,
} from '../../../src/protocols/index.js'
import { TimeoutMixin } from '../../../src/protocols/policies/index.js'
import { ClientService } from '../../../src/services/index.js'
import { Recording } from '../../../src/testing/record/index.js'
import { ask } from './http-lab.js'
import { LOOPBACK, portOf, rawPeer, Recorder } from './helpers.js'
import { record, replay } from './record-lab.js'
import { identity as identityOf } from './tls-helpers.js'

/** Answers lines, after a while if asked to; a client that is silent after it was told to hurry is dropped. */
function lineServer(patience = 50) {
  return (reactor: Reactor, say: (text: string) => void) => {
    class Answering extends TimeoutMixin(LineReceiver) {
      override clock = reactor

      override lineReceived(text: string): void {
        say(text)
        this.resetTimeout()
        if (text === 'hurry') this.setTimeout(patience)
        else if (text === 'time') this.sendLine(`${reactor.now()} ${reactor.wallClock()}`)
        else if (text === 'token') this.sendLine([...reactor.entropy(8)].join('-'))
        else if (text === 'later') reactor.callLater(20, () => this.sendLine(`later, at ${reactor.now()}`))
        else if (text === 'await') void this.#soon()
        else this.sendLine(text.toUpperCase())
      }

      override timeoutConnection(): void {
        this.sendLine('too slow')
        super.timeoutConnection()
      }

      async #soon(): Promise<void> {
        for (let i = 0; i < 30; i++) await undefined
        this.sendLine('awaited')
        await reactor.deferLater(1)
        this.sendLine('and again')
      }
    }
    return reactor.listenTCP(0, Factory.forProtocol(Answering), LOOPBACK)
  }
}

async function until(is: () => boolean): Promise<void> {
  while (!is()) await new Promise((resolve) => setImmediate(resolve))
}

describe('a recorded line server', () => {
  const talk = async (port: number): Promise<string> => {
    const peer = await rawPeer(port)
    const say = async (text: string, answer: string): Promise<void> => {
      peer.socket.write(text)
      await until(() => peer.received().includes(answer) || peer.socket.destroyed)
    }
    await say('hello\r\nwor', 'HELLO')
    await say('ld\r\ntime\r\ntoken\r\n', '-')
    await say('later\r\n', 'later, at')
    await say('await\r\n', 'and again')
    peer.socket.write('hurry\r\n')
    await peer.ended
    peer.socket.destroy()
    return peer.received()
  }

  it('sends the same in a replay, byte for byte, and says the same', async () => {
    const received: string[] = []
    const recorded = await record(lineServer(), async (port) => {
      await port.ready
      received.push(...await Promise.all([talk(portOf(port)), talk(portOf(port))]))
    })
    const replayed = await replay(lineServer(), recorded)
    expect([...replayed.output].sort()).toEqual(received.sort())
    expect(replayed.said).toEqual(recorded.said)
    expect(replayed.report.divergences).toEqual([])
    expect(received[0]).toMatch(/^HELLO\r\nWORLD\r\n[\d.]+ \d+\r\n(\d+-){7}\d+\r\nlater/)
    expect(received[0]).toMatch(/awaited\r\nand again\r\ntoo slow\r\n$/)
    // Without Node's way to wait for promise jobs, and in other blocks.
    const whole = { ...recorded, blocks: [Buffer.concat(recorded.blocks)] }
    expect((await replay(lineServer(), whole, { settle: undefined })).output).toEqual(replayed.output)
  })

  it('that is another program now is told where it differs', async () => {
    const recorded = await record(lineServer(), async (port) => talk(portOf(await port.ready)))
    const differ = async (program: Parameters<typeof replay>[0]): Promise<ReplayDivergence> => {
      const reason = await replay(program, recorded).catch((error: unknown) => error)
      expect(reason).toBeInstanceOf(ReplayDivergence)
      return reason as ReplayDivergence
    }
    const slower = await differ(lineServer(49))
    expect(slower.message)
      .toMatch(/^Record \d+, at [\d.]+ ms: expected a timer of [\d.]+ ms, got a timer of [\d.]+ ms\.$/)
    const elsewhere = await differ((reactor) => reactor.listenTCP(1234, Factory.forProtocol(Recorder), LOOPBACK))
    expect(elsewhere).toMatchObject({ record: 1, expected: expect.stringMatching(/^listenTCP\(.*port: 0/) as string })
    expect(elsewhere.got).toMatch(/^listenTCP\(.*port: 1234/)
    expect(await differ(() => undefined)).toMatchObject({ record: 1, got: 'nothing' })
  })
})

describe('a replay of a program that was changed', () => {
  /** Answers each line with what `answer` makes of it. */
  const answering = (answer: (text: string) => string) => (reactor: Reactor, say: (text: string) => void) => {
    class Answering extends LineReceiver {
      override lineReceived(text: string): void {
        say(text)
        this.sendLine(answer(text))
      }
    }
    return reactor.listenTCP(0, Factory.forProtocol(Answering), LOOPBACK)
  }
  const drive = async (port: number): Promise<void> => {
    const peer = await rawPeer(port)
    for (const text of ['one', 'two', 'three']) {
      const before = peer.received().length
      peer.socket.write(`${text}\r\n`)
      await until(() => peer.received().length > before)
    }
    peer.socket.destroy()
  }
  const fixed = answering((text) => text === 'two' ? '2!' : text)

  it.each([true, false])('says which bytes are others, with the output recorded: %s', async (output) => {
    const same = answering((text) => text)
    const recorded = await record(same, async (port) => drive(portOf(await port.ready)), { output })
    const reason = await replay(fixed, recorded).catch((error: unknown) => error as ReplayDivergence)
    expect(reason).toBeInstanceOf(ReplayDivergence)
    const { expected, got, record: number } = reason as ReplayDivergence
    expect(expected).toContain(output ? 'sends 5 bytes "two\\r\\n"' : 'sends 5 bytes')
    expect(got).toMatch(/^#\d+ sends 4 bytes "2!\\r\\n"/)
    if (output) expect(got).toContain('byte 0 is the first to differ')
    const lines = [...new Recording(recorded.blocks).lines()]
    expect(lines[number - 1]).toContain(expected)
  })

  it('goes on if it is asked to, and tells of everything that differs', async () => {
    const recorded = await record(answering((text) => text), async (port) => drive(portOf(await port.ready)))
    const { report, output, said } = await replay(fixed, recorded, { goOn: true })
    expect(report.divergences).toHaveLength(1)
    expect(said).toEqual(['one', 'two', 'three'])
    expect(output).toEqual(['one\r\n2!\r\nthree\r\n'])
  })

  it('gives what the recording knows nothing of its turns and timers', async () => {
    const recorded = await record(answering((text) => text), async (port) => drive(portOf(await port.ready)))
    const late = (reactor: Reactor, say: (text: string) => void) => {
      class Late extends LineReceiver {
        override lineReceived(text: string): void {
          say(text)
          if (text === 'one') reactor.callLater(0, () => this.sendLine('late'))
        }
      }
      return reactor.listenTCP(0, Factory.forProtocol(Late), LOOPBACK)
    }
    const { report, output, said } = await replay(late, recorded, { goOn: true })
    expect(report.divergences.length).toBeGreaterThan(0)
    expect(said).toEqual(['one', 'two', 'three'])
    expect(output).toEqual(['late\r\n'])
  })
})

describe('other recorded programs', () => {
  it('an HTTP site', async () => {
    const program = (reactor: Reactor, say: (text: string) => void) => {
      const site = new Site(async (request) => {
        say(`${request.method} ${request.target}`)
        await reactor.deferLater(2)
        return { status: 200, headers: { 'x-token': [...reactor.entropy(4)].join('.') }, body: `at ${reactor.now()}` }
      }, { reactor })
      return reactor.listenTCP(0, site, LOOPBACK)
    }
    const bodies: string[] = []
    const recorded = await record(program, async (listening) => {
      const port = portOf(await listening.ready)
      for (const path of ['/one', '/two']) bodies.push((await ask(port, path)).text)
      bodies.push((await ask(port, '/three', { method: 'POST' }, 'x'.repeat(100_000))).text)
    }, { blockSize: 1_024 })
    const replayed = await replay(program, recorded)
    expect(replayed.said).toEqual(recorded.said)
    expect(replayed.output.map((text) => /\r\n\r\n(?:\w+\r\n)?([^\r]*)/.exec(text)?.[1])).toEqual(bodies)
    expect(replayed.output[0]).toMatch(/date: /i)
  })

  it('an echo of megabytes to a peer that reads slowly, with a producer that is held back', async () => {
    let isPaused = false
    const program = (reactor: Reactor, say: (text: string) => void) => {
      class Echo extends Protocol {
        override connectionMade(): void {
          this.transport.registerProducer({
            pauseProducing: () => {
              isPaused = true
              say('pause')
              this.transport.pauseProducing()
            },
            resumeProducing: () => {
              say('resume')
              this.transport.resumeProducing()
            },
            stopProducing: () => say('stop'),
          }, true)
        }
        override dataReceived(data: Uint8Array): void {
          this.transport.write(data)
        }
        override connectionLost(reason: Failure): void {
          say(reason.value.name)
        }
      }
      return reactor.listenTCP(0, Factory.forProtocol(Echo), LOOPBACK)
    }
    const piece = Buffer.alloc(1_000_000, 'abcdefg')
    let sent = 0
    const recorded = await record(program, async (port) => {
      const socket = connect(portOf(await port.ready), '127.0.0.1')
      socket.pause()
      // However much the kernel takes, it is full at some time, since nobody reads.
      while (!isPaused) {
        sent += piece.length
        socket.write(piece)
        await new Promise((resolve) => setImmediate(resolve))
      }
      let received = 0
      socket.on('data', (data) => {
        received += data.length
        if (received === sent) socket.end()
      })
      socket.resume()
      await new Promise((resolve) => socket.once('close', resolve))
    }, { blockSize: 100_000 })
    expect(recorded.said).toContain('resume')
    const replayed = await replay(program, recorded)
    expect(replayed.said).toEqual(recorded.said)
    expect(replayed.output[0] === piece.toString().repeat(sent / piece.length)).toBe(true)
  })

  it('a client that connects again and again', async () => {
    const program = (port: number) => (reactor: Reactor, say: (text: string) => void) => {
      class Asking extends LineReceiver {
        override connectionMade(): void {
          this.sendLine(`hello at ${reactor.now()}`)
        }
        override lineReceived(text: string): void {
          say(text)
        }
      }
      const service = new ClientService(
        clientFromString(reactor, `tcp:127.0.0.1:${port}`), Factory.forProtocol(Asking),
        { clock: reactor, retryPolicy: (failures) => {
          failed = failures
          return 5 * failures
        } })
      service.startService()
      service.whenConnected().addCallback(() => say('connected'))
      return service
    }
    let hellos = ''
    let failed = 0
    const server = createServer((socket: Socket) => {
      socket.on('data', (data) => {
        hellos += String(data)
        socket.end('bye\r\n')
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    const recorded = await record(program(port), async () => {
      await until(() => hellos.split('hello').length > 3)
      server.close()
      await new Promise((resolve) => server.once('close', resolve))
      // Some attempts that are refused, one after the other; the first of them may count the last loss.
      await until(() => failed > 2)
    })
    const replayed = await replay(program(port), recorded)
    expect(replayed.said).toEqual(recorded.said)
    expect(replayed.said.length).toBeGreaterThan(3)
    expect(replayed.output.join('').startsWith(hellos)).toBe(true)
    expect([...new Recording(recorded.blocks).lines()].join('\n'))
      .toMatch(/is told: failed\(Error\("connect ECONNREFUSED/)
  })

  it('datagrams, and names', async () => {
    const program = (reactor: Reactor, say: (text: string) => void) => {
      class Echo extends DatagramProtocol {
        override datagramReceived(data: Uint8Array, address: UDPAddress): void {
          say(`${new TextDecoder().decode(data)} at ${reactor.now()}`)
          this.transport.write(data, address)
        }
      }
      reactor.nameResolver.resolve('localhost', { family: 4 }).addCallback((found) => say(JSON.stringify(found)))
      reactor.nameResolver.resolve('no.such.name.invalid').addErrback((failure) => say(failure.value.name))
      return reactor.listenUDP(0, new Echo(), LOOPBACK)
    }
    const recorded = await record(program, async (port) => {
      await port.ready
      const socket = createSocket('udp4')
      const answers: string[] = []
      socket.on('message', (data) => void answers.push(String(data)))
      while (answers.length < 3) {
        socket.send('hello', port.getHost().port, '127.0.0.1')
        await new Promise((resolve) => setTimeout(resolve, 2))
      }
      await new Promise<void>((resolve) => socket.close(() => resolve()))
    })
    expect(recorded.said.length).toBeGreaterThan(2)
    expect((await replay(program, recorded)).said).toEqual(recorded.said)
  })

  it('a process and its pipes', async () => {
    const program = (reactor: Reactor, say: (text: string) => void) => {
      const lost = new Promise<void>((resolve) => {
        const talk = inlineCallbacks(function* () {
          say('begun')
          yield reactor.deferLater(0)
        })
        talk()
        const connector = reactor.connectProcess('/bin/cat', [], new class extends TestClient {
          override buildProtocol(): IProtocol {
            return new class extends LineReceiver {
              override connectionMade(): void {
                this.sendLine('to the cat')
              }
              override lineReceived(text: string): void {
                say(text)
                this.transport.loseConnection()
              }
              override connectionLost(reason: Failure): void {
                say(reason.value.name)
                resolve()
              }
            }()
          }
        }())
        say(connector.constructor.name)
      })
      return lost
    }
    const recorded = await record(program, (lost) => lost)
    expect(recorded.said).toContain('to the cat')
    expect((await replay(program, recorded)).said).toEqual(recorded.said)
  })

  it('TLS, in plain: keys are not looked at again', async () => {
    const program = (identity: TLSIdentity) => (reactor: Reactor, say: (text: string) => void) => {
      class Answering extends LineReceiver {
        handshakeCompleted(): void {
          say(`${String((this.transport as unknown as ITLSTransport).tlsSession?.version)}`)
        }
        override lineReceived(text: string): void {
          say(text)
          this.sendLine(text.toUpperCase())
          this.transport.loseConnection()
        }
      }
      return reactor.listenSSL(0, Factory.forProtocol(Answering), { identity }, LOOPBACK)
    }
    const recorded = await record(program(identityOf('localhost')), async (port) => {
      const socket = connectTLS({ port: portOf(await port.ready), host: '127.0.0.1', rejectUnauthorized: false })
      let answer = ''
      socket.on('data', (data: Buffer) => (answer += String(data)))
      socket.write('in secret\r\n')
      await new Promise((resolve) => socket.once('close', resolve))
      expect(answer).toBe('IN SECRET\r\n')
    })
    const replayed = await replay(program({ cert: 'none', key: 'none' }), recorded)
    expect(replayed.said).toEqual(recorded.said)
    expect(replayed.said).toEqual(['TLSv1.3', 'in secret'])
    expect(replayed.output.join('')).toBe('IN SECRET\r\n')
    expect(String(Buffer.concat(recorded.blocks))).not.toContain('PRIVATE KEY')
  })

  it('a UNIX socket, arrays that are lent, a file, and what it compresses', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'whorl-record-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const file = join(folder, 'page.txt')
    writeFileSync(file, 'from the file')
    let through = 0
    const program = (reactor: Reactor, say: (text: string) => void) => {
      class Lending extends BufferedProtocol {
        readonly #room = new Uint8Array(16)
        override getBuffer(): Uint8Array {
          return this.#room
        }
        override bufferUpdated(length: number): void {
          say(`${length} bytes`)
          reactor.readFile(file).addCallback((bytes) => {
            this.transport.write(bytes)
            this.transport.loseConnection()
          })
        }
      }
      const codec = reactor.compression().compressor('gzip', {}, {
        output: (bytes) => say(`packed ${bytes.length}`), taken: () => codec.end(), failed: () => say('failed'),
        ended: () => {
          say('all packed')
          through += 1
        },
      })
      codec.write(new Uint8Array(1000))
      reactor.openFile(file).addCallback((opened) => opened.read(0, 4).addCallback((bytes) => {
        say(new TextDecoder().decode(bytes))
        through += 1
        return opened.close()
      }))
      return reactor.listenUNIX(join(folder, 'socket'), Factory.forProtocol(Lending))
    }
    const answers: string[] = []
    const recorded = await record(program, async (port) => {
      await port.ready
      for (const text of ['x'.repeat(10), 'y'.repeat(100)]) {
        const socket = connect(join(folder, 'socket'))
        socket.write(text)
        socket.on('data', (data) => void answers.push(String(data)))
        await new Promise((resolve) => socket.once('close', resolve))
      }
      await until(() => through === 2)
    })
    writeFileSync(file, 'something else')
    const replayed = await replay(program, recorded)
    expect(replayed.said).toEqual(recorded.said)
    expect(replayed.said).toContain('from')
    expect(replayed.said).toContain('all packed')
    expect(replayed.output).toEqual(answers)
    expect(answers.join()).toContain('from the file')
  })

  it('that uses threads ends its replay there', async () => {
    const program = (reactor: Reactor, say: (text: string) => void) => {
      reactor.callLater(1, () => {
        say('before')
        reactor.getThreadPool()
        say('after')
      })
      return reactor
    }
    const recorded = await record(program, async (reactor) => {
      await new Promise((resolve) => reactor.callLater(5, () => resolve(undefined)))
    })
    await expect(replay(program, recorded)).rejects.toThrow(/not recorded: threads/)
  })
})

describe('a recording', () => {
  const folder = mkdtempSync(join(tmpdir(), 'whorl-record-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const program = (reactor: Reactor, say: (text: string) => void) => {
    const done = new Deferred<void>()
    const tick = (n: number): void => {
      say(`${n} at ${reactor.now()}`)
      if (n < 5) reactor.callLater(1, tick, n + 1)
      else reactor.callLater(1, () => done.callback(undefined))
    }
    reactor.callLater(1, tick, 1)
    return done
  }

  it('goes to a file, nobody else may read it, and is replayed from there', async () => {
    const path = join(folder, 'ticks.wrec')
    const recording = recordTo(path)
    const reactor = createReactor({ installSignalHandlers: false, record: recording })
    const said: string[] = []
    await program(reactor, (text) => said.push(text))
    reactor.free()
    expect(() => createReactor({ record: recording })).toThrow(TypeError)
    recording.stop()
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(statSync(path).size).toBe(recording.length)
    const played = new Replay(path)
    const again: string[] = []
    program(played.reactor, (text) => again.push(text))
    const { divergences, time } = await played.run()
    expect(again).toEqual(said)
    expect(divergences).toEqual([])
    expect(time).toBeGreaterThan(played.recording.start)
    expect(played.recording.host).toBe('node')
  })

  it('that is cut off anywhere has what is whole, and says where it ends', async () => {
    // So much that it is several blocks.
    const long: typeof program = (reactor, say) => program(reactor, (text) => {
      reactor.entropy(700)
      say(text)
    })
    const recorded = await record(long, (done) => done, { blockSize: 1_024 })
    const whole = Buffer.concat(recorded.blocks)
    const ends = recorded.blocks.map((_, at) => Buffer.concat(recorded.blocks.slice(0, at + 1)).length)
    expect(ends.length).toBeGreaterThan(1)
    const lines = [...new Recording(whole).lines()]
    expect(lines.at(-1)).toMatch(/the end of the recording$/)
    let longest = 0
    for (let length = 0; length < whole.length; length++) {
      const got: string[] = []
      let error: unknown = null
      try {
        for (const line of new Recording(new Uint8Array(whole.subarray(0, length))).lines()) got.push(line)
      } catch (thrown) {
        error = thrown
      }
      if (ends.includes(length)) expect(error).toBe(null)
      else expect(error).toMatchObject({ name: 'RecordingError', position: length })
      expect(got).toEqual(lines.slice(0, got.length))
      expect(got.length).toBeGreaterThanOrEqual(longest)
      longest = got.length
    }
    expect(longest).toBeGreaterThan(0)
    const { said } = await replay(long, { ...recorded, blocks: recorded.blocks.slice(0, -1) })
    expect(said).toEqual(recorded.said.slice(0, said.length))
    expect(said.length).toBeGreaterThan(0)
  })

  it('leaves out what would compress at once and be in no record', async () => {
    const offered = (reactor: Reactor): boolean => reactor.compression().compressShort !== undefined ||
      reactor.compression().decompressShort !== undefined
    expect(offered(createReactor({ installSignalHandlers: false }))).toBe(true)
    const program = (reactor: Reactor, say: (text: string) => void) => say(String(offered(reactor)))
    const recorded = await record(program, () => undefined)
    expect(recorded.said).toEqual(['false'])
    expect((await replay(program, recorded)).said).toEqual(recorded.said)
  })

  it('whose sink fails ends, and the program goes on', async () => {
    const errors: unknown[] = []
    let blocks = 0
    const recording = recordTo(() => {
      if (++blocks > 1) throw new Error('the disk is full')
    }, { blockSize: 1024, failed: (error) => void errors.push(error) })
    const reactor = createReactor({ installSignalHandlers: false, record: recording })
    for (let i = 0; i < 1000; i++) reactor.now()
    reactor.entropy(5000)
    expect(await reactor.deferLater(1, () => 'still here')).toBe('still here')
    expect(errors).toEqual([new Error('the disk is full')])
    expect(blocks).toBe(2)
    recording.stop()
  })

  it('is none, of another version, or damaged', () => {
    expect(() => new Recording(new Uint8Array([1, 2, 3]))).toThrow(RecordingError)
    expect(() => new Recording(new Uint8Array([0x57, 0x52, 0x45, 0x43, 99]))).toThrow(/version 99/)
    expect(() => recordTo(undefined as never)).toThrow(TypeError)
    expect(() => createReactor({ record: recordTo(() => undefined, { blockSize: 10 }) })).toThrow(RangeError)
  })
})
