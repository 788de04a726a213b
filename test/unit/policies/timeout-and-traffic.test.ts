/** TimeoutFactory and TrafficLoggingFactory. */
import { describe, expect, it } from 'vitest'
import { Failure } from '../../../src/defer/index.js'
import { ConnectionDone } from '../../../src/errors/index.js'
import type { IAddress } from '../../../src/interfaces/index.js'
import { logPublisher } from '../../../src/logger/index.js'
import type { LogEvent } from '../../../src/logger/index.js'
import { Factory } from '../../../src/protocols/factory.js'
import { hexdump, TimeoutFactory, TrafficLoggingFactory } from '../../../src/protocols/policies/index.js'
import type { ProtocolWrapper, TrafficEntry, WrappingFactory } from '../../../src/protocols/policies/index.js'
import { Protocol } from '../../../src/protocols/protocol.js'
import { Clock } from '../../../src/reactor/clock.js'
import { StringTransport } from '../../../src/testing/string-transport.js'

const PEER: IAddress = { family: 'IPv4', type: 'TCP', host: '192.0.2.7', port: 7 }

function connect(factory: WrappingFactory) {
  const transport = new StringTransport()
  const wrapper = factory.buildProtocol(PEER) as ProtocolWrapper
  wrapper.makeConnection(transport)
  return { transport, wrapper, user: (wrapper.wrappedProtocol as Protocol).transport }
}

describe('TimeoutFactory', () => {
  const factory = (clock: Clock | null, period?: number) =>
    new TimeoutFactory(Factory.forProtocol(Protocol), period, { clock })

  it('closes a connection on which nothing is read or written for half an hour, or the time given', () => {
    const clock = new Clock()
    expect(factory(clock).timeoutPeriod).toBe(1_800_000)
    const { transport, wrapper, user } = connect(factory(clock, 1_000))
    clock.advance(900)
    wrapper.dataReceived(Uint8Array.of(1))
    clock.advance(900)
    user.write('x')
    clock.advance(900)
    user.writeSequence(['y'])
    clock.advance(999)
    expect(transport.disconnecting).toBe(false)
    clock.advance(1)
    expect([transport.disconnecting, transport.aborted, transport.text()]).toEqual([true, false, 'xy'])
  })

  it('aborts one that does not close in another such time, whatever it goes on to do', () => {
    const clock = new Clock()
    const { transport, wrapper } = connect(factory(clock, 1_000))
    clock.advance(1_000)
    clock.advance(900)
    wrapper.dataReceived(Uint8Array.of(1))
    clock.advance(100)
    expect(transport.aborted).toBe(true)
    wrapper.connectionLost(new Failure(new ConnectionDone()))
    expect(clock.getDelayedCalls()).toEqual([])
  })

  it('leaves no timer behind, and needs a clock', () => {
    const clock = new Clock()
    const { wrapper } = connect(factory(clock, 1_000))
    expect(clock.getDelayedCalls()).toHaveLength(1)
    wrapper.connectionLost(new Failure(new ConnectionDone()))
    expect(clock.getDelayedCalls()).toEqual([])
    expect(() => factory(null).doStart()).toThrow(/`clock`/)
    expect(() => connect(factory(null))).toThrow(/`clock`/)
    expect(() => factory(clock, -1)).toThrow(RangeError)
  })
})

describe('TrafficLoggingFactory', () => {
  const act = ({ wrapper, user }: ReturnType<typeof connect>): void => {
    wrapper.dataReceived(Uint8Array.of(1, 2))
    user.write('hé')
    user.writeSequence(['a', Uint8Array.of(3)])
    user.loseConnection()
    user.abortConnection()
    wrapper.connectionLost(new Failure(new ConnectionDone()))
  }

  it('tells its sink of everything, by connection', () => {
    const entries: TrafficEntry[] = []
    const factory = new TrafficLoggingFactory(Factory.forProtocol(Protocol), { sink: (entry) => entries.push(entry) })
    const first = connect(factory)
    act(first)
    connect(factory)
    expect(first.transport.value()).toEqual(Uint8Array.of(0x68, 0xc3, 0xa9, 0x61, 3))
    expect(entries.map(({ connection, kind, data, reason }) => [connection, kind, data && [...data], reason?.value.name]))
      .toEqual([
        [1, 'open', undefined, undefined], [1, 'received', [1, 2], undefined], [1, 'sent', [0x68, 0xc3, 0xa9], undefined],
        [1, 'sent', [0x61], undefined], [1, 'sent', [3], undefined], [1, 'closing', undefined, undefined],
        [1, 'aborted', undefined, undefined], [1, 'lost', undefined, 'ConnectionDone'], [2, 'open', undefined, undefined],
      ])
    expect(entries[0]!.peer).toEqual(first.transport.getPeer())
  })

  it('without a sink goes to the log, as bytes that people can read; a sink that throws disturbs nobody', () => {
    const events: LogEvent[] = []
    const observer = (event: LogEvent): number => events.push(event)
    logPublisher.addObserver(observer)
    act(connect(new TrafficLoggingFactory(Factory.forProtocol(Protocol), { maxBytes: 1 })))
    const broken = connect(new TrafficLoggingFactory(Factory.forProtocol(Protocol), {
      sink() {
        throw new Error('disk full')
      },
    }))
    broken.user.write('x')
    logPublisher.removeObserver(observer)
    expect(broken.transport.text()).toBe('x')
    expect(events.slice(0, 2).map(({ level, message }) => [level, message.split('\n')[0]])).toEqual([
      ['debug', 'connection 1 open'], ['debug', 'connection 1 received 2 bytes'],
    ])
    expect(events[1]!.message).toContain('00000000  01')
    expect(events[1]!.message).toContain('… and 1 more')
    expect(events.at(-1)!.message).toBe('A sink of traffic failed')
  })

  it('hexdump shows sixteen bytes a row, and their characters', () => {
    const bytes = new TextEncoder().encode('0123456789abcdef\r\n~')
    expect(hexdump(bytes).split('\n')).toEqual([
      '00000000  30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66  0123456789abcdef',
      `00000010  0d 0a 7e${' '.repeat(39)}  ..~`,
    ])
    expect(hexdump(new Uint8Array())).toBe('')
  })
})
