import { describe, expect, it } from 'vitest'
import { Failure } from '../../../src/defer/index.js'
import { ConnectionDone } from '../../../src/errors/index.js'
import { TimeoutMixin } from '../../../src/protocols/policies/index.js'
import { Protocol } from '../../../src/protocols/protocol.js'
import { Clock } from '../../../src/reactor/clock.js'
import { StringTransport } from '../../../src/testing/string-transport.js'

class Timed extends TimeoutMixin(Protocol) {
  lost: Failure | null = null

  override connectionLost(reason: Failure): void {
    this.lost = reason
    super.connectionLost(reason)
  }
}

function connected(): { clock: Clock, protocol: Timed, transport: StringTransport } {
  const clock = new Clock()
  const protocol = new Timed()
  const transport = new StringTransport()
  protocol.clock = clock
  protocol.makeConnection(transport)
  return { clock, protocol, transport }
}

describe('TimeoutMixin', () => {
  it('closes the connection when the time is over, not before', () => {
    const { clock, protocol, transport } = connected()
    protocol.setTimeout(1_000)
    clock.advance(999)
    expect(transport.disconnecting).toBe(false)
    clock.advance(1)
    expect(transport.disconnecting).toBe(true)
  })

  it('counts from the last reset', () => {
    const { clock, protocol, transport } = connected()
    protocol.setTimeout(1_000)
    clock.advance(900)
    protocol.resetTimeout()
    clock.advance(999)
    expect(transport.disconnecting).toBe(false)
    clock.advance(1)
    expect(transport.disconnecting).toBe(true)
  })

  it('setTimeout returns the previous period, and changes the running one from now', () => {
    const { clock, protocol, transport } = connected()
    expect(protocol.setTimeout(1_000)).toBeNull()
    clock.advance(500)
    expect(protocol.setTimeout(200)).toBe(1_000)
    expect(protocol.timeOut).toBe(200)
    clock.advance(199)
    expect(transport.disconnecting).toBe(false)
    clock.advance(1)
    expect(transport.disconnecting).toBe(true)
  })

  it('setTimeout(null) stops the timer; a reset does not start it', () => {
    const { clock, protocol, transport } = connected()
    protocol.setTimeout(1_000)
    expect(protocol.setTimeout(null)).toBe(1_000)
    protocol.resetTimeout()
    expect(clock.getDelayedCalls()).toEqual([])
    clock.advance(10_000)
    expect(transport.disconnecting).toBe(false)
    expect(protocol.setTimeout(null)).toBeNull()
  })

  it('times out once, until set again', () => {
    const { clock, protocol } = connected()
    let times = 0
    protocol.timeoutConnection = () => { times += 1 }
    protocol.setTimeout(10)
    clock.advance(10)
    protocol.resetTimeout()
    clock.advance(100)
    expect(times).toBe(1)
    protocol.setTimeout(10)
    clock.advance(10)
    expect(times).toBe(2)
  })

  it('leaves no timer behind a lost connection', () => {
    const { clock, protocol } = connected()
    protocol.setTimeout(1_000)
    const reason = new Failure(new ConnectionDone())
    protocol.connectionLost(reason)
    expect(protocol.lost).toBe(reason)
    expect(clock.getDelayedCalls()).toEqual([])
  })

  it('without a clock throws a TypeError that names the property', () => {
    const protocol = new Timed()
    protocol.makeConnection(new StringTransport())
    expect(() => protocol.setTimeout(1)).toThrow(TypeError)
    expect(() => protocol.setTimeout(1)).toThrow('"clock"')
    expect(protocol.timeOut).toBeNull()
  })

  it('refuses a negative period and no number', () => {
    const { clock, protocol } = connected()
    expect(() => protocol.setTimeout(-1)).toThrow(RangeError)
    expect(() => protocol.setTimeout(Number.NaN)).toThrow(RangeError)
    expect(clock.getDelayedCalls()).toEqual([])
  })

  it('puts calls off as callLater says', () => {
    const clock = new Clock()
    class Slow extends Timed {
      override callLater(ms: number, fn: () => void) {
        return clock.callLater(ms * 2, fn)
      }
    }
    const protocol = new Slow()
    const transport = new StringTransport()
    protocol.makeConnection(transport)
    protocol.setTimeout(10)
    clock.advance(19)
    expect(transport.disconnecting).toBe(false)
    clock.advance(1)
    expect(transport.disconnecting).toBe(true)
  })
})
