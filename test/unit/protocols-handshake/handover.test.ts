import { describe, expect, it } from 'vitest'
import { Failure } from '../../../src/defer/index.js'
import { ConnectionDone, TimeoutError } from '../../../src/errors/index.js'
import type { IAddress, IProtocol, ITransport } from '../../../src/interfaces/index.js'
import { HandshakeBuffer } from '../../../src/protocols/handover-buffer.js'
import { HandshakeProtocol } from '../../../src/protocols/handover.js'
import type { Handshake, HandshakeStep } from '../../../src/protocols/handover.js'
import { ProtocolWrapper, WrappingFactory } from '../../../src/protocols/policies/wrapping.js'
import { Factory } from '../../../src/protocols/factory.js'
import { connectInMemory } from '../../../src/testing/connect-in-memory.js'
import { StringTransport } from '../../../src/testing/string-transport.js'
import { Attempt, cuts, latin1, Recorder, text } from './support.js'

/** Says hello, waits for a line, and is done with it. */
class Line implements Handshake<string> {
  readonly limit = 8

  begin(): HandshakeStep<string> {
    return { used: 0, say: latin1('hello\n') }
  }

  receive(bytes: Uint8Array): HandshakeStep<string> | null {
    const end = bytes.indexOf(10)
    if (bytes[0] === 33) throw new RangeError('planted')
    return end < 0 ? null : { used: end + 1, done: text(bytes.subarray(0, end)) }
  }

  tooLong(): Error {
    return new RangeError('too long')
  }

  closed(reason: Failure): Error {
    return new Error('closed', { cause: reason.value })
  }
}

const PEER: IAddress = { family: 'IPv4', type: 'TCP', host: '203.0.113.9', port: 9 }

describe('a handshake', () => {
  it('is done with what it read, for every cut, and gives back the rest', () => {
    for (const pieces of cuts(latin1('abc\nrest'))) {
      const attempt = new Attempt(new Line()).begin()
      expect(text(attempt.said())).toBe('hello\n')
      attempt.next = new Recorder()
      attempt.receive(...pieces)
      expect(attempt.result).toBe('abc')
      expect((attempt.next as Recorder).received).toBe('rest')
      expect(attempt.outcomes).toBe(1)
      expect(attempt.clock.getDelayedCalls()).toEqual([])
    }
  })

  it('fails at its deadline, and not after it is done', () => {
    const late = new Attempt(new Line()).begin()
    late.clock.advance(999)
    expect(late.outcomes).toBe(0)
    late.clock.advance(1)
    expect(late.error).toBeInstanceOf(TimeoutError)
    expect(late.transport.aborted).toBe(true)
    late.receive('abc\n')
    late.protocol.connectionLost(new Failure(new ConnectionDone()))
    expect(late.outcomes).toBe(1)

    const done = new Attempt(new Line()).begin().receive('abc\n')
    done.clock.advance(5_000)
    expect(done.error).toBeUndefined()
    expect(done.transport.aborted).toBe(false)
  })

  it('has no deadline with an infinite time', () => {
    const attempt = new Attempt(new Line(), Infinity).begin()
    expect(attempt.clock.getDelayedCalls()).toEqual([])
  })

  it('fails with what it throws, and interprets nothing after that', () => {
    const attempt = new Attempt(new Line()).begin().receive('!', 'abc\n')
    expect(attempt.error).toBeInstanceOf(RangeError)
    expect(attempt.transport.aborted).toBe(true)
    expect([attempt.outcomes, attempt.result]).toEqual([1, undefined])
  })

  it('fails when more has come than it may take', () => {
    const attempt = new Attempt(new Line()).begin().receive('12345678')
    expect(attempt.outcomes).toBe(0)
    attempt.receive('9')
    expect((attempt.error as Error).message).toBe('too long')
    // What is complete is no longer gathered.
    expect(new Attempt(new Line()).begin().receive('abc\n123456789').result).toBe('abc')
  })

  it('fails when the connection ends first, with the reason as cause', () => {
    const attempt = new Attempt(new Line()).begin().receive('ab')
    const reason = new ConnectionDone()
    attempt.protocol.connectionLost(new Failure(reason))
    expect(attempt.error).toMatchObject({ message: 'closed', cause: reason })
    expect(attempt.clock.getDelayedCalls()).toEqual([])
  })

  it('can be given up before and after it is connected, once', () => {
    const before = new Attempt(new Line())
    before.protocol.abandon(new Error('no'))
    before.begin()
    expect(before.transport.aborted).toBe(true)
    expect(before.transport.text()).toBe('')
    const after = new Attempt(new Line()).begin()
    after.protocol.abandon(new Error('no'))
    after.protocol.abandon(new Error('again'))
    expect((after.error as Error).message).toBe('no')
    expect([before.outcomes, after.outcomes]).toEqual([1, 1])
  })

  it('closes a transport that cannot abort', () => {
    const attempt = new Attempt(new Line())
    let closed = 0
    attempt.protocol.makeConnection({ write: () => undefined, loseConnection: () => { closed += 1 } } as never)
    attempt.receive('!')
    expect(closed).toBe(1)
  })
})

describe('what it has gathered', () => {
  it('is what was pushed and not consumed, whatever the pieces', () => {
    const buffer = new HandshakeBuffer()
    let expected = ''
    for (let round = 0; round < 400; round++) {
      const piece = String.fromCharCode(97 + round % 26).repeat(round % 7)
      buffer.push(latin1(piece))
      expected += piece
      if (round % 3 === 0) {
        const used = Math.min(round % 11, expected.length)
        buffer.consume(used)
        expected = expected.slice(used)
      }
      expect(text(buffer.bytes)).toBe(expected)
      expect(buffer.length).toBe(expected.length)
    }
    expect(text(buffer.take())).toBe(expected)
    expect(buffer.length).toBe(0)
  })

  it('never changes the pieces themselves', () => {
    const buffer = new HandshakeBuffer()
    const [one, two] = [latin1('abcd'), latin1('efgh')]
    buffer.push(one)
    buffer.consume(2)
    buffer.push(two)
    buffer.push(latin1('ij'))
    expect(text(buffer.bytes)).toBe('cdefghij')
    expect([text(one), text(two)]).toEqual(['abcd', 'efgh'])
  })
})

/** A factory of handshakes that hand over to a Recorder. */
function handing(make: () => IProtocol = () => new Recorder(), peer?: IAddress) {
  const made: { handshake: HandshakeProtocol<string>, next: IProtocol }[] = []
  const factory = new Factory()
  factory.buildProtocol = () => {
    const handshake: HandshakeProtocol<string> = new HandshakeProtocol(new Line(), {
      clock: null,
      timeout: Infinity,
      handshakeDone: (_protocol, _result, rest) => {
        const next = make()
        made.push({ handshake, next })
        handshake.handOver(next, { rest, ...peer === undefined ? {} : { peer } })
      },
      handshakeFailed: () => undefined,
    })
    return handshake
  }
  return { factory, made }
}

describe('handing over', () => {
  it('leaves nothing in the path of the bytes where the transport can switch', () => {
    const { factory, made } = handing(undefined, PEER)
    const { client, pump } = connectInMemory(factory, Factory.forProtocol(Recorder))
    ;(client as Recorder).transport.write('abc\nfirst ')
    pump.flush()
    const { handshake, next } = made[0]!
    const recorder = next as Recorder
    handshake.dataReceived = () => { throw new Error('still in the path') }
    expect(recorder.received).toBe('first ')
    expect(recorder.transport).toBe(handshake.transport)
    expect(recorder.transport.getPeer()).toBe(PEER)
    recorder.transport.write('answer')
    ;(client as Recorder).transport.write('second')
    pump.flush()
    expect(recorder.received).toBe('first second')
    expect((client as Recorder).received).toBe('hello\nanswer')
    ;(client as Recorder).transport.loseConnection()
    pump.flush()
    expect(recorder.reasons.map((reason) => reason.type)).toEqual([ConnectionDone])
  })

  it('relays where it cannot: bytes, addresses, the end', () => {
    const attempt = new Attempt(new Line()).begin()
    const next = attempt.next = new Recorder()
    attempt.receive('abc\nfirst ', 'second')
    expect(next.received).toBe('first second')
    expect(next.transport).not.toBe(attempt.transport)
    expect(next.transport.getHost()).toEqual(attempt.transport.getHost())
    next.transport.write('answer')
    next.transport.setTcpNoDelay(true)
    expect(text(attempt.said())).toBe('hello\nanswer')
    expect(attempt.transport.getTcpNoDelay()).toBe(true)
    attempt.protocol.connectionLost(new Failure(new ConnectionDone()))
    expect(next.reasons).toHaveLength(1)
    expect(attempt.error).toBeUndefined()
  })

  it('holds the rest back while the next protocol is paused', () => {
    class Paused extends Recorder {
      override connectionMade(): void {
        this.transport.pauseProducing()
      }
    }
    const attempt = new Attempt(new Line()).begin()
    const next = attempt.next = new Paused()
    attempt.receive('abc\nrest')
    expect([next.received, attempt.transport.producerState]).toEqual(['', 'paused'])
    next.transport.resumeProducing()
    expect([next.received, attempt.transport.producerState]).toEqual(['rest', 'producing'])
    next.transport.pauseProducing()
    next.transport.resumeProducing()
    expect(next.received).toBe('rest')
  })

  it('tells of halves only whom it concerns', () => {
    class Half extends Recorder {
      halves = 0
      readConnectionLost(): void {
        this.halves += 1
      }
    }
    const plain = new Attempt(new Line()).begin()
    plain.next = new Recorder()
    plain.receive('abc\n')
    expect('readConnectionLost' in plain.protocol).toBe(false)
    const half = new Attempt(new Line()).begin()
    const next = half.next = new Half()
    half.receive('abc\n')
    ;(half.protocol as unknown as Half).readConnectionLost()
    expect(next.halves).toBe(1)
    expect('writeConnectionLost' in half.protocol).toBe(false)
  })

  it('does not go round a wrapper that stands between', () => {
    class Counting extends ProtocolWrapper {
      seen = 0
      override dataReceived(data: Uint8Array): void {
        this.seen += data.length
        super.dataReceived(data)
      }
    }
    const { factory, made } = handing(undefined, PEER)
    const wrapping = new WrappingFactory(factory)
    wrapping.protocol = Counting
    const { server, client, pump } = connectInMemory(wrapping, Factory.forProtocol(Recorder))
    ;(client as Recorder).transport.write('abc\nfirst ')
    pump.flush()
    ;(client as Recorder).transport.write('second')
    pump.flush()
    const recorder = made[0]!.next as Recorder
    expect(recorder.received).toBe('first second')
    expect((server as Counting).seen).toBe('abc\nfirst second'.length)
    expect(recorder.transport.getPeer()).toBe(PEER)
    ;(client as Recorder).transport.abortConnection()
    pump.flush()
    expect(recorder.reasons).toHaveLength(1)
  })

  it('two handshakes, one behind the other, in one piece', () => {
    const inner = handing()
    const outer = handing(() => inner.factory.buildProtocol({} as never) as IProtocol)
    const { client, pump } = connectInMemory(outer.factory, Factory.forProtocol(Recorder))
    ;(client as Recorder).transport.write('one\ntwo\nrest')
    pump.flush()
    expect((inner.made[0]!.next as Recorder).received).toBe('rest')
    const transport: ITransport = new StringTransport()
    const again = outer.factory.buildProtocol({} as never) as IProtocol
    again.makeConnection(transport)
    again.dataReceived(latin1('one\ntwo\nrest'))
    again.dataReceived(latin1(' more'))
    expect((inner.made[1]!.next as Recorder).received).toBe('rest more')
  })
})
