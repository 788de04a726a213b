import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import * as errors from '../../../assembly/abi/errors.js'
import * as http from '../../../assembly/abi/http.js'
import * as layout from '../../../assembly/abi/layout.js'
import * as limits from '../../../assembly/abi/limits.js'
import * as records from '../../../assembly/abi/records.js'
import * as websocket from '../../../assembly/abi/websocket.js'
import { ABI_VERSION } from '../../../assembly/abi/version.js'
import { bytes, piecesOf } from './support/bytes.js'

const page = readFileSync(new URL('../../../docs/abi.md', import.meta.url), 'utf8')

describe('docs/abi.md', () => {
  it('gives every constant of the ABI its value', () => {
    const written = new Map([...page.matchAll(/^\| `(\w+)` \| (-?\d+) \|/gm)].map((row) => [row[1], Number(row[2])]))
    const constants = { ...errors, ...http, ...layout, ...limits, ...records, ...websocket }
    expect(Object.fromEntries(written)).toEqual(constants)
    expect(page).toContain(`\`ABI_VERSION\` (${ABI_VERSION})`)
  })

  it('shows a host that works', () => {
    const code = /```js\n(.*?)```/s.exec(page)![1]!
    const splitLines = new Function(`${code}; return splitLines`)() as (wasm: Uint8Array, chunks: Uint8Array[]) =>
      string[]
    const wasm = readFileSync(new URL('../../../build/wasm/core.baseline.wasm', import.meta.url))
    const lines = Array.from({ length: 5000 }, (_, i) => `line ${i} ${'x'.repeat(i % 60)}`)
    const data = bytes(`${lines.join('\n')}\nrest`)
    for (const chunks of [[data], piecesOf(data, 1460), piecesOf(data, 70_001)]) {
      expect(splitLines(wasm, chunks)).toEqual(lines)
    }
  })
})
