import { describe, expect, it } from 'vitest'
import type { Failure } from '../../../src/defer/index.js'
import {
  ConnectionAborted, ConnectionDone, ConnectionLost, ConnectionRefusedError,
} from '../../../src/errors/index.js'
import { logPublisher } from '../../../src/logger/index.js'
import { BufferedProtocol, Factory, Protocol } from '../../../src/protocols/index.js'
import { connectInMemory } from '../../../src/testing/index.js'

class Recorder extends Protocol {
  text = ''
  chunks = 0
  readonly ends: Error[] = []
  override dataReceived(data: Uint8Array): void {
    this.text += new TextDecoder().decode(data)
    this.chunks += 1
  }
  override connectionLost(reason: Failure): void {
    this.ends.push(reason.value)
  }
}

class Echo extends Recorder {
  override dataReceived(data: Uint8Array): void {
    super.dataReceived(data)
    this.transport.write(data)
  }
}

class HalfCloseable extends Recorder {
  seen = ''
  readConnectionLost(): void {
    this.seen += 'read '
  }
  writeConnectionLost(): void {
    this.seen += 'write '
  }
}

const of = <P extends Protocol>(kind: new () => P) => ({ buildProtocol: () => new kind() })
const pair = () => connectInMemory(of(Recorder), of(Recorder))

describe('connectInMemory', () => {
  it('takes factories, sets them on their protocols, and connects before it returns', () => {
    const [serverFactory, clientFactory] = [Factory.forProtocol(Recorder), Factory.forProtocol(Recorder)]
    const { server, client } = connectInMemory(serverFactory, clientFactory)
    expect((server as Recorder).factory).toBe(serverFactory)
    expect([(server as Recorder).connected, (client as Recorder).connected]).toEqual([true, true])
    expect((client as Recorder).transport.getPeer()).toMatchObject({ family: 'memory', name: 'server' })
    expect((client as Recorder).transport.getHost()).toMatchObject({ family: 'memory', name: 'client' })
  })

  it('moves nothing until pumped, then one way at a time', () => {
    const { server, client, pump } = connectInMemory(of(Echo), of(Recorder))
    client.transport.write('hello')
    expect(server.text).toBe('')
    expect(pump.pump()).toBe(true)
    expect(server.text).toBe('hello')
    pump.flush()
    expect(client.text).toBe('hello')
    expect(pump.pump()).toBe(false)
  })

  it('writes of one turn arrive as one chunk', () => {
    const { server, client, pump } = pair()
    for (const piece of ['a', 'b', 'c']) client.transport.write(piece)
    pump.flush()
    expect([server.text, server.chunks]).toEqual(['abc', 1])
  })

  it('N01 delivers what was written before loseConnection and drops what comes after', () => {
    const { server, client, pump } = pair()
    client.transport.write('before')
    client.transport.loseConnection()
    client.transport.write('after')
    pump.flush()
    expect(server.text).toBe('before')
  })

  it('N02 a clean close is ConnectionDone on both sides, once', () => {
    const { server, client, pump } = pair()
    client.transport.loseConnection()
    pump.flush()
    for (const side of [server, client]) {
      expect(side.ends).toHaveLength(1)
      expect(side.ends[0]).toBeInstanceOf(ConnectionDone)
    }
  })

  it('N04 abortConnection is ConnectionAborted here and ConnectionLost there, in a later turn', () => {
    const { server, client, pump } = pair()
    client.transport.abortConnection()
    expect(client.ends).toEqual([])
    pump.flush()
    expect(client.ends).toHaveLength(1)
    expect(client.ends[0]).toBeInstanceOf(ConnectionAborted)
    expect(server.ends).toHaveLength(1)
    expect(server.ends[0]).toBeInstanceOf(ConnectionLost)
    expect(server.ends[0]).not.toBeInstanceOf(ConnectionAborted)
  })

  it('N05 an error in dataReceived is logged, closes, and is the reason', () => {
    const logged: unknown[] = []
    const observer = (event: { failure?: { value: unknown } }): void => { logged.push(event.failure?.value) }
    logPublisher.addObserver(observer)
    const planted = new Error('planted')
    const { server, client, pump } = pair()
    server.dataReceived = () => { throw planted }
    client.transport.write('x')
    pump.flush()
    logPublisher.removeObserver(observer)
    expect(logged).toEqual([planted])
    expect(server.ends).toEqual([planted])
    expect(client.ends).toHaveLength(1)
  })

  it('N13 with one direction closed the other goes on', () => {
    const { server, client, pump } = connectInMemory(of(HalfCloseable), of(HalfCloseable))
    client.transport.write('request')
    client.transport.loseWriteConnection()
    pump.flush()
    expect([server.text, server.seen, client.seen]).toEqual(['request', 'read ', 'write '])
    server.transport.write('answer')
    server.transport.loseConnection()
    pump.flush()
    expect(client.text).toBe('answer')
    expect([...server.ends, ...client.ends].map((end) => end.constructor)).toEqual([ConnectionDone, ConnectionDone])
  })

  it('N15 a reader that pauses slows the writer', () => {
    const { server, client, pump } = pair()
    const seen: string[] = []
    client.transport.registerProducer({
      pauseProducing: () => { seen.push('pause') },
      resumeProducing: () => { seen.push('resume') },
      stopProducing: () => { seen.push('stop') },
    }, true)
    server.transport.pauseProducing()
    for (let k = 0; k < 3; k++) client.transport.write(new Uint8Array(30_000))
    pump.flush()
    expect(seen).toEqual(['pause'])
    expect(server.chunks).toBe(0)
    expect(client.transport.writableLength).toBe(90_000)
    server.transport.resumeProducing()
    pump.flush()
    expect(seen).toEqual(['pause', 'resume'])
    expect(server.text).toHaveLength(90_000)
    expect(client.transport.writableLength).toBe(0)
  })

  it('N19 a paused transport holds back both data and close', () => {
    const { server, client, pump } = pair()
    server.transport.pauseProducing()
    client.transport.write('last words')
    client.transport.loseConnection()
    pump.flush()
    expect([server.text, server.ends.length]).toEqual(['', 0])
    server.transport.resumeProducing()
    pump.flush()
    expect([server.text, server.ends.length]).toEqual(['last words', 1])
  })

  it('fills the buffers of a protocol that has its own', () => {
    class Own extends BufferedProtocol {
      readonly #buffer = new Uint8Array(4)
      text = ''
      override getBuffer(): Uint8Array {
        return this.#buffer
      }
      override bufferUpdated(length: number): void {
        this.text += new TextDecoder().decode(this.#buffer.subarray(0, length))
      }
    }
    const { server, client, pump } = connectInMemory(of(Own), of(Recorder))
    client.transport.write('ten  bytes')
    pump.flush()
    expect(server.text).toBe('ten  bytes')
  })

  it('a sender may change its array once it was sent', () => {
    const { server, client, pump } = pair()
    const data = Uint8Array.of(0x61)
    client.transport.write(data)
    pump.pump()
    data[0] = 0x62
    pump.flush()
    expect(server.text).toBe('a')
  })

  it('refuses when a factory does', () => {
    const none = { buildProtocol: () => null }
    expect(() => connectInMemory(none, of(Recorder))).toThrow(ConnectionRefusedError)
    expect(() => connectInMemory(of(Recorder), none)).toThrow(ConnectionRefusedError)
  })

  it('tells of two ends that never fall quiet', () => {
    const { client, pump } = connectInMemory(of(Echo), of(Echo))
    client.transport.write('ping')
    expect(() => pump.flush()).toThrow('still talk')
  })
})
