/**
 * Runs all suites in this page or worker.
 */
import { createReactor, loadCore } from 'whorl/web'
import { connectProtocol, Protocol } from 'whorl'
import { MessagePortClientEndpoint } from 'whorl/web'
import type { HostReport } from '../../../contract/contract.js'
import { suites } from '../../../contract/index.js'
import { runSuites } from '../../../contract/run.js'
import { webHost } from './host.js'
import { ownSuites } from './own.js'
import type { Setup } from './setup.js'

/** @param tell gets a line for each failure */
export async function runAll(setup: Setup, tell: (line: string) => void): Promise<HostReport> {
  // Where wasm is forbidden it is the plain core that comes; a suite of its own looks at which.
  await loadCore()
  const peers = new Worker(new URL('./peer-worker.js', import.meta.url), { type: 'module' })
  const broken = new Promise<never>((_resolve, reject) => {
    peers.addEventListener('error', (event) => reject(new Error(`the worker of the peers: ${event.message}`)))
  })
  try {
    // Those on channels must not be asked before they listen.
    await Promise.race([broken, connectProtocol(
      new MessagePortClientEndpoint(createReactor(), peers, { name: 'close' }), new Protocol())])
    const all = [...suites, ...ownSuites(setup)]
    const chosen = setup.only === undefined ? all : all.filter((suite) => setup.only!.includes(suite.name))
    return await runSuites(webHost(setup, peers), chosen, ({ suite, way, name, outcome, detail }) => {
      if (outcome === 'failed') tell(`failed: ${suite} ${way ?? ''} ${name}: ${detail ?? ''}`)
    })
  } finally {
    peers.terminate()
  }
}
