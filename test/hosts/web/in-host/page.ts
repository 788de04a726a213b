/**
 * The page: asks what is to be done, does it here or in a worker, and posts the report.
 */
import type { HostReport } from '../../../contract/contract.js'
import { runAll } from './main.js'
import type { Setup } from './setup.js'

const post = (path: string, body: string): Promise<unknown> => fetch(path, { method: 'POST', body })
const tell = (line: string): void => void post('/log', line)

addEventListener('error', ({ message, filename, lineno }) =>
  tell(`error in the page: ${message} ${filename}:${lineno}`))
addEventListener('unhandledrejection', ({ reason }) => tell(`rejected in the page: ${String(reason)}`))

/** What worker.ts posts. */
interface FromWorker {
  readonly line?: string
  readonly report?: HostReport
  readonly failed?: string
}

function inWorker(setup: Setup): Promise<HostReport> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' })
    worker.addEventListener('error', ({ message }) => reject(new Error(`the worker: ${message}`)))
    worker.addEventListener('message', ({ data }: MessageEvent<FromWorker>) => {
      if (data.line !== undefined) tell(data.line)
      if (data.report !== undefined) resolve(data.report)
      if (data.failed !== undefined) reject(new Error(data.failed))
    })
    worker.postMessage(setup)
  })
}

async function main(): Promise<void> {
  const setup = await (await fetch('/setup')).json() as Setup
  const report = setup.place === 'worker' ? await inWorker(setup) : await runAll(setup, tell)
  await post('/report', JSON.stringify(report))
}

main().catch((error: unknown) => post('/failed', error instanceof Error ? error.stack ?? error.message : String(error)))
