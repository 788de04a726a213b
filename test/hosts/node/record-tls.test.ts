/**
 * Recordings of TLS that begins in the middle of a connection, also in the middle of a chunk; and what a recording says
 * at once of that which no replay can do again.
 */
import { connect } from 'node:net'
import { Duplex } from 'node:stream'
import { connect as connectTLS } from 'node:tls'
import { describe, expect, it } from 'vitest'
import type { Reactor } from '../../../bindings/node/index.js'
import { NotReplayable } from '../../../src/errors/index.js'
import type { ITLSTransport } from '../../../src/interfaces/index.js'
import { logPublisher } from '../../../src/logger/index.js'
import type { LogEvent } from '../../../src/logger/index.js'
import { Factory, LineReceiver, Protocol } from '../../../src/protocols/index.js'
import { Recording } from '../../../src/testing/record/index.js'
import { TLSWrap } from '../../../src/transports/tls-over-transport.js'
import { LOOPBACK, portOf } from './helpers.js'
import { record, replay } from './record-lab.js'
import { identity } from './tls-helpers.js'

/** Says `ready` and begins TLS at the first line; what comes behind it in the same chunk is the handshake's. */
function upgrading(reactor: Reactor, say: (text: string) => void) {
  class Upgrading extends Protocol {
    #isSecure = false

    override dataReceived(data: Uint8Array): void {
      const text = new TextDecoder('latin1').decode(data)
      if (this.#isSecure) {
        say(`in secret: ${text.trim()}`)
        this.transport.write(text.toUpperCase())
        if (text.includes('bye')) this.transport.loseConnection()
        return
      }
      const end = text.indexOf('\n') + 1
      say(`${text.slice(0, end).trim()}, and ${end < data.length ? 'more' : 'nothing'}`)
      if (end === data.length) this.transport.write('ready\n')
      this.#isSecure = true
      const { transport } = this as unknown as { transport: ITLSTransport }
      const begin = transport.startTLS.bind(transport) as (tls: object, early: Uint8Array) => void
      begin({ identity: identity('localhost') }, data.subarray(end))
    }

    handshakeCompleted(): void {
      say('secure')
    }

    override connectionLost(): void {
      say('lost')
    }
  }
  return reactor.listenTCP(0, Factory.forProtocol(Upgrading), LOOPBACK)
}

/** Talks to it: a client whose first bytes stand in one piece with the line before them, or not. */
async function talk(port: number, isEarly: boolean): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  await new Promise((resolve) => socket.once('connect', resolve))
  let first = isEarly ? 'upgrade\n' : ''
  if (!isEarly) {
    socket.write('upgrade\n')
    await new Promise((resolve) => socket.once('data', resolve))
  }
  const carrier = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _encoding, done) => {
      socket.write(Buffer.concat([Buffer.from(first), chunk]), () => done())
      first = ''
    },
  })
  socket.on('data', (data) => carrier.push(data))
  socket.on('end', () => carrier.push(null))
  const secure = connectTLS({ socket: carrier, rejectUnauthorized: false })
  let answer = ''
  secure.on('data', (data: Buffer) => {
    answer += String(data)
    if (answer === 'HELLO\n') secure.write('bye\n')
  })
  secure.write('hello\n')
  await new Promise((resolve) => socket.once('close', resolve))
  return answer
}

describe('a recording of TLS', () => {
  it.each([false, true])('that begins later is replayed, with the handshake in the same chunk: %s', async (isEarly) => {
    const recorded = await record(upgrading, async (port) => {
      expect(await talk(portOf(await port.ready), isEarly)).toBe('HELLO\nBYE\n')
    })
    expect(recorded.said).toEqual([
      `upgrade, and ${isEarly ? 'more' : 'nothing'}`, 'secure', 'in secret: hello', 'in secret: bye', 'lost',
    ])
    const { said, output, report } = await replay(upgrading, recorded)
    expect(said).toEqual(recorded.said)
    expect(output.join('')).toBe(`${isEarly ? '' : 'ready\n'}HELLO\nBYE\n`)
    expect(report).toMatchObject({ divergences: [], isWhole: true })
  })

  it('over what is no connection of the host says at once that it ends a replay, and so does the replay', async () => {
    const program = (reactor: Reactor, say: (text: string) => void) => {
      const secured = (): LineReceiver => new class extends LineReceiver {
        override lineReceived(text: string): void {
          say(text)
          this.sendLine(text.toUpperCase())
          this.transport.loseConnection()
        }
      }()
      const factory = new Factory()
      factory.buildProtocol = () => new TLSWrap(reactor, { identity: identity('localhost') }, { secured })
      return reactor.listenTCP(0, factory, LOOPBACK)
    }
    const told: unknown[] = []
    let toldBefore = -1
    const recorded = await record(program, async (port) => {
      const socket = connectTLS({ port: portOf(await port.ready), host: '127.0.0.1', rejectUnauthorized: false })
      await new Promise((resolve) => socket.once('secureConnect', resolve))
      toldBefore = told.length
      let answer = ''
      socket.on('data', (data: Buffer) => (answer += String(data)))
      socket.write('hello\r\n')
      await new Promise((resolve) => socket.once('close', resolve))
      // The program went on as before.
      expect(answer).toBe('HELLO\r\n')
    }, { failed: (error) => void told.push(error) })
    expect(toldBefore).toBe(1)
    expect(told).toHaveLength(1)
    expect(told[0]).toBeInstanceOf(NotReplayable)
    expect(told[0]).toMatchObject({ what: 'TLS over something that is no connection of the host' })
    const reason = await replay(program, recorded).catch((error: unknown) => error)
    expect(reason).toBeInstanceOf(NotReplayable)
    expect((reason as Error).message).toBe((told[0] as Error).message)
    // All of it can still be read.
    expect([...new Recording(recorded.blocks).lines()].at(-1)).toMatch(/the end of the recording$/)
  })

  it('warns in the log where nobody else asked to be told, once', async () => {
    const events: LogEvent[] = []
    const observer = (event: LogEvent): void => void events.push(event)
    logPublisher.addObserver(observer)
    const program = (reactor: Reactor) => {
      reactor.getThreadPool()
      reactor.getThreadPool()
      return reactor
    }
    const recorded = await record(program, () => undefined)
    logPublisher.removeObserver(observer)
    expect(events.filter(({ message }) => /not recorded: threads/.test(message))).toHaveLength(1)
    await expect(replay(program, recorded)).rejects.toThrow(NotReplayable)
    await expect(replay(program, recorded, { goOn: true })).rejects.toThrow(NotReplayable)
  })
})
