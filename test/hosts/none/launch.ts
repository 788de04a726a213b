/**
 * Bare contexts: of node:vm with and without WebAssembly, an isolate of isolated-vm, and a worker thread behind rings
 * of shared memory. Each runs the published dist/none.js or its script, in a process of its own.
 *
 * Owns: bundling the suites, which a bare context cannot import, and building isolated-vm where it is not built.
 */
import { existsSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { nodeResolve } from '@rollup/plugin-node-resolve'
import { rollup } from 'rollup'
import type { CaseResult } from '../../contract/contract.js'
import { runProgram } from '../runner/child.js'
import type { LaunchContext, Launcher } from '../runner/launcher.js'
import { parseReport } from '../runner/report.js'
import type { DriveOptions } from './drive.js'

const ISOLATED = 'isolated-vm@5.0.4'

/** The suites as one script that needs a global `whorl`, and as one module that imports it. */
async function bundle(root: string, scratch: string): Promise<{ script: string, module: string }> {
  const graph = await rollup({
    input: join(root, 'build/js/test/hosts/none/in-host/rings.js'), external: /^whorl(?:\/|$)/,
    plugins: [nodeResolve()], onwarn: () => undefined,
  })
  const script = join(scratch, 'suites.script.js')
  const module = join(scratch, 'suites.js')
  await graph.write({ file: script, format: 'iife', name: 'inHost', globals: () => 'whorl' })
  await graph.write({ file: module, format: 'esm' })
  await graph.close()
  return { script, module }
}

/** It has no binaries for Node 20, so npm's own node-gyp compiles it, with the headers beside this Node if it has any. */
async function buildIsolated(folder: string, { signal, log }: LaunchContext): Promise<string> {
  if (existsSync(join(folder, 'out/isolated_vm.node'))) return folder
  const prefix = dirname(dirname(realpathSync(process.execPath)))
  const gyp = join(prefix, 'lib/node_modules/npm/node_modules/node-gyp/bin/node-gyp.js')
  const headers = existsSync(join(prefix, 'include/node/node.h')) ? [`--nodedir=${prefix}`] : []
  log('compiling isolated-vm')
  await runProgram(process.execPath, [gyp, 'rebuild', '--release', '-j', 'max', ...headers], { cwd: folder, signal })
  return folder
}

interface PlugInSaid {
  readonly said: readonly string[]
  readonly ended: string
}

/** What examples/plugin-host claims, as cases: it runs three plug-ins and says what each said, and how it ended. */
async function checkPlugIns(
  { root, signal, log }: LaunchContext, args: readonly string[], flags: readonly string[]): Promise<CaseResult[]> {
  const main = join(root, 'build/js/examples/plugin-host/main.js')
  const said = await runProgram(process.execPath, [...flags, main, ...args], { signal, log })
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

function launcher(
  name: string, row: string, npm: readonly string[], flags: readonly string[],
  plugIns: ((isolated: string | null) => readonly string[]) | null = null,
): Launcher {
  return {
    name, npm,
    async launch(context) {
      const { root, packages, scratch, lab, signal, log } = context
      const folder = packages.get(ISOLATED)
      const isolated = folder === undefined ? null : await buildIsolated(folder, context)
      const only = process.env['WHORL_SUITES']?.split(',')
      const options: DriveOptions = {
        told: JSON.stringify({ lab, only }), dist: join(root, 'dist'), isolated, ...await bundle(root, scratch),
      }
      const drive = join(root, 'build/js/test/hosts/none/drive.js')
      const input = JSON.stringify(options)
      const report = parseReport(await runProgram(process.execPath, [...flags, drive, row], { input, signal, log }))
      const claims = plugIns === null ? [] : await checkPlugIns(context, plugIns(isolated), flags)
      return { ...report, results: [...report.results, ...claims] }
    },
  }
}

export const launchers: readonly Launcher[] = [
  launcher('vm', 'vm', [], []),
  launcher('vm-plain', 'vm-plain', [], ['--experimental-vm-modules', '--no-warnings']),
  launcher('isolated-vm', 'isolated-vm', [ISOLATED], ['--no-node-snapshot'], (isolated) => ['--isolate', isolated!]),
  launcher('worker-sab', 'worker-sab', [], [], () => []),
]
