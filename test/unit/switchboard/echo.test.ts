import { describe, expect, it } from 'vitest'
import { ConnectionDone, ConnectionLost, Deferred, Failure } from 'whorl'
import type { ITransport } from 'whorl'
import { Clock, StringTransport } from 'whorl/testing'
import { Echo, EchoFactory } from '../../../examples/switchboard/echo.js'
import { ECHO_BACKLOG, ECHO_IDLE } from '../../../examples/switchboard/limits.js'
import { PerPeerLimit } from '../../../examples/switchboard/per-peer.js'
import { Traffic } from '../../../examples/switchboard/traffic.js'

/** A transport whose peer reads nothing until told to. */
class Slow extends StringTransport {
  readonly waiting = new Deferred<void>()

  override get writableLength(): number {
    return this.value().length
  }

  override drain(): Deferred<void> {
    return this.waiting
  }
}

function connected(transport: StringTransport): { clock: Clock, echo: Echo } {
  const clock = new Clock()
  const echo = new EchoFactory(clock).buildProtocol()
  echo.makeConnection(transport as ITransport)
  return { clock, echo }
}

describe('Echo', () => {
  it('sends back every byte', () => {
    const transport = new StringTransport()
    const { echo } = connected(transport)
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i)
    echo.dataReceived(bytes)
    echo.dataReceived(bytes.slice(0, 3))
    expect([...transport.value()]).toEqual([...bytes, 0, 1, 2])
  })

  it('does not read on while the peer does not take what was sent', () => {
    const transport = new Slow()
    const { echo } = connected(transport)
    echo.dataReceived(new Uint8Array(ECHO_BACKLOG))
    expect(transport.producerState).toBe('producing')
    echo.dataReceived(new Uint8Array(1))
    expect(transport.producerState).toBe('paused')
    transport.waiting.callback()
    expect(transport.producerState).toBe('producing')
  })

  it('takes the end of a connection that it waits for quietly', () => {
    const transport = new Slow()
    const { clock, echo } = connected(transport)
    echo.dataReceived(new Uint8Array(ECHO_BACKLOG + 1))
    const reason = new Failure(new ConnectionLost())
    echo.connectionLost(reason)
    transport.waiting.errback(reason)
    expect(transport.waiting.result).toBeUndefined()
    expect(transport.producerState).toBe('paused')
    expect(clock.getDelayedCalls()).toEqual([])
  })

  it('closes a connection on which nothing arrives', () => {
    const transport = new StringTransport()
    const { clock, echo } = connected(transport)
    clock.advance(ECHO_IDLE - 1)
    echo.dataReceived(Uint8Array.of(1))
    clock.advance(ECHO_IDLE - 1)
    expect(transport.aborted).toBe(false)
    clock.advance(1)
    expect(transport.aborted).toBe(true)
  })
})

describe('PerPeerLimit', () => {
  const address = (host: string) => ({ family: 'IPv4', type: 'TCP', host, port: 4000 }) as const

  it('tells the one beyond the limit why, serves others, and serves again when one has gone', () => {
    const traffic = new Traffic()
    const limit = new PerPeerLimit(new EchoFactory(new Clock()), 2, traffic)
    const connect = (host: string) => {
      const protocol = limit.buildProtocol(address(host))
      const transport = new StringTransport()
      protocol.makeConnection(transport as ITransport)
      protocol.dataReceived(Uint8Array.of(0x21))
      return { protocol, transport }
    }
    const first = connect('192.0.2.7')
    expect(first.transport.text()).toBe('!')
    expect(connect('192.0.2.7').transport.text()).toBe('!')
    const { transport } = connect('192.0.2.7')
    expect(transport.text()).toBe('Too many connections from your address; at most 2. Goodbye.\r\n')
    expect(transport.disconnecting).toBe(true)
    expect(connect('192.0.2.8').transport.text()).toBe('!')
    first.protocol.connectionLost(new Failure(new ConnectionDone()))
    expect(connect('192.0.2.7').transport.text()).toBe('!')
  })
})
