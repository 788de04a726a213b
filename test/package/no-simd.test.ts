/**
 * An engine without SIMD: V8 has none on an x64 processor that it takes to be older than SSE 4.1.
 */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const WITHOUT = ['--no-enable-ssse3', '--no-enable-sse4-1']
const PROGRAM = `
  import { readFileSync } from 'node:fs'
  import { bestBuild, createCore } from 'whorl/core'
  const simd = readFileSync('build/wasm/core.simd.wasm')
  const told = [WebAssembly.validate(simd), bestBuild()]
  createCore().lineParser({ handler: { line: (line) => told.push(line) } }).receive(Uint8Array.of(0x68, 0x69, 13, 10))
  console.log(JSON.stringify(told))
`

async function told(flags: readonly string[]): Promise<unknown> {
  const cwd = fileURLToPath(new URL('../..', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, '--input-type=module', '-e', PROGRAM], { cwd })
  return JSON.parse(stdout)
}

// Other processors' SIMD cannot be switched off.
it.runIf(process.arch === 'x64')('an engine without SIMD runs the build without it', async () => {
  expect(await told(WITHOUT)).toEqual([false, 'baseline', 'hi'])
  expect(await told([])).toEqual([true, 'simd', 'hi'])
})
