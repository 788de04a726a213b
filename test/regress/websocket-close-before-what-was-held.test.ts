/**
 * A protocol had paused while a message came, and resumed; before it got what was held, the WebSocket closed, and the
 * transport ended at once: the message was lost without a word. A page with much to do lost the end of 1 MiB that way.
 */
import { describe, expect, it } from 'vitest'
import { fromWebSocket } from '../../src/transports/index.js'
import { fakeReactor } from '../unit/reactor/fake-host.js'
import { bytes, Recorder } from '../unit/transports/fake-channel.js'

/** A WebSocket that the test plays, and a protocol that pauses at each chunk. */
function rig() {
  const listeners = new Map<string, (event: never) => void>()
  const ws = {
    binaryType: '', readyState: 1, bufferedAmount: 0, url: 'ws://h/', send: () => undefined, close: () => undefined,
    addEventListener: (type: string, listener: (event: never) => void) => void listeners.set(type, listener),
  }
  const { host, reactor } = fakeReactor()
  const protocol = new Recorder()
  const transport = fromWebSocket(ws, { reactor, protocol })
  return {
    host, protocol, transport,
    message: (text: string) => listeners.get('message')!({ data: bytes(text).buffer } as never),
    closed: (code: number) => {
      ws.readyState = 3
      listeners.get('close')!({ code } as never)
    },
  }
}

describe('a WebSocket that closes between resuming and what was held', () => {
  it('ends behind it', () => {
    const { host, protocol, transport, message, closed } = rig()
    transport.pauseProducing()
    message('held')
    transport.resumeProducing()
    closed(1000)
    host.settle()
    expect(protocol.events).toEqual(['data held', 'lost ConnectionDone'])
  })

  it('ends behind it though the protocol pauses again', () => {
    const { host, protocol, transport, message, closed } = rig()
    transport.pauseProducing()
    message('one ')
    message('two')
    transport.resumeProducing()
    closed(1000)
    transport.pauseProducing()
    host.settle()
    expect(protocol.events).toEqual([])
    transport.resumeProducing()
    host.settle()
    expect(protocol.events).toEqual(['data one ', 'data two', 'lost ConnectionDone'])
  })

  it('is told at once when it broke', () => {
    const { host, protocol, transport, message, closed } = rig()
    transport.pauseProducing()
    message('held')
    transport.resumeProducing()
    closed(1006)
    host.settle()
    expect(protocol.events).toEqual(['lost ConnectionLost'])
  })

  it('is given up with it by a protocol that has closed', () => {
    const { host, protocol, transport, message, closed } = rig()
    transport.pauseProducing()
    message('held')
    transport.loseConnection()
    host.settle()
    closed(1000)
    host.settle()
    expect(protocol.events).toEqual(['lost ConnectionDone'])
  })
})
