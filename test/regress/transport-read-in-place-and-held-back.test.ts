/**
 * A protocol with arrays of its own got bytes that it did not want any more: what did not fit into one of its arrays was
 * handed out to the end, though it had paused, aborted or given the connection away meanwhile; an array that a former
 * protocol had lent was told to the new one as filled; and the end could overtake the bytes that a change of protocol
 * had held back.
 */
import { afterEach, describe, expect, it } from 'vitest'
import type { Failure } from '../../src/defer/index.js'
import { connections } from '../../src/transports/index.js'
import type { StreamTransport } from '../../src/transports/index.js'
import { BufferedProtocol, Protocol } from '../../src/protocols/protocol.js'
import { checkNothingLeft } from '../hosts/node/left-behind.js'
import { later, pair, reactors, Recorder } from '../hosts/node/helpers.js'
import { SecureRecorder, securePair } from '../hosts/node/tls-helpers.js'

checkNothingLeft()
const newReactor = reactors(afterEach)
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

class Rooms extends BufferedProtocol {
  readonly #room = new Uint8Array(64)
  text = ''
  calls = 0
  wrong = 0
  isPaused = false
  readonly end = later<Failure>()
  /** What to do after each piece. */
  after: (self: Rooms) => void = () => undefined
  #wanted: { length: number, resolve: () => void }[] = []

  has(length: number): Promise<void> {
    const { promise, resolve } = later()
    this.#wanted.push({ length, resolve })
    this.#look()
    return promise
  }

  override getBuffer(): Uint8Array {
    return this.#room
  }

  override bufferUpdated(length: number): void {
    this.calls += 1
    if (this.isPaused) this.wrong += 1
    this.text += new TextDecoder('latin1').decode(this.#room.subarray(0, length))
    this.after(this)
    this.#look()
  }

  override connectionLost(reason: Failure): void {
    this.end.resolve(reason)
  }

  #look(): void {
    for (const { length, resolve } of this.#wanted) if (this.text.length >= length) resolve()
  }
}

const stream = (protocol: Protocol): StreamTransport => protocol.transport as unknown as StreamTransport
const LETTERS = Array.from({ length: 1000 }, (_, i) => String.fromCharCode(97 + i % 26)).join('')

/** Pauses after each piece, and goes on in a later turn. */
function pausing(self: Rooms): void {
  self.isPaused = true
  stream(self).pauseProducing()
  setImmediate(() => {
    self.isPaused = false
    stream(self).resumeProducing()
  })
}

describe('a protocol with small arrays of its own', () => {
  it('gets nothing while it has paused, and nothing is lost or counted twice', async () => {
    const reactor = newReactor()
    const { client, server } = await pair<Rooms, Recorder>(reactor, () => new Rooms())
    server.after = pausing
    client.transport.write(LETTERS)
    await server.has(LETTERS.length)
    expect(server.text).toBe(LETTERS)
    expect(server.wrong).toBe(0)
    expect(server.calls).toBe(Math.ceil(LETTERS.length / 64))
    const [row] = [...connections(reactor)].filter(({ protocol }) => protocol === server)
    expect(row!.bytesIn).toBe(LETTERS.length)
  })

  it('the same over TLS, where a host goes on handing out what it has decrypted', async () => {
    const { client, server } = await securePair(newReactor(), { makeServer: () => new Rooms() as unknown as SecureRecorder })
    const rooms = server as unknown as Rooms
    rooms.after = pausing
    for (let i = 0; i < 20; i++) client.transport.write(LETTERS)
    await rooms.has(20 * LETTERS.length)
    expect(rooms.text).toBe(LETTERS.repeat(20))
    expect(rooms.wrong).toBe(0)
  })

  it('N04 gets nothing after abortConnection', async () => {
    const { client, server } = await pair<Rooms, Recorder>(newReactor(), () => new Rooms())
    server.after = (self) => stream(self).abortConnection()
    client.transport.write(LETTERS)
    expect((await server.end.promise).value.name).toBe('ConnectionAborted')
    expect(server.calls).toBe(1)
  })

  it('gets nothing after it gave the connection away: the rest is the new one\'s', async () => {
    const { client, server } = await pair<Rooms, Recorder>(newReactor(), () => new Rooms())
    const next = new Rooms()
    server.after = (self) => stream(self).switchProtocol(next)
    client.transport.write(LETTERS)
    await next.has(LETTERS.length - 64)
    expect(server.text + next.text).toBe(LETTERS)
    expect(server.calls).toBe(1)
  })

  it('what is read into an array that a former protocol has lent is the new one\'s', async () => {
    const { client, server } = await pair<Rooms, Recorder>(newReactor(), () => new Rooms())
    // From the second read on arrays are lent.
    client.transport.write('one')
    await server.has(3)
    client.transport.write('two')
    await server.has(6)
    const next = new Rooms()
    stream(server).switchProtocol(next)
    client.transport.write('three')
    await next.has(5)
    expect(next.text).toBe('three')
  })
})

describe('switchProtocol by one that pauses at once', () => {
  class Half extends Recorder {
    readonly ended = later()
    readConnectionLost(): void {
      this.ended.resolve()
    }
    writeConnectionLost(): void {}
  }

  class Pausing extends Recorder {
    override connectionMade(): void {
      stream(this).pauseProducing()
      super.connectionMade()
    }
  }

  it('the end that has come already comes behind the rest; bytes are counted once', async () => {
    const reactor = newReactor()
    const { client, server } = await pair<Half, Recorder>(reactor, () => new Half())
    client.transport.write('head|rest')
    client.transport.loseConnection()
    await server.ended.promise
    const next = new Pausing()
    const transport = stream(server)
    transport.switchProtocol(next, { rest: new TextEncoder().encode('rest') })
    for (let i = 0; i < 5; i++) await turn()
    expect(next.reasons).toHaveLength(0)
    transport.resumeProducing()
    expect((await next.lost).value.name).toBe('ConnectionDone')
    expect(next.received).toBe('rest')
    expect(transport.bytesIn).toBe('head|rest'.length)
  })
})
