/** A slice of what `npm run test:long` does at full size in test/long/connections.test.ts. */
import { describe, expect, it } from 'vitest'
import { FRAMING_NAMES, growth, holdConnections, streamMessages } from '../long/connections-scenarios.js'

const MIB = 1 << 20

describe('connections', () => {
  it('500 are held and used at the same time, and nothing is lost', async () => {
    const { open, answered, bytesIn, bytesOut, left } = await holdConnections(500, 4)
    expect(open).toBe(500)
    expect(answered).toBe(2000)
    expect(bytesOut).toBe(bytesIn)
    expect(left).toEqual({ connections: 0, parsers: 0 })
  })

  it.each(FRAMING_NAMES)('50,000 messages (%s) go through one and back, and memory stays flat', async (framing) => {
    const { received, answered, samples } = await streamMessages(framing, 50_000)
    expect([received, answered, samples.length]).toEqual([50_000, 50_000, 10])
    expect(growth(samples, 'coreTotal')).toBe(0)
    expect(growth(samples, 'core')).toBeLessThan(MIB / 4)
    expect(growth(samples, 'heap')).toBeLessThan(4 * MIB)
    expect(growth(samples, 'arrayBuffers')).toBeLessThan(4 * MIB)
  })
})
