/**
 * Ten thousand connections at a time, and a million messages through one. `test/interop/connections.test.ts` runs a
 * slice of each with every `npm test`.
 */
import { describe, expect, it } from 'vitest'
import { FRAMING_NAMES, growth, holdConnections, streamMessages } from './connections-scenarios.js'

const MIB = 1 << 20

describe('connections', () => {
  it('10,000 are held and used at the same time, and nothing is lost', async () => {
    const { open, answered, bytesIn, bytesOut, left } = await holdConnections(10_000, 5)
    expect(open).toBe(10_000)
    expect(answered).toBe(50_000)
    expect(bytesOut).toBe(bytesIn)
    expect(left).toEqual({ connections: 0, parsers: 0 })
  })

  it.each(FRAMING_NAMES)('1,000,000 messages (%s) go through one and back, and memory stays flat', async (framing) => {
    const { received, answered, samples } = await streamMessages(framing, 1_000_000)
    expect([received, answered, samples.length]).toEqual([1_000_000, 1_000_000, 10])
    expect(growth(samples, 'coreTotal')).toBe(0)
    expect(growth(samples, 'core')).toBeLessThan(MIB / 4)
    // Less than five bytes a message.
    expect(growth(samples, 'heap')).toBeLessThan(4 * MIB)
    expect(growth(samples, 'arrayBuffers')).toBeLessThan(4 * MIB)
  })
})
