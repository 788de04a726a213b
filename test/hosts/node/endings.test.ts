/** Every way a connection can end reaches connectionLost exactly once, on both sides, under load. */
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import type { Reactor } from '../../../bindings/node/index.js'
import type { Failure } from '../../../src/defer/index.js'
import type { IDelayedCall } from '../../../src/interfaces/index.js'
import { logged } from '../../unit/reactor/log.js'
import { later, listen, portOf, reactors, Recorder, stopped, TestFactory } from './helpers.js'
import { checkNothingLeft } from './left-behind.js'

checkNothingLeft()
const newReactor = reactors(afterEach)

interface Ending {
  name: string
  /** Reasons that the protocol may be told. */
  reasons: string[]
  /** What the protocol does. */
  protocol?: (reactor: Reactor) => Recorder
  /** What the peer does once connected. */
  peer?: (socket: Socket) => void
}

class Silent extends Recorder {}

const ENDINGS: Ending[] = [
  { name: 'the peer ends', reasons: ['ConnectionDone'], peer: (socket) => socket.end('bye') },
  { name: 'the peer destroys', reasons: ['ConnectionDone', 'ConnectionLost'], peer: (socket) => socket.destroy() },
  { name: 'the peer resets', reasons: ['ConnectionLost'], peer: (socket) => socket.resetAndDestroy() },
  {
    name: 'the peer resets while output is pending',
    reasons: ['ConnectionLost', 'ConnectionDone'],
    protocol: () => new (class extends Silent {
      override connectionMade(): void {
        this.transport.write(new Uint8Array(1 << 20))
      }
    })(),
    peer: (socket) => setImmediate(() => socket.resetAndDestroy()),
  },
  {
    name: 'loseConnection when made',
    reasons: ['ConnectionDone'],
    protocol: () => new (class extends Silent {
      override connectionMade(): void {
        this.transport.write('bye')
        this.transport.loseConnection()
      }
    })(),
  },
  {
    name: 'abortConnection when made',
    reasons: ['ConnectionAborted'],
    protocol: () => new (class extends Silent {
      override connectionMade(): void {
        this.transport.abortConnection()
      }
    })(),
  },
  {
    name: 'an error in connectionMade',
    reasons: ['RangeError'],
    protocol: () => new (class extends Silent {
      override connectionMade(): void {
        throw new RangeError('made')
      }
    })(),
  },
  {
    name: 'an error in dataReceived',
    reasons: ['RangeError'],
    protocol: () => new (class extends Silent {
      override dataReceived(): void {
        throw new RangeError('received')
      }
    })(),
    peer: (socket) => socket.write('x'),
  },
  {
    name: 'an error in connectionLost',
    reasons: ['ConnectionDone'],
    protocol: () => new (class extends Silent {
      override connectionLost(reason: Failure): void {
        super.connectionLost(reason)
        throw new RangeError('lost')
      }
    })(),
    peer: (socket) => socket.end(),
  },
  {
    name: 'everything at once',
    reasons: ['ConnectionAborted'],
    protocol: () => new (class extends Silent {
      override dataReceived(): void {
        this.transport.write('x')
        this.transport.loseConnection()
        this.transport.loseWriteConnection()
        this.transport.abortConnection()
        this.transport.loseConnection()
        throw new RangeError('too')
      }
    })(),
    peer: (socket) => socket.end('x'),
  },
  {
    name: 'closing both ways at the same time',
    reasons: ['ConnectionDone'],
    protocol: () => new (class extends Silent {
      override dataReceived(): void {
        this.transport.loseConnection()
      }
    })(),
    peer: (socket) => socket.end('x'),
  },
  {
    name: 'a timeout of the protocol',
    reasons: ['ConnectionDone'],
    protocol: (reactor) => new (class extends Silent {
      timer: IDelayedCall | null = null
      override connectionMade(): void {
        this.timer = reactor.callLater(5, () => this.transport.loseConnection())
      }
    })(),
  },
]

const EACH = 25

describe('every way a connection can end', () => {
  it.each(ENDINGS)('$name: connectionLost exactly once, with the right reason', async ({ reasons, protocol, peer }) => {
    const reactor = newReactor()
    const all = later()
    let left = EACH
    const factory = new TestFactory<Recorder>(() => {
      const made = protocol?.(reactor) ?? new Silent()
      void made.lost.then(() => --left === 0 && all.resolve())
      return made
    })
    await logged(async () => {
      const port = portOf(await listen(reactor, factory))
      for (let i = 0; i < EACH; i++) {
        const socket = connect({ port, host: '127.0.0.1' }, () => peer?.(socket))
        socket.on('error', () => undefined)
        socket.resume()
      }
      await all.promise
      // Whole rounds of the loop, in which a second call would come.
      for (let round = 0; round < 5; round++) await new Promise((resolve) => setImmediate(resolve))
    })
    expect(factory.built.map((made) => made.reasons.length)).toEqual(Array(EACH).fill(1))
    for (const made of factory.built) expect(reasons).toContain(made.reasons[0].value.name)
    expect(reactor.openTransports()).toEqual([])
  })

  it('reactor stop: every connection of both sides ends once, stuck ones are aborted in bounded time', async () => {
    const reactor = newReactor()
    void reactor.run()
    const servers = new TestFactory(() => new Silent())
    const clients = new TestFactory(() => new Silent())
    const port = portOf(await listen(reactor, servers))
    for (let i = 0; i < EACH; i++) reactor.connectTCP('127.0.0.1', port, clients)
    while (clients.built.length < EACH || servers.built.length < EACH) {
      await new Promise((resolve) => setImmediate(resolve))
    }
    // One that will not take what is written to it.
    clients.built[0].transport.pauseProducing()
    clients.built[0].transport.write(new Uint8Array(32 << 20))
    servers.built.forEach((server) => server.transport.pauseProducing())
    await stopped(reactor)
    const lost = [...servers.built, ...clients.built].map((protocol) => protocol.reasons.length)
    expect(lost).toEqual(Array(2 * EACH).fill(1))
    expect(reactor.openTransports()).toEqual([])
    expect(servers.events.at(-1)).toBe('stop')
    expect(clients.events.at(-1)).toBe('stop')
  })

  it('reactor stop gives up attempts, and its factory hears of it', async () => {
    const reactor = newReactor()
    void reactor.run()
    const factory = new TestFactory()
    reactor.connectTCP('127.0.0.1', portOf(await listen(reactor, new TestFactory())), factory)
    await stopped(reactor)
    expect(factory.events[2]).toMatch(/^(failed UserError|lost ConnectionDone)$/)
    expect(factory.events.at(-1)).toBe('stop')
  })
})
