/**
 * The worker: runs all suites in one event, or in a Durable Object, and answers with the report.
 */
import { DurableObject } from 'cloudflare:workers'
import type { Lab } from '../../../contract/contract.js'
import { suites } from '../../../contract/index.js'
import { runSuites } from '../../../contract/run.js'
import { workerdHost } from './host.js'

/** What the launcher posts. */
export interface Told {
  readonly lab: Lab
  readonly version: string
  /** Whether the suites run in a Durable Object. */
  readonly inObject: boolean
  /** Suites by name; all if not given. */
  readonly only?: readonly string[]
}

interface Env {
  SUITES: { getByName(name: string): { fetch(request: Request): Promise<Response> } }
}

async function report({ lab, version, only }: Told): Promise<Response> {
  const chosen = only === undefined ? suites : suites.filter((suite) => only.includes(suite.name))
  const made = await runSuites(workerdHost(lab, version), chosen, ({ suite, way, name, outcome, detail }) => {
    if (outcome === 'failed') console.error(`failed: ${suite} ${way ?? ''} ${name}: ${detail ?? ''}`)
  })
  return Response.json(made)
}

/** One that runs the suites, all of its connections being its own. */
export class Suites extends DurableObject<Env> {
  async fetch(request: Request): Promise<Response> {
    return await report(await request.json() as Told)
  }
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const text = await request.text()
    const told = JSON.parse(text) as Told
    if (!told.inObject) return await report(told)
    return await env.SUITES.getByName('suites').fetch(new Request(request.url, { method: 'POST', body: text }))
  },
}
