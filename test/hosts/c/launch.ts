/**
 * The C program: core.baseline.wasm, translated to C by Debian's wasm2c and compiled, runs the vectors; what it prints
 * must be what the same module prints in this engine, byte for byte.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { instantiatePlain } from '../../../src/core/plain.js'
import { createCore } from '../../../src/core/index.js'
import type { CoreExports } from '../../../src/core/exports.js'
import { CAPABILITIES } from '../../contract/contract.js'
import type { Capabilities, CaseResult, HostReport } from '../../contract/contract.js'
import type { LaunchContext, Launcher } from '../runner/launcher.js'
import { makeVectors } from './in-host/make-vectors.js'
import { runVectors } from './in-host/vectors.js'

/** Cases in each group. */
const CASES = 300

/** Where Debian's package keeps the runtime of what wasm2c makes. */
const RUNTIME = '/usr/share/wabt/wasm2c'

const builds: Record<string, () => CoreExports> = {
  baseline: () => createCore({ build: 'baseline' }).exports,
  simd: () => createCore({ build: 'simd' }).exports,
  plain: () => createCore({ instantiate: instantiatePlain }).exports,
}

export const launchers: readonly Launcher[] = [{
  name: 'c',
  debian: ['wabt', 'gcc', 'libc6-dev'],
  ownSuites: 'the core alone: there is no reactor in C',
  launch: (context) => Promise.resolve(launch(context)),
}]

function launch({ root, scratch, log }: LaunchContext): HostReport {
  const version = wasm2cVersion()
  const results: CaseResult[] = []
  const tell = (result: CaseResult): void => void results.push(result)
  log(`wasm2c ${version}`)
  run(scratch, 'wasm2c', ['-n', 'core', join(root, 'build/wasm/core.baseline.wasm'), '-o', 'core.c'])
  for (const [name, source] of [['vectors', 'test/hosts/c/vectors.c'], ['lines', 'examples/c/lines.c']] as const) {
    compile(root, scratch, version, name, join(root, source))
  }
  for (const { name, script } of [...makeVectors(CASES), { name: 'by-hand', script: byHand(root) }]) {
    const inC = run(scratch, './vectors', [], script)
    for (const [build, make] of Object.entries(builds)) {
      tell(same('records', `${name}, as ${build}`, inC, runVectors(script, make)))
    }
  }
  tell(same('example', 'lines', run(scratch, './lines', [], 'one\ntwo\n\nlast'), '1: one\n2: two\n3: \n4: last (without an end)\n'))
  return { host: 'c', version: `wasm2c ${version}`, capabilities: capabilities(), results }
}

/** The first line that differs, in both. */
function same(suite: string, name: string, found: string, expected: string): CaseResult {
  if (found === expected && expected !== '') return { suite, name, outcome: 'passed' }
  const ours = found.split('\n')
  const theirs = expected.split('\n')
  const at = theirs.findIndex((line, index) => line !== ours[index])
  return { suite, name, outcome: 'failed', detail: `line ${at + 1}: in C ${ours[at]}, here ${theirs[at]}` }
}

function byHand(root: string): string {
  return readFileSync(join(root, 'test/vectors/core.txt'), 'utf8')
}

function wasm2cVersion(): string {
  const { stdout } = spawnSync('wasm2c', ['--version'], { encoding: 'utf8' })
  if (typeof stdout !== 'string' || stdout === '') throw new Error('wasm2c is not installed (Debian package wabt)')
  return stdout.trim()
}

/** Names changed with 1.0.33. */
function isOld(version: string): boolean {
  const [major, minor, patch] = version.split('.').map(Number) as [number, number, number]
  return major === 1 && minor === 0 && patch <= 32
}

function compile(root: string, scratch: string, version: string, name: string, source: string): void {
  const runtime = ['wasm-rt-impl.c', 'wasm-rt-mem-impl.c'].map((file) => join(RUNTIME, file)).filter((file) => existsSync(file))
  run(scratch, 'gcc', [
    '-std=gnu11', '-O1', ...isOld(version) ? ['-DWHORL_WASM2C_OLD'] : [], '-I.', `-I${join(root, 'bindings/c')}`,
    `-I${RUNTIME}`, source, 'core.c', ...runtime, '-lm', '-lpthread', '-o', name,
  ])
}

function run(cwd: string, command: string, args: readonly string[], input = ''): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, input, encoding: 'utf8', maxBuffer: 2 ** 28 })
  if (error !== undefined) throw error
  if (status !== 0) throw new Error(`${command} ended with ${status}: ${stderr.slice(-2000)}`)
  return stdout
}

function capabilities(): Capabilities {
  const why = 'in C there is only the core'
  return Object.fromEntries(CAPABILITIES.map((name) => [name, why])) as Capabilities
}
