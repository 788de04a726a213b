/**
 * One seed, one run: the digest of a trace is the same twice, in other time zones and locales, on every build of the
 * core, and on the oldest and the newest Node.
 *
 * The other Nodes come from npm (digest/nodes.ts). In CI one that cannot be had is a failure; elsewhere, where there
 * may be no network, its test is skipped and says why.
 */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { build } from '../../scripts/build.mjs'
import { BUILDS } from '../unit/core/support/builds.js'
import { NEWEST, nodeOf, OLDEST } from './digest/nodes.js'

const program = fileURLToPath(new URL('digest/program.mjs', import.meta.url))

interface Run {
  readonly digest: string
  /** What makes the digest worth comparing: a run in which nothing happens has one, too. */
  readonly bytes: number
  /** What was received, by how it came. */
  readonly heard: Readonly<Record<'tcp' | 'unix' | 'tls' | 'udp' | 'multicast' | 'http', number>>
  readonly said: number
  readonly log: number
  readonly random: number
}

/** Runs the program, with nothing else different than what is given. */
function run(
  options: { node?: string, env?: Record<string, string>, args?: readonly string[], flags?: readonly string[] } = {},
): Promise<Run> {
  const { node = process.execPath, env = {}, args = [], flags = [] } = options
  return new Promise((resolve, reject) => {
    execFile(node, [...flags, program, ...args], { env: { ...process.env, ...env }, maxBuffer: 2 ** 24 },
      (error, stdout, stderr) => {
        if (error !== null) reject(new Error(`${stderr}${stdout}`, { cause: error }))
        else resolve(JSON.parse(stdout) as Run)
      })
  })
}

let first: Run

beforeAll(async () => {
  await build()
  first = await run()
}, 300_000)

describe('the digest of a trace', () => {
  it('is that of a run in which much happened, and differs for another seed', async () => {
    expect(first.digest).toMatch(/^[0-9a-f]{32}$/)
    expect(first.bytes).toBeGreaterThan(50_000)
    expect(first.said).toBeGreaterThan(500)
    expect(first.log).toBeGreaterThan(10)
    for (const [kind, count] of Object.entries(first.heard)) expect(count, kind).toBeGreaterThan(50)
    expect((await run({ args: ['simd', 'another'] })).digest).not.toBe(first.digest)
  })

  it('is the same in another run', async () => {
    expect(await run()).toEqual(first)
  })

  it.each([
    { TZ: 'Pacific/Kiritimati', LANG: 'tr_TR.UTF-8', LC_ALL: 'tr_TR.UTF-8' },
    { TZ: 'America/St_Johns', LANG: 'ar_EG.UTF-8', LC_ALL: 'ar_EG.UTF-8' },
    { TZ: 'UTC', LANG: 'C', LC_ALL: 'C' },
  ])('is the same with $TZ and $LANG', async (env) => {
    expect(await run({ env })).toEqual(first)
  })

  it('was asked of a Node that shows time and numbers in another way there', async () => {
    const script = 'process.stdout.write(`${new Date(946684800000).getHours()} ${(1234.5).toLocaleString()}`)'
    const shown = (env: Record<string, string>): Promise<string> => new Promise((resolve, reject) => {
      execFile(process.execPath, ['-e', script], { env: { ...process.env, ...env } },
        (error, stdout) => error === null ? resolve(stdout) : reject(error))
    })
    expect(await shown({ TZ: 'Pacific/Kiritimati', LANG: 'tr_TR.UTF-8', LC_ALL: 'tr_TR.UTF-8' })).toBe('14 1.234,5')
    expect(await shown({ TZ: 'UTC', LANG: 'C', LC_ALL: 'C' })).toMatch(/^0 1,234\.5$/)
  })

  it.each(BUILDS)('is the same on the build %s of the core', async (name) => {
    expect(await run({ args: [name] })).toEqual(first)
  })

  it.each(['--no-opt', '--max-semi-space-size=1'])(
    'does not hang on when the engine compiles, and collects garbage (%s)', async (flag) => {
      expect(await run({ flags: [flag] })).toEqual(first)
    })

  it.for([OLDEST, NEWEST])('is the same on Node %s', { timeout: 600_000 }, async (version, { skip }) => {
    let node: string
    try {
      node = await nodeOf(version)
    } catch (error) {
      if (process.env['CI'] !== undefined) throw error
      return skip(`npm does not give Node ${version} here: ${(error as Error).message}`)
    }
    expect(await run({ node })).toEqual(first)
  })
})
