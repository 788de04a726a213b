/** Deferreds, at length: 100,000 of everything, and 100,000 random programs against the model. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { logPublisher } from '../../src/logger/index.js'
import { growth, leakScenarios } from '../unit/defer/leak-scenarios.js'
import { compareWithModel } from '../unit/defer/programs.js'

const BYTES = 8

describe('nothing is left behind by 100,000 times', () => {
  const ignore = (): void => {}
  beforeEach(() => logPublisher.addObserver(ignore))
  afterEach(() => logPublisher.removeObserver(ignore))

  it.each(leakScenarios)('$name', async (scenario) => {
    expect(await growth(scenario, 100_000, BYTES)).toBeLessThan(BYTES)
  })
})

describe('Deferred against its model', () => {
  it('behaves the same on 100,000 random programs', () => {
    const { callbacks, waits, timeouts } = compareWithModel(100_000)
    expect(callbacks).toBeGreaterThan(100_000)
    expect(waits).toBeGreaterThan(2500)
    expect(timeouts).toBeGreaterThan(1000)
  })
})
