/** A WebSocket as a transport; the test plays the WebSocket. */
import { describe, expect, it } from 'vitest'
import { fromWebSocket } from '../../../src/transports/index.js'
import type { FromWebSocketOptions } from '../../../src/transports/index.js'
import { fakeReactor } from '../reactor/fake-host.js'
import { bytes, Recorder } from './fake-channel.js'

type Listener = (event: never) => void

class FakeWebSocket {
  binaryType = 'blob'
  readyState = 1
  bufferedAmount = 0
  url = 'wss://example.com/chat'
  calls: string[] = []
  #listeners = new Map<string, Listener>()

  addEventListener(type: string, listener: Listener): void {
    this.#listeners.set(type, listener)
  }

  send(data: Uint8Array): void {
    this.calls.push(`send ${data.length > 40 ? data.length : new TextDecoder().decode(data)}`)
  }

  close(code?: number): void {
    this.readyState = 2
    this.calls.push(`close ${code}`)
  }

  emit(type: string, event: object = {}): void {
    if (type === 'close') this.readyState = 3
    this.#listeners.get(type)!(event as never)
  }

  message(data: unknown): void {
    this.emit('message', { data })
  }

  take(): string[] {
    return this.calls.splice(0)
  }
}

class PausableWebSocket extends FakeWebSocket {
  pause(): void {
    this.calls.push('pause')
  }
  resume(): void {
    this.calls.push('resume')
  }
  terminate(): void {
    this.calls.push('terminate')
  }
}

function rig(ws = new FakeWebSocket(), options: Partial<FromWebSocketOptions> = {}) {
  const { host, reactor } = fakeReactor()
  const protocol = new Recorder()
  const transport = fromWebSocket(ws, { reactor, protocol, ...options })
  return { host, reactor, ws, protocol, transport }
}

describe('fromWebSocket', () => {
  it('messages are bytes, both ways; texts are UTF-8', () => {
    const { host, ws, protocol, transport } = rig()
    expect(ws.binaryType).toBe('arraybuffer')
    ws.message(bytes('one').buffer)
    ws.message('zwei ✓')
    ws.message(Buffer.from('three'))
    transport.write('a')
    transport.write('b')
    host.settle()
    expect(protocol.events).toEqual(['data one', 'data zwei ✓', 'data three'])
    expect(ws.take()).toEqual(['send ab'])
    expect(transport.getPeer()).toEqual({ family: 'hostname', type: 'TCP', host: 'example.com', port: 443 })
  })

  it('blobs keep their place among the others', async () => {
    const { ws, protocol } = rig()
    ws.message(new Blob(['first ']))
    ws.message('second')
    ws.emit('close', { code: 1000 })
    expect(protocol.events).toEqual([])
    while (protocol.reasons.length === 0) await new Promise((resolve) => setImmediate(resolve))
    expect(protocol.events).toEqual(['data first ', 'data second', 'lost ConnectionDone'])
  })

  it('what is written before it is open waits for that', () => {
    const ws = new FakeWebSocket()
    ws.readyState = 0
    const { host, transport } = rig(ws)
    transport.write('early')
    host.settle()
    transport.write('later')
    host.settle()
    expect(ws.take()).toEqual([])
    expect(transport.writableLength).toBe(10)
    ws.readyState = 1
    ws.emit('open')
    host.settle()
    expect(ws.take()).toEqual(['send early', 'send later'])
    expect(transport.writableLength).toBe(0)
  })

  it('a writer is slowed while much is not sent, and it is looked at again until it is', () => {
    const { host, ws, transport } = rig()
    ws.bufferedAmount = 100_000
    transport.write(new Uint8Array(100_000))
    host.settle()
    transport.write('more')
    host.pass(1000)
    expect(ws.take()).toEqual(['send 100000'])
    expect(transport.writableLength).toBe(100_004)
    ws.bufferedAmount = 0
    host.pass(64)
    expect(ws.take()).toEqual(['send more'])
    host.pass(1000)
    expect(host.timer).toBe(null)
  })

  it('while paused, messages are kept; a clean end is held back with them', () => {
    const { host, ws, protocol, transport } = rig()
    transport.pauseProducing()
    ws.message('a')
    ws.message('b')
    ws.emit('close', { code: 1000 })
    host.settle()
    expect(protocol.events).toEqual([])
    transport.resumeProducing()
    host.settle()
    expect(protocol.events).toEqual(['data a', 'data b', 'lost ConnectionDone'])
  })

  it('…up to a limit, then the connection is broken off', () => {
    const { host, ws, protocol, transport } = rig(new FakeWebSocket(), { maxHeld: 3 })
    transport.pauseProducing()
    ws.message('abc')
    host.settle()
    expect(protocol.events).toEqual([])
    ws.message('d')
    host.settle()
    expect(protocol.events).toEqual(['lost ConnectionLost'])
    expect(ws.take()).toEqual(['close 4000'])
  })

  it('one that can be paused is', () => {
    const { host, ws, transport } = rig(new PausableWebSocket())
    transport.pauseProducing()
    transport.resumeProducing()
    transport.abortConnection()
    host.settle()
    expect(ws.take()).toEqual(['pause', 'resume', 'terminate'])
  })

  it('loseConnection closes it, and waits for the peer, but not for ever', () => {
    const answered = rig()
    answered.transport.write('bye')
    answered.transport.loseConnection()
    answered.host.settle()
    expect(answered.ws.take()).toEqual(['send bye', 'close 1000'])
    expect(answered.protocol.events).toEqual([])
    answered.ws.emit('close', { code: 1000 })
    expect(answered.protocol.events).toEqual(['lost ConnectionDone'])
    expect(answered.reactor.getDelayedCalls()).toEqual([])
    const silent = rig()
    silent.transport.loseConnection()
    silent.host.pass(1_999)
    expect(silent.protocol.events).toEqual([])
    silent.host.pass(2)
    expect(silent.protocol.events).toEqual(['lost ConnectionDone'])
  })

  it('a closed sending side is a closed WebSocket', () => {
    const { host, ws, protocol, transport } = rig()
    transport.loseWriteConnection()
    host.settle()
    expect(ws.take()).toEqual(['close 1000'])
    ws.emit('close', { code: 1005 })
    host.settle()
    expect(protocol.events).toEqual(['lost ConnectionDone'])
  })

  it('other codes are ConnectionLost, with the code in the cause', () => {
    const { ws, protocol } = rig()
    ws.emit('error')
    ws.emit('close', { code: 1006, reason: '' })
    expect(protocol.events).toEqual(['lost ConnectionLost'])
    expect(protocol.reasons[0].value.cause).toMatchObject({ code: 'ERR_TRANSPORT_WEBSOCKET_CLOSED', closeCode: 1006 })
  })

  it('one that was closed before ends in a later turn', () => {
    const ws = new FakeWebSocket()
    ws.readyState = 3
    const { host, protocol } = rig(ws)
    expect(protocol.events).toEqual([])
    host.settle()
    expect(protocol.events).toEqual(['lost ConnectionDone'])
  })

  it('without a protocol bytes wait until somebody takes them', async () => {
    const { host, ws, transport } = rig(new FakeWebSocket(), { protocol: undefined })
    ws.message('a')
    host.settle()
    const pieces = transport[Symbol.asyncIterator]()
    const first = pieces.next()
    host.settle()
    expect(new TextDecoder().decode((await first).value)).toBe('a')
    const other = rig(new FakeWebSocket(), { protocol: undefined })
    other.ws.message('b')
    const taken = new Recorder()
    other.transport.switchProtocol(taken)
    other.host.settle()
    expect(taken.events).toEqual(['data b'])
  })

  it('wants a WebSocket and a reactor', () => {
    expect(() => fromWebSocket(new FakeWebSocket(), {} as never)).toThrow('reactor')
    expect(() => fromWebSocket({} as never, { reactor: fakeReactor().reactor })).toThrow(TypeError)
  })
})
