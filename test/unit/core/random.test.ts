import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ERR_HANDLE } from '../../../assembly/abi/errors.js'
import { RANDOM_WORDS } from '../../../assembly/abi/layout.js'
import { SeededRandom } from '../../../src/core/index.js'
import { BUILDS, coreOf } from './support/builds.js'

describe.each(BUILDS)('SeededRandom (%s)', (build) => {
  const core = coreOf(build)
  const take = (random: SeededRandom, count: number): number[] => Array.from({ length: count }, () => random.next())

  it('draws what the reference implementation of xoshiro128** draws', () => {
    const random = new SeededRandom(core, Uint32Array.of(1, 2, 3, 4))
    expect(take(random, 10)).toEqual([
      11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804,
    ])
  })

  it('goes on from block to block as the algorithm says', () => {
    const state = [5, 6, 7, 0xffffffff]
    const random = new SeededRandom(core, Uint32Array.from(state))
    const rotl = (word: number, by: number): number => (word << by) | (word >>> (32 - by))
    for (let i = 0; i < 5 * RANDOM_WORDS; i++) {
      let [s0, s1, s2, s3] = state as [number, number, number, number]
      expect(random.next()).toBe(Math.imul(rotl(Math.imul(s1, 5), 7), 9) >>> 0)
      const t = s1 << 9
      s2 ^= s0
      s3 ^= s1
      s1 ^= s2
      s0 ^= s3
      s2 ^= t
      s3 = rotl(s3, 11)
      state.splice(0, 4, s0, s1, s2, s3)
    }
  })

  it('gives the same numbers for the same seed, as a number or text, and others for another', () => {
    // Written down: they must never change, or no recipe of an old failure repeats it any more.
    expect(take(core.random(1), 3)).toEqual(FIRST_OF_1)
    expect(take(core.random('1'), 3)).toEqual(FIRST_OF_1)
    const firsts = new Set(Array.from({ length: 1000 }, (_, seed) => core.random(seed).next()))
    expect(firsts.size).toBeGreaterThan(995)
    expect(take(core.random(''), 8).every((word) => word === 0)).toBe(false)
  })

  it('never sticks at zero, even in the one state that would', () => {
    expect(new Set(take(new SeededRandom(core, new Uint32Array(4)), 100)).size).toBeGreaterThan(90)
  })

  it('forks by seed and label alone, whatever was drawn, and to any depth', () => {
    const fresh = core.random('seed')
    const used = core.random('seed')
    take(used, 77)
    expect(take(used.fork('link a b'), 5)).toEqual(take(fresh.fork('link a b'), 5))
    expect(take(used.fork('link a b').fork('x'), 5)).toEqual(take(fresh.fork('link a b').fork('x'), 5))
    const others = [fresh.fork('link b a'), fresh.fork(''), fresh.fork('link a b').fork(''), core.random('link a b'),
      core.random('seedlink a b'), fresh.fork('link').fork(' a b')]
    const firsts = [fresh.fork('link a b'), ...others].map((random) => take(random, 2).join())
    expect(new Set(firsts).size).toBe(firsts.length)
  })

  it('does not mind how a label is kept in memory, and takes any text', () => {
    const random = core.random(0)
    for (const label of ['ü', '日本', '\ud83c\udf00', 'a'.repeat(5000)]) {
      expect(random.fork(`${label}!`.slice(0, -1)).next()).toBe(random.fork(label).next())
    }
    expect(random.fork('\ud83c').next()).toBe(random.fork('\ufffd').next())
  })

  it('float: 53 bits, evenly', () => {
    const random = core.random('float')
    const buckets = new Array<number>(16).fill(0)
    for (let i = 0; i < 16_000; i++) {
      const number = random.float()
      expect(number * 2 ** 53 % 1).toBe(0)
      buckets[Math.floor(number * 16)]!++
    }
    for (const count of buckets) expect(Math.abs(count - 1000)).toBeLessThan(160)
  })

  it('below: each number as often as any other, up to 2^53', () => {
    const random = core.random('below')
    const counts = new Array<number>(7).fill(0)
    for (let i = 0; i < 7000; i++) counts[random.below(7)]!++
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(160)
    expect(random.below(1)).toBe(0)
    // Without drawing again, the lower half of this range would come twice as often as the upper one.
    const most = 3 * 2 ** 30
    let low = 0
    for (let i = 0; i < 4000; i++) if (random.below(most) < most / 3) low++
    expect(Math.abs(low - 4000 / 3)).toBeLessThan(150)
    for (const n of [2 ** 32, 2 ** 32 + 1, 2 ** 53]) {
      for (let i = 0; i < 100; i++) {
        const number = random.below(n)
        expect(Number.isInteger(number) && number >= 0 && number < n).toBe(true)
      }
    }
    for (const wrong of [0, -1, 1.5, NaN, Infinity, 2 ** 54]) expect(() => random.below(wrong)).toThrow(RangeError)
  })

  it('between: from lo on, never hi', () => {
    fc.assert(fc.property(fc.double({ noNaN: true, min: -1e9, max: 1e9 }), fc.double({ noNaN: true, min: 0, max: 1e9 }),
      (lo, more) => {
        const number = core.random(String(lo)).between(lo, lo + more)
        expect(number).toBeGreaterThanOrEqual(lo)
        expect(number < lo + more || number === lo).toBe(true)
      }))
  })

  it('chance: as often as it says, and certain at the ends without a word', () => {
    const random = core.random('chance')
    let hits = 0
    for (let i = 0; i < 10_000; i++) if (random.chance(0.3)) hits++
    expect(Math.abs(hits - 3000)).toBeLessThan(200)
    const other = core.random('chance')
    take(other, 10_000)
    expect([random.chance(0), random.chance(-1), random.chance(1), random.chance(2), random.chance(NaN)])
      .toEqual([false, false, true, true, false])
    expect(random.next()).toBe(other.next())
  })

  it('fill: the bytes of its words, lowest first', () => {
    for (let length = 0; length < 10; length++) {
      const bytes = new Uint8Array(length + 2).fill(7)
      core.random(length).fill(bytes.subarray(1, length + 1))
      const words = take(core.random(length), 3)
      const expected = Array.from({ length }, (_, i) => (words[i >> 2]! >>> (8 * (i & 3))) & 255)
      expect([...bytes]).toEqual([7, ...expected, 7])
    }
  })

  it('tells of its end', () => {
    const random = core.random(1)
    const fork = random.fork('x')
    random.next()
    random.free()
    random.free()
    expect(() => random.next()).toThrow('freed')
    expect(fork.next()).toBe(core.random(1).fork('x').next())
    const { exports } = core
    const digest = exports.digestNew(0)
    for (const wrong of [0, -1, digest]) {
      expect(exports.randomBlock(wrong)).toBe(ERR_HANDLE)
      expect(exports.randomFree(wrong)).toBe(ERR_HANDLE)
    }
    exports.digestFree(digest)
  })
})

const FIRST_OF_1 = [3730298684, 1272887614, 1958825701]
