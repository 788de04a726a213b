/**
 * The fixed scenario of test/contract/digest-scenario.ts on the built package; prints the digest of its trace, and how
 * long and how much of it there is.
 *
 *   node program.mjs [simd | baseline | plain] [seed]
 *
 * Plain JavaScript, so that any Node runs it.
 */
import { createCore } from 'whorl/core'
import { instantiatePlain } from 'whorl/core/plain'
import { runScenario } from '../../../build/js/test/contract/digest-scenario.js'

const [build = 'simd', seed = 'digest'] = process.argv.slice(2)
const core = createCore(build === 'plain' ? { instantiate: instantiatePlain } : { build })
process.stdout.write(`${JSON.stringify(await runScenario(core, seed))}\n`)
