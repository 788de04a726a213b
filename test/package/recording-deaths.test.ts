/**
 * Recordings of programs that die: what each kind of death leaves in the file, and that a replay lives through it. The
 * programs are children of their own, on the built package.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Recording, Replay } from 'whorl/testing'
import { build } from '../../scripts/build.mjs'
import { root } from '../arch/files.js'

const folder = mkdtempSync(join(tmpdir(), 'whorl-deaths-'))

beforeAll(() => build(), 300_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Ticks on a recorded reactor, and dies at the third tick, if it does. */
const PROGRAM = `
import { createReactor } from '${pathToFileURL(`${root}/dist/node.js`).href}'
import { recordTo } from '${pathToFileURL(`${root}/dist/testing.node.js`).href}'
const [, , file, death, flushAfter] = process.argv
const reactor = createReactor({ record: recordTo(file, { flushAfter: Number(flushAfter) }) })
const deaths = {
  end: () => reactor.stop(),
  exit: () => process.exit(3),
  throw: () => setImmediate(() => { throw new Error('out of the blue') }),
  live: () => reactor.callLater(5, tick, 4),
  last: () => undefined,
}
function tick(n) {
  process.stdout.write(n + '\\n')
  if (n >= 3) deaths[death]()
  else reactor.callLater(1, tick, n + 1)
}
reactor.callLater(1, tick, 1)
if (death !== 'last') void reactor.run()
`

/** Runs it to its end, or kills it when the file has something in it. */
async function die(death: string, flushAfter = 1_000): Promise<{ path: string, status: unknown, ticks: number }> {
  const path = join(folder, `${death}.wrec`)
  const program = join(folder, 'program.mjs')
  writeFileSync(program, PROGRAM)
  const child = spawn(process.execPath, [program, path, death, String(flushAfter)], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  let output = ''
  child.stdout.on('data', (data) => (output += String(data)))
  const ended = new Promise<unknown>((resolve) => child.once('close', (status, signal) => resolve(status ?? signal)))
  if (death === 'live') {
    const blocks = (): boolean => output.split('\n').length > 5 && statSync(path).size > 200
    while (!blocks()) await new Promise((resolve) => setTimeout(resolve, 5))
    child.kill('SIGKILL')
  }
  const status = await ended
  return { path, status, ticks: output.trim().split('\n').length }
}

/** The same program again, which says how often it ticked. */
async function relive(path: string): Promise<{ ticks: number, isWhole: boolean }> {
  const replay = new Replay(path)
  const { reactor } = replay
  let ticks = 0
  const tick = (n: number): void => {
    ticks += 1
    if (n >= 3) reactor.callLater(5, tick, 4)
    else reactor.callLater(1, tick, n + 1)
  }
  reactor.callLater(1, tick, 1)
  void reactor.run()
  const { isWhole, divergences } = await replay.run()
  expect(divergences).toEqual([])
  return { ticks, isWhole }
}

describe('the recording of a program', () => {
  it.each([['end', 0], ['exit', 3], ['throw', 1], ['last', 0]])('that dies by %s is whole', async (death, status) => {
    const found = await die(death)
    expect(found).toMatchObject({ status, ticks: 3 })
    const lines = [...new Recording(readFileSync(found.path)).lines()]
    expect(lines.at(-1)).toMatch(/the end of the recording$/)
    expect(lines.filter((line) => /timer \d+ goes off/.test(line)).length).toBeGreaterThanOrEqual(3)
  })

  it('that is killed has what was written by then, and is not whole', async () => {
    const { path, status, ticks } = await die('live', 10)
    expect(status).toBe('SIGKILL')
    expect([...new Recording(readFileSync(path)).lines()].at(-1)).not.toMatch(/the end of the recording$/)
    const again = await relive(path)
    expect(again.isWhole).toBe(false)
    expect(again.ticks).toBeGreaterThan(0)
    expect(again.ticks).toBeLessThanOrEqual(ticks)
  })
})
