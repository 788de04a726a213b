/**
 * The simulator's trace of one scenario: its digest is the same constant on every host, engine and build of the core.
 *
 * A change of whorl that changes what simulated programs do changes it: test/sim/digest/program.mjs prints the new one.
 */
import { createCore, defaultCore } from 'whorl/core'
import { instantiatePlain } from 'whorl/core/plain'
import { equal, ok } from './checks.js'
import type { ContractCase, ContractSuite, CoreBuildName } from './contract.js'
import { runScenario } from './digest-scenario.js'
import { logOf } from './recorder.js'

/** Of the seed `digest`. */
const DIGEST = '10fa84713fed14d4778bbf17f74a6222'

function on(build: CoreBuildName): ContractCase {
  return {
    name: `the build ${build}: the digest of the scenario is the known one`,
    needs: ['simulation'],
    build,
    async run(context) {
      logOf(context)
      const { digest } = await runScenario(createCore(build === 'plain' ? { instantiate: instantiatePlain } : { build }))
      equal(digest, DIGEST)
    },
  }
}

export const digest: ContractSuite = {
  name: 'digest',
  cases: [
    {
      name: 'the core that reactors use: the digest of the scenario is the known one, and much has happened',
      needs: ['simulation'],
      async run(context) {
        logOf(context)
        const { heard, bytes, said, digest: found } = await runScenario(defaultCore())
        for (const [kind, count] of Object.entries(heard)) ok(count > 50, `${count} by ${kind}`)
        ok(bytes > 50_000 && said > 500, `${bytes} bytes, ${said} said`)
        equal(found, DIGEST)
      },
    },
    on('plain'),
    {
      name: 'another seed has another digest',
      needs: ['simulation'],
      async run(context) {
        logOf(context)
        ok((await runScenario(defaultCore(), 'another')).digest !== DIGEST, 'it differs')
      },
    },
  ],
}
