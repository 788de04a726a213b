import { describe, expect, it } from 'vitest'
import { StatefulProtocol } from '../../../src/protocols/index.js'
import type { State } from '../../../src/protocols/index.js'
import { StringTransport } from '../../../src/testing/string-transport.js'
import { bytes, cuts, text } from './support.js'

/** One byte says how many follow; then as many come; then again. */
class Counted extends StatefulProtocol {
  got: string[] = []
  at: Record<number, () => void> = {}

  override getInitialState(): State {
    return [this.size, 1]
  }

  size(data: Uint8Array): State | void {
    if (data[0] > 0) return [this.payload, data[0]]
  }

  payload(data: Uint8Array): State {
    this.got.push(text(data))
    this.at[this.got.length - 1]?.()
    return [this.size, 1]
  }
}

function connect<P extends StatefulProtocol>(protocol: P): { protocol: P; transport: StringTransport } {
  const transport = new StringTransport()
  protocol.makeConnection(transport)
  return { protocol, transport }
}

describe('StatefulProtocol', () => {
  it('hands each state exactly the bytes it asked for, however they come; nothing returned means stay', () => {
    for (const parts of cuts(bytes('\x01a\0\0\x05hello\x02\x01\x02\x03part'))) {
      const { protocol } = connect(new Counted())
      for (const part of parts) protocol.dataReceived(part)
      expect(protocol.got).toEqual(['a', 'hello', '\x01\x02'].concat(['par']))
      protocol.dataReceived(bytes(''))
      protocol.dataReceived(new Uint8Array(1))
      expect(protocol.got).toHaveLength(4)
    }
  })

  it('B09 delivers nothing more once the connection is being closed, and keeps none of what comes', () => {
    for (const end of ['loseConnection', 'abortConnection'] as const) {
      const { protocol, transport } = connect(new Counted())
      protocol.at[0] = () => transport[end]()
      protocol.dataReceived(bytes('\x01a\x01b'))
      protocol.dataReceived(bytes('\x01c'))
      expect(protocol.got).toEqual(['a'])
    }
  })

  it('B12 dataReceived in a handler appends, never nests', () => {
    const { protocol } = connect(new Counted())
    protocol.at[0] = () => {
      protocol.dataReceived(bytes('\x01c'))
      expect(protocol.got).toEqual(['a'])
    }
    protocol.dataReceived(bytes('\x01a\x01b'))
    expect(protocol.got).toEqual(['a', 'b', 'c'])
  })

  it('B14 a handler that throws: the error leaves dataReceived, and a later call goes on in the same state', () => {
    const { protocol } = connect(new Counted())
    protocol.at[0] = () => { throw new Error('boom') }
    expect(() => protocol.dataReceived(bytes('\x01ab\x01c'))).toThrow('boom')
    protocol.dataReceived(bytes(''))
    expect(protocol.got).toEqual(['a', 'b', 'c'])
  })

  it('asks for the first state after connectionMade, and again for a new connection', () => {
    const calls: string[] = []
    class Ordered extends Counted {
      override connectionMade(): void { calls.push('made') }
      override getInitialState(): State {
        calls.push('state')
        return super.getInitialState()
      }
    }
    const { protocol } = connect(new Ordered())
    protocol.dataReceived(bytes('\x05ab'))
    protocol.makeConnection(new StringTransport())
    protocol.dataReceived(bytes('\x01c'))
    expect(calls).toEqual(['made', 'state', 'made', 'state'])
    expect(protocol.got).toEqual(['c'])
  })

  it('takes bytes that come before its first state is asked for', () => {
    class Eager extends Counted {
      override connectionMade(): void { this.dataReceived(bytes('\x01a\x01')) }
    }
    const { protocol } = connect(new Eager())
    protocol.dataReceived(bytes('b'))
    expect(protocol.got).toEqual(['a', 'b'])
  })

  it('refuses a state that wants no bytes', () => {
    for (const count of [0, -1, NaN]) {
      class Empty extends Counted {
        override getInitialState(): State { return [this.size, count] }
      }
      expect(() => connect(new Empty())).toThrow(RangeError)
    }
  })
})
