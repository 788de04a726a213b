/**
 * What `npm run sim` makes of its arguments, on the built runner.
 */
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { textOf } from '../arch/files.js'
import { seedsFor } from './runner/scenarios.js'

const PROGRAM = fileURLToPath(new URL('../../build/js/test/sim/runner/main.js', import.meta.url))

function run(...args: string[]): Promise<{ code: number, stdout: string, stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [PROGRAM, ...args], (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }))
  })
}

describe('npm run sim', () => {
  it.each([
    [['--seeds', 'many'], "--seeds takes a whole number, not 'many'"],
    [['--seed', '1', '--until', 'noon'], "--until takes a time above 0 ms, not 'noon'"],
    [['--seed', '1', '--until', ''], "--until takes a time above 0 ms, not ''"],
    [['--seed', '1', '--faults', 'a,b'], "--faults takes a whole number, not 'a'"],
    [['--seed', '1', '--seeds', '5'], '--seeds is for many seeds, and --seed is for one'],
    [['--least', 'most'], "--least takes a whole number, not 'most'"],
    [['--seed', '1', '--least', '5'], '--least is for many seeds, and --seed is for one'],
    [['--hosts', '2'], '--hosts is of a recipe, which needs --seed'],
    [['--seeds', '5', '--from', '9007199254740990'], 'there are no 5 seeds from 9007199254740990 on'],
    [['--scenario', 'nobody'], "no scenario is called 'nobody'; there are: chat, "],
  ])('refuses %j before it runs anything', async (args, words) => {
    const { code, stdout, stderr } = await run(...args)
    expect(stderr.split('\n')[0]).toContain(words)
    expect(stderr).toContain('npm run sim -- [options]')
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  })

  it('gives each scenario a thousand seeds in CI, whatever its share', () => {
    const [, total, least] = /sim -- --seeds (\d+) --least (\d+)\n/.exec(textOf('.ci/run'))!
    const folder = new URL('scenarios/', import.meta.url)
    const files = readdirSync(folder).map((name) => readFileSync(new URL(name, folder), 'utf8'))
      .filter((text) => text.includes('export const scenario'))
      .map((text) => ({ share: Number(/^export const share = (.*)$/m.exec(text)?.[1] ?? 1) }))
    const counts = [...seedsFor(files, Number(total), Number(least)).values()]
    expect(counts.length).toBeGreaterThan(8)
    expect(Math.min(...counts)).toBe(1_000)
    expect(Math.max(...counts)).toBeGreaterThan(1_400)
  })

  it('takes a seed as it is written: 2^64 and a word are not another number', async () => {
    const digests = new Set<string>()
    for (const seed of ['18446744073709551616', '18446744073709552000', '-3', 'a word']) {
      const { stdout } = await run('--scenario', 'udp', `--seed=${seed}`, '--until', '3000')
      digests.add(/digest ([\da-f]+)/.exec(stdout)![1]!)
    }
    expect(digests.size).toBe(4)
  })

  it('runs none when none are asked for', async () => {
    const { code, stdout } = await run('--seeds', '0')
    expect({ code, last: stdout.trim().split('\n').at(-1) }).toEqual({
      code: 0, last: expect.stringMatching(/^0 seeds in .*; all well$/),
    })
  })
})
