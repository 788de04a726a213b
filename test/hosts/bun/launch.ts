/**
 * Starts Bun, the program that npm's package of it holds.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { runProgram } from '../runner/child.js'
import type { Launcher } from '../runner/launcher.js'
import { parseReport } from '../runner/report.js'

const VERSION = '1.4.5'

/** As Bun's packages name it. */
const ARCH = process.arch === 'arm64' ? 'aarch64' : process.arch

const SPEC = `@oven/bun-${process.platform}-${ARCH}@${VERSION}`

export const launchers: readonly Launcher[] = [{
  name: 'bun',
  npm: [SPEC],
  async launch({ root, packages, scratch, lab, signal, log }) {
    const program = join(packages.get(SPEC)!, 'bin/bun')
    const main = join(root, 'build/js/test/hosts/bun/in-host/main.js')
    const input = JSON.stringify({ lab, scratch })
    // Bun would take the compiler's paths for its own, and with them our sources instead of the package.
    const compiler = join(scratch, 'tsconfig.json')
    writeFileSync(compiler, '{}')
    // Nothing is fetched from a registry, whatever is imported.
    const args = ['run', '--no-install', `--tsconfig-override=${compiler}`, main]
    const report = parseReport(await runProgram(program, args, { input, signal, log }))
    if (report.version !== VERSION) throw new Error(`this is Bun ${report.version}, not ${VERSION}`)
    return report
  },
}]
