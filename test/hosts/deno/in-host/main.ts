/**
 * Runs inside Deno: reads the lab from standard input, runs all suites, and writes the report to standard output.
 */
import type { Lab } from '../../../contract/contract.js'
import { suites } from '../../../contract/index.js'
import { runSuites } from '../../../contract/run.js'
import { denoHost } from './host.js'

interface DenoGlobal {
  readonly stdin: { readonly readable: BodyInit }
  readonly stderr: { writeSync(bytes: Uint8Array): number }
  readonly stdout: { writeSync(bytes: Uint8Array): number }
}

async function main(): Promise<void> {
  const { Deno } = globalThis as unknown as { Deno: DenoGlobal }
  const say = (text: string): void => void Deno.stderr.writeSync(new TextEncoder().encode(text))
  const { lab, scratch } = await new Response(Deno.stdin.readable).json() as { lab: Lab, scratch: string }
  const report = await runSuites(denoHost(lab, scratch), suites, ({ suite, way, name, outcome }) => {
    if (outcome === 'failed') say(`failed: ${suite} ${way ?? ''} ${name}\n`)
  })
  const bytes = new TextEncoder().encode(`${JSON.stringify(report)}\n`)
  for (let written = 0; written < bytes.length;) written += Deno.stdout.writeSync(bytes.subarray(written))
}

void main()
