import { describe, expect, it } from 'vitest'
import { Clock } from '../../../src/reactor/index.js'
import { interleaveFamilies, StaggeredRace } from '../../../src/transports/staggered.js'
import type { Runner } from '../../../src/transports/staggered.js'

/** A race whose attempts the test decides, and what was seen of it. */
function rig(targets: string[], delay = 250, onStart?: (target: string, runner: Runner<string>) => void) {
  const clock = new Clock()
  const seen: string[] = []
  const runners: Record<string, Runner<string>> = {}
  const race = new StaggeredRace<string, string>(clock, targets, delay, {
    start: (target, runner) => {
      seen.push(`start ${target} at ${clock.now()}`)
      runners[target] = runner
      onStart?.(target, runner)
      return () => seen.push(`cancel ${target}`)
    },
    won: (prize) => seen.push(`won ${prize}`),
    lost: (errors) => seen.push(`lost ${errors.map((error) => (error as Error).message).join(' ')}`),
  })
  return { clock, seen, runners, race, timers: () => clock.getDelayedCalls().length }
}

describe('a staggered race', () => {
  it('E16 starts the next after each delay, as long as nothing happens', () => {
    const { clock, seen, race, timers } = rig(['a', 'b', 'c'])
    race.start()
    clock.advance(249)
    expect(seen).toEqual(['start a at 0'])
    clock.pump([1, 250, 1000])
    expect(seen).toEqual(['start a at 0', 'start b at 250', 'start c at 500'])
    expect(timers()).toBe(0)
  })

  it('E16 starts the next at once when one failed, and the delay counts anew', () => {
    const { clock, seen, runners, race } = rig(['a', 'b', 'c'])
    race.start()
    clock.advance(100)
    runners['a'].failed(new Error('no'))
    expect(seen).toEqual(['start a at 0', 'start b at 100'])
    clock.advance(249)
    expect(seen).toHaveLength(2)
    clock.advance(1)
    expect(seen[2]).toBe('start c at 350')
  })

  it('E16 the first success wins, the others are cancelled, and nothing comes after', () => {
    const { clock, seen, runners, race, timers } = rig(['a', 'b', 'c'])
    race.start()
    clock.advance(250)
    expect(runners['b'].won('B')).toBe(true)
    expect(seen).toEqual(['start a at 0', 'start b at 250', 'cancel a', 'won B'])
    expect(timers()).toBe(0)
    expect(runners['a'].won('A')).toBe(false)
    runners['a'].failed(new Error('late'))
    runners['b'].failed(new Error('late'))
    expect(runners['b'].won('B')).toBe(false)
    expect(seen).toHaveLength(4)
  })

  it('an earlier attempt may still win after a later one has failed', () => {
    const { clock, seen, runners, race } = rig(['a', 'b'])
    race.start()
    clock.advance(250)
    runners['b'].failed(new Error('no'))
    expect(seen).toHaveLength(2)
    runners['a'].won('A')
    expect(seen.slice(2)).toEqual(['won A'])
  })

  it('E16 when all have failed it is lost, with every error in the order they came', () => {
    const { clock, seen, runners, race, timers } = rig(['a', 'b'])
    race.start()
    clock.advance(250)
    runners['b'].failed(new Error('b'))
    runners['a'].failed(new Error('a'))
    expect(seen.slice(2)).toEqual(['lost b a'])
    expect(timers()).toBe(0)
  })

  it('without targets it is lost at once', () => {
    const { seen, race } = rig([])
    race.start()
    expect(seen).toEqual(['lost '])
  })

  it('E16 cancel cancels all', () => {
    const { clock, seen, runners, race, timers } = rig(['a', 'b', 'c'])
    race.start()
    clock.advance(250)
    race.cancel()
    expect(seen.slice(2)).toEqual(['cancel a', 'cancel b'])
    expect(timers()).toBe(0)
    expect(runners['a'].won('A')).toBe(false)
    runners['b'].failed(new Error('late'))
    race.cancel()
    clock.advance(1000)
    expect(seen).toHaveLength(4)
  })

  it('attempts may fail or win from inside their start, in any number', () => {
    const targets = Array.from({ length: 20_000 }, (_, i) => String(i))
    const { seen, race, timers } = rig(targets, 250, (target, runner) => {
      if (target === '19999') runner.won('at last')
      else runner.failed(new Error(target))
    })
    race.start()
    expect(seen.slice(-2)).toEqual(['start 19999 at 0', 'won at last'])
    expect(timers()).toBe(0)
  })

  it('a start that throws is a failure', () => {
    const { seen, race } = rig(['a', 'b'], 250, (target) => {
      throw new Error(`${target} threw`)
    })
    race.start()
    expect(seen).toEqual(['start a at 0', 'start b at 0', 'lost a threw b threw'])
  })

  it('cancelled from inside a start: that attempt is given up too', () => {
    const { clock, seen, race, timers } = rig(['a', 'b', 'c'], 250, (target) => {
      if (target === 'b') race.cancel()
    })
    race.start()
    clock.pump([250, 1000])
    expect(seen).toEqual(['start a at 0', 'start b at 250', 'cancel a', 'cancel b'])
    expect(timers()).toBe(0)
  })
})

describe('the order of addresses', () => {
  it('E16 families take turns, beginning with that of the first, and keep their order', () => {
    expect(interleaveFamilies(['::1', '::2', '::3', '10.0.0.1', '10.0.0.2']))
      .toEqual(['::1', '10.0.0.1', '::2', '10.0.0.2', '::3'])
    expect(interleaveFamilies(['10.0.0.1', '10.0.0.2', 'fe80::1%eth0'])).toEqual(['10.0.0.1', 'fe80::1%eth0', '10.0.0.2'])
    expect(interleaveFamilies(['10.0.0.2', '10.0.0.1'])).toEqual(['10.0.0.2', '10.0.0.1'])
    expect(interleaveFamilies([])).toEqual([])
  })
})
