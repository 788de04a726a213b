/**
 * The scripts that the C program runs give the same in all builds here, and what differs is seen.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { CoreExports } from '../../../src/core/index.js'
import { freshCore } from '../../unit/core/support/builds.js'
import { makeVectors } from './in-host/make-vectors.js'
import { runVectors } from './in-host/vectors.js'

const groups = [
  ...makeVectors(25), { name: 'by hand', script: readFileSync(new URL('../../vectors/core.txt', import.meta.url), 'utf8') },
]

describe.each(groups)('vectors: $name', ({ script }) => {
  const expected = runVectors(script, () => freshCore('baseline').exports)

  it('are the same in all builds', () => {
    expect(expected.split('\n').length).toBeGreaterThan(30)
    expect(runVectors(script, () => freshCore('simd').exports)).toBe(expected)
    expect(runVectors(script, () => freshCore('plain').exports)).toBe(expected)
  })
})

describe('runVectors', () => {
  it('shows a byte of memory and a bit of a record that differ', () => {
    const script = 'fresh\nput 65536 0a\nset p lineParserNew 65536 1 9\nreceive $p 1 610a\nmemory\n'
    const clean = runVectors(script, () => freshCore('baseline').exports)
    const spoilt = (spoil: (core: CoreExports) => void): string => runVectors(script, () => {
      const core = freshCore('baseline').exports
      return { ...core, parserReceive: (...args) => {
        const count = core.parserReceive(...args)
        spoil(core)
        return count
      } }
    })
    expect(clean).toContain('receive = 1 consumed 2 ascii 1 more 0: 00000001 00000000 00000001 00000002')
    expect(spoilt(() => undefined)).toBe(clean)
    expect(spoilt((core) => void (new Uint8Array(core.memory.buffer)[4096] ^= 1))).not.toBe(clean)
    expect(spoilt((core) => void (new Uint8Array(core.memory.buffer)[200_000] ^= 1))).not.toBe(clean)
  })
})
