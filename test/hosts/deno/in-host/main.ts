/**
 * Runs inside Deno: reads the lab from standard input, runs all suites, and writes the report to standard output.
 */
import type { Lab } from '../../../contract/contract.js'
import { suites } from '../../../contract/index.js'
import { runSuites } from '../../../contract/run.js'
import { denoHost } from './host.js'

interface DenoGlobal {
  readonly stdin: { readonly readable: BodyInit }
  readonly stdout: { writeSync(bytes: Uint8Array): number }
}

async function main(): Promise<void> {
  const { Deno } = globalThis as unknown as { Deno: DenoGlobal }
  const lab = await new Response(Deno.stdin.readable).json() as Lab
  const report = await runSuites(denoHost(lab), suites)
  const bytes = new TextEncoder().encode(`${JSON.stringify(report)}\n`)
  for (let written = 0; written < bytes.length;) written += Deno.stdout.writeSync(bytes.subarray(written))
}

void main()
