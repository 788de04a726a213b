/**
 * The case list of the Autobahn test suite against both of our ends; sections 9 and 10 a sixteenth as large, they are
 * run at full size in test/long/. So are 12 and 13, of which three messages of each case are sent here. See autobahn-cases.ts for where the list comes from.
 */
import { describe, expect, it } from 'vitest'
import { basics, limits } from './autobahn-cases.js'
import { deflateCases, runDeflateCase } from './autobahn-deflate.js'
import { runCase } from './autobahn-run.js'

const cases = [...basics(), ...limits(16)]

describe.each(['server', 'client'] as const)('our %s', (side) => {
  it.each(cases.map((one) => [one.id, one.title, one] as const))('%s %s', (_id, _title, one) => {
    runCase(one, side)
  })
})

const compressed = deflateCases(16_384, () => 3)

describe.each(['server', 'client'] as const)('our %s, compressed', (side) => {
  it.each(compressed.map((one) => [one.id, one.title, one] as const))('%s %s', async (_id, _title, one) => {
    await runDeflateCase(one, side)
  })
})

it('has each case once', () => {
  const ids = [...cases, ...compressed].map(({ id }) => id)
  expect(new Set(ids).size).toBe(ids.length)
  expect(ids.length).toBeGreaterThan(350)
})
