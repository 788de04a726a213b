/** Transports as Node's streams and Web Streams, and streams as transports, over real sockets and pipes. */
import { createHash } from 'node:crypto'
import { connect } from 'node:net'
import { Duplex, Readable, Transform } from 'node:stream'
import { finished, pipeline } from 'node:stream/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { fromDuplex, toDuplex } from '../../../bindings/node/index.js'
import { fromDuplex as fromDuplexOn } from '../../../bindings/node/bridges.js'
import type { StreamTransport } from '../../../src/transports/index.js'
import { connections } from '../../../src/transports/index.js'
import { Protocol } from '../../../src/protocols/protocol.js'
import { later, listen, pair, portOf, rawPeer, reactors, Recorder, TestFactory } from './helpers.js'
import { checkNothingLeft } from './left-behind.js'

checkNothingLeft()
const newReactor = reactors(afterEach)

const transportOf = (protocol: Protocol): StreamTransport => protocol.transport as unknown as StreamTransport

/** Echoes, and lives on with one direction closed. */
class Echo extends Recorder {
  override dataReceived(data: Uint8Array): void {
    this.transport.write(data)
  }
  readConnectionLost(): void {
    this.transport.loseWriteConnection()
  }
  writeConnectionLost(): void {}
}

function megabytes(count: number): Uint8Array[] {
  const piece = (i: number): Uint8Array => Uint8Array.from({ length: 65_536 }, (_, j) => (i * 7 + j * 31) & 255)
  return Array.from({ length: count * 16 }, (_, i) => piece(i))
}

const digest = (chunks: Iterable<Uint8Array>): string => {
  const hash = createHash('sha256')
  for (const chunk of chunks) hash.update(chunk)
  return hash.digest('hex')
}

/** A pair of streams in which what one writes the other reads. */
function streams(): [Duplex, Duplex] {
  const [one, two] = [new End(), new End()]
  one.other = two
  two.other = one
  return [one, two]
}

class End extends Duplex {
  other!: End
  wanted: (() => void) | null = null

  override _read(): void {
    const { wanted } = this
    this.wanted = null
    wanted?.()
  }

  override _write(chunk: Uint8Array, _encoding: string, done: () => void): void {
    if (this.other.push(chunk)) done()
    else this.other.wanted = done
  }

  override _final(done: () => void): void {
    this.other.push(null)
    done()
  }
}

describe('toDuplex', () => {
  it('carries a pipeline through an echo server, both ends in order', async () => {
    const { client, server } = await pair(newReactor(), () => new Echo())
    const data = megabytes(4)
    const got: Uint8Array[] = []
    await pipeline(Readable.from(data), toDuplex(client.transport), async (source: AsyncIterable<Uint8Array>) => {
      for await (const chunk of source) got.push(chunk)
    })
    expect(digest(got)).toBe(digest(data))
    expect((await client.lost).value.name).toBe('ConnectionDone')
    expect((await server.lost).value.name).toBe('ConnectionDone')
    expect(client.bytes).toBe(0)
  })

  it('a stream that is not read slows the peer, and holds little', async () => {
    const reactor = newReactor()
    const { client, server } = await pair(reactor)
    const stream = toDuplex(client.transport)
    stream.read(0)
    let writable = true
    for (let round = 0; round < 200; round++) {
      if (writable) server.transport.write(new Uint8Array(262_144))
      writable = server.transport.writableLength < 1_048_576
      await new Promise((resolve) => setImmediate(resolve))
    }
    const rows = [...connections(reactor)]
    expect(rows.find((row) => row.protocol === server)!.waitingFor).toBe('peer')
    expect(rows.find((row) => row.protocol === client)!.waitingFor).toBe('resume')
    expect(stream.readableLength).toBeLessThan(1_048_576)
    stream.resume()
    server.transport.loseConnection()
    await finished(stream)
    await client.lost
  })

  it('writes to a peer that does not read wait', async () => {
    const { client, server } = await pair(newReactor())
    server.transport.pauseProducing()
    const stream = toDuplex(client.transport)
    let done = 0
    for (let i = 0; i < 64; i++) stream.write(new Uint8Array(1 << 20), () => (done += 1))
    for (let round = 0; round < 50; round++) await new Promise((resolve) => setImmediate(resolve))
    expect(done).toBeLessThan(64)
    server.transport.resumeProducing()
    stream.end()
    await client.lost
    expect([done, server.bytes]).toEqual([64, 64 << 20])
  })

  it('a reset is an error of the stream, and destroying the stream aborts the connection', async () => {
    const { client, server } = await pair(newReactor())
    const stream = toDuplex(client.transport)
    const failed = later<Error>()
    stream.on('error', failed.resolve)
    server.transport.abortConnection()
    expect((await failed.promise).name).toBe('ConnectionLost')
    expect((await client.lost).value.name).toBe('ConnectionLost')
    const other = await pair(newReactor())
    const dropped = toDuplex(other.client.transport)
    dropped.on('error', () => undefined)
    dropped.destroy(new Error('no more'))
    const reason = (await other.client.lost).value
    expect([reason.name, (reason.cause as Error).message]).toEqual(['ConnectionAborted', 'no more'])
    expect((await other.server.lost).value.name).toBe('ConnectionLost')
  })

  it('the end of the connection is the end of the stream', async () => {
    const { client, server } = await pair(newReactor())
    const stream = toDuplex(client.transport)
    server.transport.write('last words')
    server.transport.loseConnection()
    const text: string[] = []
    for await (const chunk of stream) text.push(String(chunk))
    expect(text.join('')).toBe('last words')
    await client.lost
  })

  it('may write on after the peer has closed its side, if it is to', async () => {
    class Half extends Recorder {
      readConnectionLost(): void {}
      writeConnectionLost(): void {}
    }
    const { client, server } = await pair(newReactor(), () => new Half())
    const stream = toDuplex(client.transport, { allowHalfOpen: true })
    server.transport.loseWriteConnection()
    stream.resume()
    await new Promise((resolve) => stream.once('end', resolve))
    stream.end('an answer all the same')
    await server.until('an answer all the same')
    await server.lost
    await client.lost
  })

  it('is refused for what is no connection, and when the bytes are taken', async () => {
    const { client } = await pair(newReactor())
    expect(() => toDuplex({} as never)).toThrow(TypeError)
    void transportOf(client).readable
    expect(() => toDuplex(client.transport)).toThrow('taken')
  })
})

describe('fromDuplex', () => {
  it('carries a protocol over any stream, and closes both ends', async () => {
    const reactor = newReactor()
    const [near, far] = streams()
    const echo = new Echo()
    fromDuplexOn(near, { reactor, protocol: echo })
    const data = megabytes(1)
    const got: Uint8Array[] = []
    await pipeline(Readable.from(data), far, async (source: AsyncIterable<Uint8Array>) => {
      for await (const chunk of source) got.push(chunk)
    })
    expect(digest(got)).toBe(digest(data))
    expect((await echo.lost).value.name).toBe('ConnectionDone')
  })

  it('backpressure goes through: a stream that is full holds its writer, a paused protocol its stream', async () => {
    const reactor = newReactor()
    const [near, far] = streams()
    const protocol = new Recorder()
    const transport = fromDuplexOn(near, { reactor, protocol })
    for (let i = 0; i < 8; i++) transport.write(new Uint8Array(1 << 20))
    await new Promise((resolve) => setImmediate(resolve))
    expect(transport.writableLength).toBeGreaterThan(0)
    transport.pauseProducing()
    while (far.write(new Uint8Array(65_536))) await new Promise((resolve) => setImmediate(resolve))
    expect(protocol.bytes).toBe(0)
    far.resume()
    await transport.drain()
    transport.resumeProducing()
    far.end()
    expect((await protocol.lost).value.name).toBe('ConnectionDone')
    expect(protocol.bytes).toBeGreaterThan(0)
  })

  it('an error of the stream is ConnectionLost; abortConnection destroys it', async () => {
    const reactor = newReactor()
    const [near] = streams()
    const protocol = new Recorder()
    fromDuplexOn(near, { reactor, protocol })
    near.destroy(new Error('broken'))
    const reason = (await protocol.lost).value
    expect([reason.name, (reason.cause as Error).message]).toEqual(['ConnectionLost', 'broken'])
    const [other] = streams()
    const aborting = new Recorder()
    const transport = fromDuplexOn(other, { reactor, protocol: aborting })
    transport.abortConnection()
    expect((await aborting.lost).value.name).toBe('ConnectionAborted')
    expect(other.destroyed).toBe(true)
  })

  it('a stream that has ended before is seen to have', async () => {
    const reactor = newReactor()
    const [near, far] = streams()
    far.end()
    near.resume()
    await new Promise((resolve) => near.once('end', resolve))
    const protocol = new Recorder()
    fromDuplexOn(near, { reactor, protocol })
    far.resume()
    expect((await protocol.lost).value.name).toBe('ConnectionDone')
  })

  it('goes through a transform and back: toDuplex of fromDuplex', async () => {
    const reactor = newReactor()
    const [near, far] = streams()
    const inner = toDuplex(fromDuplexOn(near, { reactor }))
    const upper = new Transform({
      transform: (chunk, _encoding, done) => done(null, String(chunk).toUpperCase()),
    })
    const echoed = pipeline(inner, upper, inner)
    far.end('shout')
    const text: string[] = []
    for await (const chunk of far) text.push(String(chunk))
    await echoed
    expect(text.join('')).toBe('SHOUT')
  })

  it('wants bytes and a reactor, and has the default one', () => {
    expect(() => fromDuplexOn(new Duplex({ objectMode: true }), { reactor: newReactor() })).toThrow(TypeError)
    expect(() => fromDuplexOn(streams()[0], {} as never)).toThrow('reactor')
    expect(() => fromDuplex({} as never)).toThrow(TypeError)
  })
})

describe('Web Streams over sockets', () => {
  it('pipe through an echo server, whole', async () => {
    const { client } = await pair(newReactor(), () => new Echo())
    const { readable, writable } = transportOf(client)
    const data = megabytes(2)
    const sent = new ReadableStream({
      start: (controller) => {
        for (const chunk of data) controller.enqueue(chunk)
        controller.close()
      },
    }).pipeTo(writable)
    const got: Uint8Array[] = []
    for await (const chunk of readable as unknown as AsyncIterable<Uint8Array>) got.push(chunk)
    await sent
    expect(digest(got)).toBe(digest(data))
    await client.lost
  })

  it('for await over a server\'s connection, answered by write', async () => {
    const reactor = newReactor()
    const served = later<string>()
    const factory = new TestFactory(() => {
      const protocol = new Recorder()
      void protocol.made.then(async () => {
        let text = ''
        for await (const chunk of transportOf(protocol)) {
          text += new TextDecoder().decode(chunk)
          if (text.endsWith('.')) break
        }
        served.resolve(text)
      })
      return protocol
    })
    const peer = await rawPeer(portOf(await listen(reactor, factory)))
    peer.socket.write('one, ')
    peer.socket.write('two.')
    expect(await served.promise).toBe('one, two.')
    await peer.ended
    peer.socket.end()
    await (await factory.first).lost
  })

  it('RST is an errored stream', async () => {
    const reactor = newReactor()
    const factory = new TestFactory()
    const socket = connect({ port: portOf(await listen(reactor, factory)), host: '127.0.0.1' })
    const server = await factory.first
    const read = transportOf(server).readable.getReader().read()
    socket.resetAndDestroy()
    await expect(read).rejects.toMatchObject({ name: 'ConnectionLost' })
  })
})
