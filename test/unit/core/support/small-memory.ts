/**
 * Cores whose memory cannot grow far, to see what they do when it is out.
 *
 * Owns: changing the maximum in a module's memory section, and refusing arrays to the plain build.
 */
import { readFileSync } from 'node:fs'
import { createCore } from '../../../../src/core/index.js'
import type { Core } from '../../../../src/core/index.js'
import { instantiatePlain } from '../../../../src/core/plain.js'
import type { BuildName } from './builds.js'

const MEMORY_SECTION = 5

/** The same module with another maximum, in pages of 64 KiB (below 2^21). */
export function withMaximum(module: Uint8Array, pages: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(module)
  let at = 8
  const number = (): number => {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++]!
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }
  while (at < bytes.length) {
    const id = bytes[at++]
    const size = number()
    const end = at + size
    if (id === MEMORY_SECTION) {
      number()
      if (bytes[at++] !== 1) throw new Error('this memory has no maximum')
      number()
      const from = at
      number()
      const width = at - from
      for (let i = 0; i < width; i++) bytes[from + i] = ((pages >> (7 * i)) & 0x7f) | (i < width - 1 ? 0x80 : 0)
      return bytes
    }
    at = end
  }
  throw new Error('this module has no memory')
}

/** Runs `use` with a core of at most so many pages. */
export function withSmallCore(build: BuildName, pages: number, use: (core: Core) => void): void {
  if (build !== 'plain') {
    const module = readFileSync(new URL(`../../../../build/wasm/core.${build}.wasm`, import.meta.url))
    use(createCore({ module: withMaximum(module, pages) }))
    return
  }
  const native = globalThis.ArrayBuffer
  const most = pages * 65536
  globalThis.ArrayBuffer = class extends native {
    constructor(length: number) {
      if (length > most) throw new RangeError('Array buffer allocation failed')
      super(length)
    }
  } as ArrayBufferConstructor
  try {
    use(createCore({ instantiate: instantiatePlain }))
  } finally {
    globalThis.ArrayBuffer = native
  }
}
