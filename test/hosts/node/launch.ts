/**
 * Starts the lines of Node that the package is for, each the program that npm's package of it holds.
 */
import { join } from 'node:path'
import process from 'node:process'
import { parseReport } from '../runner/report.js'
import { runProgram } from '../runner/child.js'
import type { Launcher } from '../runner/launcher.js'

const VERSIONS = ['20.20.2', '22.23.3', '24.21.0', '26.10.0']

function node(version: string): Launcher {
  const spec = `node-${process.platform}-${process.arch}@${version}`
  const running = process.versions.node === version
  return {
    name: `node-${version.split('.')[0]!}`,
    npm: running ? [] : [spec],
    async launch({ root, packages, scratch, lab, signal, log }) {
      const program = running ? process.execPath : join(packages.get(spec)!, 'bin/node')
      const main = join(root, 'build/js/test/hosts/node/in-host/main.js')
      const input = JSON.stringify({ lab, scratch })
      const report = parseReport(await runProgram(program, [main], { input, signal, log }))
      if (report.version !== version) throw new Error(`this is Node ${report.version}, not ${version}`)
      return report
    },
  }
}

export const launchers: readonly Launcher[] = VERSIONS.map(node)
