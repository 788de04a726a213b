/**
 * Starts Bun, the program that npm's package of it holds: for the suites, for a look at what importing does, and for
 * the example of the guide.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { runProgram } from '../runner/child.js'
import { checkOutput, guideProgram } from '../runner/guide.js'
import type { LaunchContext, Launcher } from '../runner/launcher.js'
import { parseReport } from '../runner/report.js'

const VERSION = '1.4.5'

/** As Bun's packages name it. */
const ARCH = process.arch === 'arm64' ? 'aarch64' : process.arch

const SPEC = `@oven/bun-${process.platform}-${ARCH}@${VERSION}`

/** Runs a program in Bun. @returns what it wrote */
type Run = (program: string, input?: string) => Promise<string>

function runner({ packages, scratch, signal, log }: LaunchContext): Run {
  // Bun would take the compiler's paths for its own, and with them our sources instead of the package.
  const compiler = join(scratch, 'tsconfig.json')
  writeFileSync(compiler, '{}')
  // Nothing is fetched from a registry, whatever is imported.
  const flags = ['run', '--no-install', `--tsconfig-override=${compiler}`]
  return (program, input = '') =>
    runProgram(join(packages.get(SPEC)!, 'bin/bun'), [...flags, program], { input, signal, log })
}

export const launchers: readonly Launcher[] = [{
  name: 'bun',
  npm: [SPEC],
  async launch(context) {
    const { root, scratch, lab } = context
    const run = runner(context)
    const inHost = join(root, 'build/js/test/hosts/bun/in-host')
    const report = parseReport(await run(join(inHost, 'main.js'), JSON.stringify({ lab, scratch })))
    if (report.version !== VERSION) throw new Error(`this is Bun ${report.version}, not ${VERSION}`)
    const results = [
      ...report.results,
      await checkOutput('bun', 'importing changes nothing, and keeps nothing alive', 'nothing\n', run(join(inHost, 'effects.js'))),
      await checkOutput('bun', 'the program of the guide', 'whorl\n', run(guideProgram(root, scratch, 'bun'))),
    ]
    return { ...report, results }
  },
}]
