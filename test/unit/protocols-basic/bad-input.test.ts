/**
 * What a hostile or broken other end can send, and what it costs: memory of the core is asked for before and after.
 */
import { setImmediate as turn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { beforeAll, describe, expect, it } from 'vitest'
import { LineReceiver, NetstringReceiver } from '../../../src/protocols/index.js'
import {
  Int16Strings, Int32Strings, Int8Strings, KINDS, Lines, Netstrings, bytes, connect, cuts, drop, memory, prefix,
} from './support.js'

// The core's table of handles grows with the first ones and is kept: not what is measured here.
beforeAll(() => {
  const all = Array.from({ length: 300 }, () => connect(new Lines()).protocol)
  for (const protocol of all) protocol.dataReceived(bytes('x'))
  for (const protocol of all) drop(protocol)
})

describe('a connection that is lost in the middle of a frame', () => {
  for (const { name, make, frame } of KINDS) {
    it(`${name} gives back what it kept`, () => {
      const before = memory()
      const { protocol } = connect(make())
      protocol.dataReceived(bytes(frame('whole') + frame('x'.repeat(200)).slice(0, -20)))
      expect(memory().parsers).toBe(before.parsers + 1)
      expect(memory().used).toBeGreaterThan(before.used + 150)
      drop(protocol)
      expect(memory()).toEqual(before)
      expect(protocol.got).toEqual(['whole'])
    })
  }

  it('costs nothing for a connection on which nothing ever came', () => {
    const before = memory()
    const { protocol } = connect(new Lines())
    expect(memory()).toEqual(before)
    drop(protocol)
    expect(memory()).toEqual(before)
  })

  it('costs 64 bytes for a connection between two messages, as docs/guide/framing.md says', () => {
    for (const { make, frame } of KINDS) {
      const before = memory()
      const { protocol } = connect(make())
      for (const parts of [...cuts(bytes(frame('some payload')))]) for (const part of parts) protocol.dataReceived(part)
      expect(memory()).toEqual({ used: before.used + 64, parsers: before.parsers + 1 })
      drop(protocol)
      expect(memory()).toEqual(before)
    }
  })

  it('gives back what it kept when a subclass forgets super.connectionLost, once it is collected', async () => {
    class Forgetful extends LineReceiver {
      override connectionLost(): void {}
    }
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const before = memory()
    const forget = (count: number): void => {
      for (let n = 0; n < count; n++) {
        const { protocol } = connect(new Forgetful())
        protocol.dataReceived(bytes('whole\r\nhalf a line'))
        protocol.connectionLost()
      }
    }
    forget(100)
    expect(memory().parsers).toBe(before.parsers + 100)
    // The core knows whose events were read last: now it is somebody else.
    const { protocol } = connect(new Lines())
    protocol.dataReceived(bytes('line\r\n'))
    drop(protocol)
    // Finalizers run between turns, some time after the collection.
    for (let tries = 0; tries < 1000 && memory().parsers > before.parsers; tries++) {
      if (tries % 20 === 0) collect()
      await turn()
    }
    expect(memory()).toEqual(before)
  })
})

describe('a flood', () => {
  const chunk = new Uint8Array(1000).fill(0x78)

  it('without a delimiter keeps at most twice maxLength, closes, and gives all back', () => {
    const before = memory()
    const { protocol, transport } = connect(new Lines())
    let most = 0
    for (let n = 0; n < 1000; n++) {
      protocol.dataReceived(chunk)
      most = Math.max(most, memory().used - before.used)
    }
    expect(protocol.got).toHaveLength(1)
    expect(transport.disconnecting).toBe(true)
    expect(most).toBeGreaterThan(15_000)
    expect(most).toBeLessThan(2 * 16_384 + 200)
    expect(memory().used - before.used).toBeLessThan(200)
    drop(protocol)
    expect(memory()).toEqual(before)
  })

  it('without a delimiter stays bounded for a protocol that does not close', () => {
    class Patient extends LineReceiver {
      exceeded = 0
      override lineLengthExceeded(): void { this.exceeded++ }
    }
    const before = memory()
    const { protocol } = connect(new Patient())
    let most = 0
    for (let n = 0; n < 1000; n++) {
      protocol.dataReceived(chunk)
      most = Math.max(most, memory().used - before.used)
    }
    expect(protocol.exceeded).toBe(Math.floor(1_000_000 / 17_000))
    expect(most).toBeLessThan(2 * 16_384 + 200)
    drop(protocol)
    expect(memory()).toEqual(before)
  })

  it('in one huge chunk is no different', () => {
    const before = memory()
    const { protocol, transport } = connect(new Lines())
    protocol.lineLengthExceeded = (line) => {
      expect(line).toHaveLength(1_000_000)
      transport.loseConnection()
    }
    protocol.dataReceived(new Uint8Array(1_000_000).fill(0x78))
    expect(transport.disconnecting).toBe(true)
    expect(memory().used - before.used).toBeLessThan(200)
    drop(protocol)
    expect(memory()).toEqual(before)
  })

  it('of digits closes at the first one over the limit', () => {
    const before = memory()
    const { protocol, transport } = connect(new Netstrings())
    protocol.dataReceived(bytes('9'.repeat(1_000_000)))
    expect([protocol.errors.length, transport.disconnecting]).toEqual([1, true])
    drop(protocol)
    expect(memory()).toEqual(before)
  })

  it('a length that promises much reserves nothing before the bytes come', () => {
    const cases = [
      [new Netstrings(), '99999:'], [new Int8Strings(), prefix(1, 255)], [new Int16Strings(), prefix(2, 65535)],
      [Object.assign(new Int32Strings(), { maxLength: Infinity }), prefix(4, 2 ** 30 - 1)],
    ] as const
    for (const [protocol, head] of cases) {
      const before = memory()
      const { transport } = connect(protocol)
      protocol.dataReceived(bytes(`${head}some`))
      expect(transport.disconnecting).toBe(false)
      expect(memory().used - before.used).toBeLessThan(500)
      drop(protocol)
      expect(memory()).toEqual(before)
    }
  })

  it('behind a refused length is not kept', () => {
    const before = memory()
    const { protocol } = connect(new Int32Strings())
    protocol.lengthLimitExceeded = () => {}
    protocol.dataReceived(bytes(prefix(4, 100000)))
    for (let n = 0; n < 1000; n++) protocol.dataReceived(chunk)
    expect(memory().used - before.used).toBeLessThan(200)
    drop(protocol)
    expect(memory()).toEqual(before)
  })

  it('of whole frames leaves nothing behind', () => {
    for (const { make, frame } of KINDS) {
      const before = memory()
      const { protocol } = connect(make())
      const data = bytes(frame('some payload').repeat(1000))
      for (let at = 0; at < data.length; at += 700) protocol.dataReceived(data.subarray(at, at + 700))
      expect(protocol.got).toHaveLength(1000)
      drop(protocol)
      expect(memory()).toEqual(before)
    }
  })
})

describe('a protocol that throws', () => {
  it('loses nothing that came before, and another connection is not affected', () => {
    for (const { make, frame } of KINDS) {
      const before = memory()
      const bad = connect(make()).protocol
      const good = connect(make()).protocol
      good.dataReceived(bytes(frame('first') + frame('half').slice(0, -2)))
      bad.at[1] = () => { throw new Error('bug') }
      expect(() => bad.dataReceived(bytes(frame('a') + frame('b') + frame('c')))).toThrow('bug')
      good.dataReceived(bytes(frame('half').slice(-2) + frame('last')))
      expect(good.got).toEqual(['first', 'half', 'last'])
      expect(bad.got).toEqual(['a', 'b'])
      drop(bad)
      drop(good)
      expect(memory()).toEqual(before)
    }
  })

  it('may throw from what it does about bad input', () => {
    class Angry extends NetstringReceiver {
      got = 0
      override stringReceived(): void { this.got++ }
      override handleParseError(error: Error): never { throw error }
    }
    const before = memory()
    const { protocol } = connect(new Angry())
    const receiving = (): void => protocol.dataReceived(bytes('1:a,?1:b,'))
    expect(receiving).toThrow(expect.objectContaining({ code: 'ERR_NETSTRING_PARSE' }))
    protocol.dataReceived(bytes('1:c,'))
    expect(protocol.got).toBe(1)
    drop(protocol)
    expect(memory()).toEqual(before)
  })
})

describe('the other end closes while the protocol is paused', () => {
  it('keeps nothing of what the pause held back', () => {
    for (const { make, frame } of KINDS) {
      const before = memory()
      const { protocol } = connect(make())
      protocol.at[0] = () => protocol.pauseProducing()
      protocol.dataReceived(bytes(frame('a') + frame('b') + frame('c').slice(0, -1)))
      drop(protocol)
      protocol.resumeProducing()
      expect(protocol.got).toEqual(['a'])
      expect(memory()).toEqual(before)
    }
  })
})
