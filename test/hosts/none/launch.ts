/**
 * Bare contexts: of node:vm with and without WebAssembly, an isolate of isolated-vm, and a worker thread behind rings
 * of shared memory. Each runs the published dist/none.js or its script, in a process of its own.
 *
 * Owns: bundling the suites, which a bare context cannot import. isolated-vm comes with binaries for Node 24.
 */
import { mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { nodeResolve } from '@rollup/plugin-node-resolve'
import { rollup } from 'rollup'
import type { CaseResult } from '../../contract/contract.js'
import { runProgram } from '../runner/child.js'
import type { LaunchContext, Launcher } from '../runner/launcher.js'
import { parseReport } from '../runner/report.js'
import type { DriveOptions } from './drive.js'

const ISOLATED = 'isolated-vm@7.0.1'
const PLAIN = 'whorl/core/plain'
const LOADER = 'node-gyp-build@4.8.4'
const NODE = `node-${process.platform}-${process.arch}@24.21.0`

/** The suites as one script that needs a global `whorl`, and as one module that imports it. */
async function bundle(root: string, scratch: string): Promise<{ script: string, module: string }> {
  const graph = await rollup({
    input: join(root, 'build/js/test/hosts/none/in-host/rings.js'), external: /^whorl(?:\/(?!core\/plain)|$)/,
    // The core as JavaScript is no part of dist/none.js: an embedder that wants it has it in a bundle of its own.
    plugins: [{ name: 'plain', resolveId: (id) => id === PLAIN ? join(root, 'dist/core-plain.js') : null }, nodeResolve()], onwarn: () => undefined,
  })
  const script = join(scratch, 'suites.script.js')
  const module = join(scratch, 'suites.js')
  await graph.write({ file: script, format: 'iife', name: 'inHost', globals: () => 'whorl' })
  await graph.write({ file: module, format: 'esm' })
  await graph.close()
  return { script, module }
}

/** The folder of isolated-vm with what it needs beside it, as npm would have put it there. */
function completed(packages: LaunchContext['packages']): string | null {
  const folder = packages.get(ISOLATED)
  if (folder === undefined) return null
  const modules = join(folder, 'node_modules')
  mkdirSync(modules, { recursive: true })
  const link = join(modules, 'node-gyp-build')
  rmSync(link, { force: true })
  symlinkSync(packages.get(LOADER)!, link)
  return folder
}

interface PlugInSaid {
  readonly said: readonly string[]
  readonly ended: string
}

/** What examples/plugin-host claims, as cases: it runs three plug-ins and says what each said, and how it ended. */
async function checkPlugIns(
  { root, signal, log }: LaunchContext, [node, ...flags]: [string, ...string[]], args: readonly string[],
): Promise<CaseResult[]> {
  const main = join(root, 'build/js/examples/plugin-host/main.js')
  const said = await runProgram(node, [...flags, main, ...args], { signal, log })
  const { greeted, prowled, looped, noticed } = JSON.parse(said) as {
    greeted: PlugInSaid, prowled: PlugInSaid, looped: PlugInSaid, noticed: { answers: number, lost: boolean }
  }
  const results: [name: string, passed: boolean, said: unknown][] = [
    ['reaches what it was granted', greeted.said.join() === 'heard hello,lost ConnectionDone', greeted],
    ['reaches nothing else',
      prowled.said.length === 7 && prowled.said[0] === 'globals: ' && !/reached/.test(prowled.said.join()), prowled],
    ['is stopped when it never comes back', looped.ended === 'it did not come back', looped],
    ['is not noticed by other connections', noticed.answers > 10 && !noticed.lost, noticed],
  ]
  return results.map(([name, passed, detail]) => passed
    ? { suite: 'plug-ins', name, outcome: 'passed' }
    : { suite: 'plug-ins', name, outcome: 'failed', detail: JSON.stringify(detail) })
}

interface LauncherOptions {
  readonly npm?: readonly string[]
  /** For Node. */
  readonly flags?: readonly string[]
  /** Arguments of examples/plugin-host, where it is tried as well. */
  readonly plugIns?: (isolated: string | null) => readonly string[]
}

function launcher(name: string, { npm = [], flags = [], plugIns }: LauncherOptions = {}): Launcher {
  return {
    name, npm,
    async launch(context) {
      const { root, packages, scratch, lab, signal, log } = context
      const isolated = completed(packages)
      const node = packages.has(NODE) ? join(packages.get(NODE)!, 'bin/node') : process.execPath
      const only = process.env['WHORL_SUITES']?.split(',')
      const options: DriveOptions = {
        told: JSON.stringify({ lab, only }), dist: join(root, 'dist'), isolated, ...await bundle(root, scratch),
      }
      const drive = join(root, 'build/js/test/hosts/none/drive.js')
      const input = JSON.stringify(options)
      // See drive.ts.
      const ending = isolated === null ? {} : { endsBy: 'SIGTERM' as const }
      const said = await runProgram(node, [...flags, drive, name], { input, signal, log, ...ending })
      const report = parseReport(said)
      const claims = plugIns === undefined ? [] : await checkPlugIns(context, [node, ...flags], plugIns(isolated))
      return { ...report, results: [...report.results, ...claims] }
    },
  }
}

export const launchers: readonly Launcher[] = [
  launcher('vm'),
  launcher('vm-plain', { flags: ['--experimental-vm-modules', '--no-warnings'] }),
  launcher('isolated-vm', {
    npm: [ISOLATED, LOADER, NODE], flags: ['--no-node-snapshot'], plugIns: (isolated) => ['--isolate', isolated!],
  }),
  launcher('worker-sab', { plugIns: () => [] }),
]
