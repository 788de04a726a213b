import { describe, expect, it } from 'vitest'
import { ProducerAlreadyRegistered } from '../../../src/transports/index.js'
import { StringTransport } from '../../../src/testing/string-transport.js'

const PRODUCER = { pauseProducing() {}, resumeProducing() {}, stopProducing() {} }

describe('StringTransport', () => {
  it('keeps bytes and text in order until cleared', () => {
    const transport = new StringTransport()
    transport.write('é')
    transport.writeSequence([Uint8Array.of(0x21), 'b'])
    expect(transport.value()).toEqual(Uint8Array.of(0xc3, 0xa9, 0x21, 0x62))
    expect(transport.text()).toBe('é!b')
    transport.clear()
    expect(transport.value()).toHaveLength(0)
    transport.write('c')
    expect(transport.text()).toBe('c')
  })

  it('keeps copies, both of what it takes and of what it gives', () => {
    const transport = new StringTransport()
    const mine = Uint8Array.of(1, 2)
    transport.write(mine)
    mine[0] = 9
    transport.value()[1] = 9
    expect(transport.value()).toEqual(Uint8Array.of(1, 2))
  })

  it('N01 drops writes after loseConnection, and after abortConnection', () => {
    for (const end of ['loseConnection', 'abortConnection', 'loseWriteConnection'] as const) {
      const transport = new StringTransport()
      transport.write('before')
      transport[end]()
      transport.write('after')
      expect(transport.text()).toBe('before')
    }
  })

  it('tells the ways to end apart', () => {
    const states = (transport: StringTransport): boolean[] =>
      [transport.connected, transport.disconnecting, transport.disconnected, transport.aborted]
    const transport = new StringTransport()
    expect(states(transport)).toEqual([true, false, false, false])
    transport.loseConnection()
    expect(states(transport)).toEqual([true, true, false, false])
    transport.abortConnection()
    expect(states(transport)).toEqual([false, true, true, true])
  })

  it('follows its producer state, and throws once stopped', () => {
    const transport = new StringTransport()
    transport.pauseProducing()
    expect(transport.producerState).toBe('paused')
    transport.resumeProducing()
    expect(transport.producerState).toBe('producing')
    transport.stopProducing()
    expect(transport.producerState).toBe('stopped')
    expect(() => transport.resumeProducing()).toThrow('stopped')
    expect(() => transport.pauseProducing()).toThrow('stopped')
  })

  it('throws on pause and resume once disconnecting', () => {
    const transport = new StringTransport()
    transport.loseConnection()
    expect(() => transport.pauseProducing()).toThrow('loseConnection')
    expect(() => transport.resumeProducing()).toThrow('loseConnection')
  })

  it('takes one producer at a time', () => {
    const transport = new StringTransport()
    transport.registerProducer(PRODUCER, true)
    expect([transport.producer, transport.streaming]).toEqual([PRODUCER, true])
    expect(() => transport.registerProducer(PRODUCER, false)).toThrow(ProducerAlreadyRegistered)
    transport.unregisterProducer()
    expect([transport.producer, transport.streaming]).toEqual([null, false])
    transport.registerProducer(PRODUCER, false)
    expect(transport.streaming).toBe(false)
  })

  it('has addresses, and options that can be read back', () => {
    const peer = { family: 'IPv4', type: 'TCP', host: '10.0.0.1', port: 5 } as const
    const transport = new StringTransport({ peer })
    expect(transport.getPeer()).toBe(peer)
    expect(transport.getHost()).toMatchObject({ family: 'IPv4', host: '192.0.2.1' })
    transport.setTcpNoDelay(true)
    transport.setTcpKeepAlive(true)
    expect([transport.getTcpNoDelay(), transport.getTcpKeepAlive()]).toEqual([true, true])
  })

  it('is always drained', () => {
    const transport = new StringTransport()
    transport.write('x')
    expect(transport.writableLength).toBe(0)
    expect(transport.drain().called).toBe(true)
  })
})
