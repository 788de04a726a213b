/** What leaves nothing behind: a short slice of test/long/defer.test.ts. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { logPublisher } from '../../../src/logger/index.js'
import { growth, leakScenarios } from './leak-scenarios.js'

// Far less than any object: what a round leaves by chance is divided by its length.
const BYTES = 48

describe('nothing is left behind by 1,000 times', () => {
  const ignore = (): void => {}
  beforeEach(() => logPublisher.addObserver(ignore))
  afterEach(() => logPublisher.removeObserver(ignore))

  it.each(leakScenarios)('$name', async (scenario) => {
    expect(await growth(scenario, 1000, BYTES)).toBeLessThan(BYTES)
  })

  it('and what does leave something is seen', async () => {
    const kept: object[] = []
    const leaks = { name: 'leaks', begin: () => () => void kept.push(new Array(8).fill(1)) }
    expect(await growth(leaks, 1000, BYTES)).toBeGreaterThan(BYTES)
  })
})
