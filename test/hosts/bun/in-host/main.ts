/**
 * Runs inside Bun: reads the lab from standard input, runs all suites, and writes the report to standard output.
 */
import process from 'node:process'
import type { Lab } from '../../../contract/contract.js'
import { suites } from '../../../contract/index.js'
import { runSuites } from '../../../contract/run.js'
import { bunHost } from './host.js'
import { own } from './own.js'

/** What the launcher says. */
export interface Told {
  readonly lab: Lab
  /** An empty folder. */
  readonly scratch: string
  /** Suites by name; all if not given. */
  readonly only?: readonly string[]
}

async function main(): Promise<void> {
  let text = ''
  for await (const chunk of process.stdin.setEncoding('utf8')) text += chunk as string
  const { lab, scratch, only } = JSON.parse(text) as Told
  const all = [...suites, own]
  const chosen = only === undefined ? all : all.filter((suite) => only.includes(suite.name))
  const report = await runSuites(bunHost(lab, scratch), chosen, ({ suite, way, name, outcome }) => {
    if (outcome === 'failed') process.stderr.write(`failed: ${suite} ${way ?? ''} ${name}\n`)
  })
  // Bun takes no attempt to connect back: those that nobody answers would keep it here for two minutes.
  process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit())
}

void main()
