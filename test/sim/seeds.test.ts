/**
 * A slice of `npm run sim`: every scenario under some seeds, on the built package. How many seeds, over all scenarios:
 * WHORL_SIM_SEEDS, or 60; `.ci/run` runs a thousand for each scenario besides.
 */
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const SEEDS = Number(process.env['WHORL_SIM_SEEDS'] ?? 60)

interface Line {
  scenario: string
  seeds: number
  failure: string | null
}

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

it(`${SEEDS} seeds find nothing wrong`, { timeout: 600_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'whorl-sim-'))
  try {
    const json = join(folder, 'result.json')
    const output = await run(['--seeds', String(SEEDS), '--json', json])
    expect(existsSync(json), output).toBe(true)
    const lines = JSON.parse(readFileSync(json, 'utf8')) as Line[]
    expect(lines.map((line) => line.failure).filter((failure) => failure !== null).join('\n')).toBe('')
    const files = readdirSync(path('scenarios')).filter((file) =>
      readFileSync(path(`scenarios/${file}`), 'utf8').includes('export const scenario'))
    expect(lines.map((line) => `${line.scenario}.ts`)).toEqual(files.sort())
    expect(lines.reduce((sum, line) => sum + line.seeds, 0)).toBeGreaterThanOrEqual(SEEDS)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

/** @returns what it printed, however it ended */
function run(args: readonly string[]): Promise<string> {
  const program = path('../../build/js/test/sim/runner/main.js')
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...args], { maxBuffer: 2 ** 26 }, (_error, stdout, stderr) =>
      resolve(stdout + stderr))
  })
}
