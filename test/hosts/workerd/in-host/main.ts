/**
 * The worker: runs all suites in one event, or in a Durable Object, and answers with the report.
 */
import { Factory, Protocol } from 'whorl'
import { handlers, ReactorObject } from 'whorl/workerd'
import type { HandlersOptions, SocketTarget } from 'whorl/workerd'
import type { Lab } from '../../../contract/contract.js'
import { suites } from '../../../contract/index.js'
import { runSuites } from '../../../contract/run.js'
import { workerdHost } from './host.js'
import type { Inbound } from './host.js'

/** What the launcher posts. */
export interface Told {
  readonly lab: Lab
  readonly version: string
  /** Whether the suites run in a Durable Object. */
  readonly inObject: boolean
  /** Where sockets come in, for that. */
  readonly ports: readonly number[]
  /** Suites by name; all if not given. */
  readonly only?: readonly string[]
}

interface Env {
  readonly SUITES: { getByName(name: string): SocketTarget }
}

async function report({ lab, version, only }: Told, inbound: Inbound | null): Promise<Response> {
  const chosen = only === undefined ? suites : suites.filter((suite) => only.includes(suite.name))
  const made = await runSuites(workerdHost(lab, version, inbound), chosen, ({ suite, way, name, outcome, detail }) => {
    if (outcome === 'failed') console.error(`failed: ${suite} ${way ?? ''} ${name}: ${detail ?? ''}`)
  })
  return Response.json(made)
}

/** Says whom it speaks with and where, and closes. */
class Tell extends Protocol {
  override connectionMade(): void {
    const { transport } = this
    transport.write(JSON.stringify([transport.getPeer(), transport.getHost()]))
    transport.loseConnection()
  }
}

/** One that runs the suites, all of its connections being its own. */
export class Suites extends ReactorObject {
  override handlers(): HandlersOptions {
    return {
      connect: Factory.forProtocol(Tell),
      fetch: async ({ request }) => {
        const told = await request.json() as Told
        return await report(told, { ports: told.ports, object: this })
      },
    }
  }
}

const worker = handlers<Env>({
  connect: ({ env }) => env.SUITES.getByName('suites'),
  async fetch({ request, env }) {
    const text = await request.text()
    const told = JSON.parse(text) as Told
    if (!told.inObject) return await report(told, null)
    return await env.SUITES.getByName('suites').fetch(new Request(request.url, { method: 'POST', body: text }))
  },
})
export { worker as default }
