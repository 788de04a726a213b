/**
 * Drives the suites in one kind of bare context, in a process of its own: `node drive.js ROW`, the lab on standard
 * input, the report on standard output.
 *
 * Owns: what a context is passed, and the gateways. Must not know: the suites; their script is in a file.
 */
import { readFileSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import process from 'node:process'
import { Gateway } from 'whorl'
import { createReactor } from 'whorl/node'
import { driveIsolate } from './drive-isolate.js'
import { driveModules, driveScript } from './drive-vm.js'
import { driveWorker } from './drive-worker.js'

/** What the launcher says. */
export interface DriveOptions {
  /** JSON for inside: the lab, and suites by name. */
  readonly told: string
  /** Where dist/ is. */
  readonly dist: string
  /** The script of the suites, which needs a global `whorl` and defines `inHost`; and the same as a module. */
  readonly script: string
  readonly module: string
  /** The folder of isolated-vm. */
  readonly isolated: string | null
}

/** The way into a context. */
export interface Inside {
  turn(reactor: number): void
  receive(reactor: number, batch: Uint8Array): void
}

/** The outside of every kind of context: gateways and timers, one of each for each reactor inside. */
export class Outside {
  readonly #gateways: Gateway[] = []
  readonly #timers = new Map<number, NodeJS.Timeout>()
  readonly #reactor = createReactor()
  inside: Inside | null = null
  /** Ends what is inside. */
  close = (): void => undefined
  /** The report. */
  readonly done: Promise<string>
  report!: (json: string) => void

  constructor() {
    this.done = new Promise((resolve) => {
      this.report = resolve
    })
  }

  now(): number {
    return performance.now()
  }

  random(): number {
    return Math.floor(Math.random() * 256)
  }

  log(text: string): void {
    process.stderr.write(text)
  }

  wake(reactor: number, delayMs: number): void {
    clearTimeout(this.#timers.get(reactor))
    const delay = Math.min(Math.ceil(delayMs), 2 ** 31 - 1)
    this.#timers.set(reactor, setTimeout(() => this.inside?.turn(reactor), delay))
  }

  send(reactor: number, batch: Uint8Array): void {
    this.#gateways[reactor] ??= new Gateway(this.#reactor, {
      limits: { handles: 1024 },
      send: (answer) => this.inside?.receive(reactor, answer),
      failed: (error) => this.log(`cut off: ${error.message}\n`),
    })
    this.#gateways[reactor].receive(batch)
  }
}

/** isolated-vm 7.0.1 crashes when Node 24 takes it down at its exit, so that row ends by a signal of its own. */
const ENDS_ITSELF = 'isolated-vm'

const ROWS: Readonly<Record<string, (outside: Outside, options: DriveOptions) => Promise<void>>> = {
  'vm': driveScript, 'vm-plain': driveModules, 'isolated-vm': driveIsolate, 'worker-sab': driveWorker,
}

async function main(row: string): Promise<void> {
  const options = JSON.parse(readFileSync(0, 'utf8')) as DriveOptions
  const outside = new Outside()
  await ROWS[row]!(outside, options)
  const report = await outside.done
  // In a turn of its own: it is told from inside.
  await new Promise((resolve) => setImmediate(resolve))
  outside.close()
  process.stdout.write(`${report}\n`, () => {
    if (row === ENDS_ITSELF) process.kill(process.pid, 'SIGTERM')
    else process.exit(0)
  })
}

main(process.argv[2]!).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? String(error.stack) : String(error)}\n`)
  process.exit(1)
})
