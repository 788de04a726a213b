import { describe, expect, it } from 'vitest'
import type { Failure } from '../../../src/defer/index.js'
import { BufferedProtocol, LineReceiver, Protocol } from '../../../src/protocols/index.js'
import { connectInMemory, FaultyChannel, randomFaults } from '../../../src/testing/index.js'
import type { Chance, ConnectInMemoryOptions } from '../../../src/testing/index.js'

class Recorder extends Protocol {
  chunks: string[] = []
  ends: string[] = []
  override dataReceived(data: Uint8Array): void {
    this.chunks.push(new TextDecoder().decode(data))
  }
  override connectionLost(reason: Failure): void {
    this.ends.push(reason.value.name)
  }
}

class Lines extends LineReceiver {
  lines: string[] = []
  override lineReceived(line: string): void {
    this.lines.push(line)
  }
}

class Lending extends BufferedProtocol {
  text = ''
  readonly #room = new Uint8Array(4)
  override getBuffer(): Uint8Array {
    return this.#room
  }
  override bufferUpdated(length: number): void {
    this.text += new TextDecoder().decode(this.#room.subarray(0, length))
  }
}

const of = <P extends Protocol>(kind: new () => P) => ({ buildProtocol: () => new kind() })
const pair = (faults: ConnectInMemoryOptions) => connectInMemory(of(Recorder), of(Recorder), faults)

/** Xorshift: the test's own, so that it needs no core. */
function chance(seed: number): Chance {
  let state = seed * 2_654_435_761 >>> 0 || 1
  return {
    below: (n) => {
      state ^= state << 13
      state ^= state >>> 17
      state ^= state << 5
      return (state >>> 0) % n
    },
  }
}

describe('a FaultyChannel', () => {
  it('cuts what is received into pieces of one size, or of a list of them', () => {
    const same = pair({ server: { chunks: 2 } })
    same.client.transport.write('abcde')
    same.pump.flush()
    expect(same.server.chunks).toEqual(['ab', 'cd', 'e'])
    const list = pair({ server: { chunks: [1, 3] } })
    list.client.transport.write('abcdefg')
    list.pump.flush()
    expect(list.server.chunks).toEqual(['a', 'bcd', 'e', 'fg'])
    expect(list.client.chunks).toEqual([])
  })

  it('delays, and keeps the order', () => {
    const { server, client, pump, clock } = pair({ server: { delay: 10, chunks: 2 } })
    client.transport.write('abc')
    pump.flush()
    expect(server.chunks).toEqual([])
    clock.advance(9.5)
    client.transport.write('d')
    client.transport.loseConnection()
    pump.flush()
    clock.advance(0.5)
    pump.flush()
    expect(server.chunks).toEqual(['ab', 'c'])
    expect(server.ends).toEqual([])
    clock.advance(10)
    pump.flush()
    expect(server.chunks).toEqual(['ab', 'c', 'd'])
    expect(server.ends).toEqual(['ConnectionDone'])
  })

  it('ends in order, or is reset, after so many bytes', () => {
    const ended = pair({ server: { endAfter: 3 } })
    ended.client.transport.write('abcde')
    ended.pump.flush()
    expect([ended.server.chunks, ended.server.ends]).toEqual([['abc'], ['ConnectionDone']])
    const reset = pair({ server: { resetAfter: 3 } })
    reset.client.transport.write('abcde')
    reset.pump.flush()
    expect(reset.server.chunks).toEqual(['abc'])
    expect([reset.server.ends, reset.client.ends]).toEqual([['ConnectionLost'], ['ConnectionLost']])
  })

  it('takes no output after so many bytes, until it is released', () => {
    const { server, client, pump, faults } = pair({ client: { stallAfter: 4 } })
    client.transport.write('abc')
    pump.flush()
    client.transport.write('def')
    client.transport.loseConnection()
    pump.flush()
    expect(server.chunks.join('')).toBe('abcd')
    expect((client.transport as unknown as { writableLength: number }).writableLength).toBeGreaterThan(0)
    faults.client!.release()
    pump.flush()
    expect(server.chunks.join('')).toBe('abcdef')
    expect([server.ends, client.ends]).toEqual([['ConnectionDone'], ['ConnectionDone']])
  })

  it('is broken by hand', () => {
    const { server, client, pump, faults } = pair({ server: {} })
    client.transport.write('one')
    pump.flush()
    faults.server!.endReading()
    client.transport.write('two')
    pump.flush()
    expect([server.chunks, server.ends]).toEqual([['one'], ['ConnectionDone']])
    const other = pair({ client: {} })
    other.faults.client!.breakOff()
    other.pump.flush()
    expect([other.client.ends, other.server.ends]).toEqual([['ConnectionLost'], ['ConnectionLost']])
    expect(other.faults.server).toBe(null)
  })

  it('holds back what a paused reader has not got', () => {
    const { server, client, pump, clock } = pair({ server: { delay: 5 } })
    client.transport.write('abc')
    pump.flush()
    const producer = server.transport as unknown as { pauseProducing(): void, resumeProducing(): void }
    producer.pauseProducing()
    clock.advance(10)
    pump.flush()
    expect(server.chunks).toEqual([])
    producer.resumeProducing()
    pump.flush()
    expect(server.chunks).toEqual(['abc'])
  })

  it('tells of the end to one that closes while it is paused, with bytes and a reset on their way', () => {
    const { server, client, pump, clock } = pair({ server: { delay: 5 } })
    client.transport.write('abc')
    pump.flush()
    ;(client.transport as unknown as { abortConnection(): void }).abortConnection()
    pump.flush()
    ;(server.transport as unknown as { pauseProducing(): void }).pauseProducing()
    clock.advance(10)
    pump.flush()
    expect([server.ends, client.ends]).toEqual([[], ['ConnectionAborted']])
    server.transport.loseConnection()
    for (let i = 0; i < 5; i++) {
      pump.flush()
      clock.advance(10)
    }
    expect([server.chunks, server.ends]).toEqual([[], ['ConnectionLost']])
  })

  it('fills arrays that are lent', () => {
    const { server, client, pump } = connectInMemory(of(Lending), of(Recorder), { server: { chunks: 3 } })
    client.transport.write('abcdefghij')
    pump.flush()
    expect(server.text).toBe('abcdefghij')
  })

  it('neither loses nor doubles nor reorders what comes before an end, whatever the seed', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = chance(seed)
      const faults = randomFaults(random, 300)
      const { server, client, pump, clock } = connectInMemory(of(Lines), of(Recorder), { server: faults })
      const sent = Array.from({ length: 20 }, (_, i) => `line ${i} ${'x'.repeat(random.below(30))}`)
      for (const line of sent) {
        client.transport.write(`${line}\r\n`)
        pump.flush()
        clock.advance(random.below(100))
        pump.flush()
      }
      clock.advance(10_000)
      pump.flush()
      expect(server.lines).toEqual(sent.slice(0, server.lines.length))
      const whole = faults.endAfter === undefined && faults.resetAfter === undefined
      if (whole) expect(server.lines).toEqual(sent)
    }
  })

  it('needs a chance where something is left to it', () => {
    const clock = { now: () => 0, callLater: () => undefined }
    expect(() => new FaultyChannel({} as never, { delay: { from: 1, to: 2 } }, clock)).toThrow(TypeError)
  })
})
