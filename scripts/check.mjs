/**
 * Type-checks everything: the sources without host types, all TypeScript with the tests, the AssemblyScript with
 * TypeScript's eyes, and once more with its own compiler.
 */
import { at, fail, runTool, say } from './lib.mjs'

const CHECKS = [
  ['src without any host\'s types', 'typescript/bin/tsc', '-p', at('tsconfig.src.json')],
  ['everything, with tests', 'typescript/bin/tsc', '-p', at('tsconfig.json')],
  ['assembly as TypeScript', 'typescript/bin/tsc', '-p', at('assembly')],
  ['assembly as AssemblyScript', 'assemblyscript/bin/asc.js', '--config', at('asconfig.json'), '--target', 'debug',
    '--noEmit'],
]

let failed = 0
for (const [name, ...command] of CHECKS) {
  try {
    await runTool(...command)
    say(`${name}: fine`)
  } catch (error) {
    say(`${name}:`)
    fail(error)
    failed += 1
  }
}
say(failed === 0 ? 'all checks passed' : `${failed} of ${CHECKS.length} checks failed`)
