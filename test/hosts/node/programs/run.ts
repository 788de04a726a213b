/**
 * Processes of our own and others, for tests of what only a process of its own can show: standard input and output,
 * signals, inherited descriptors. `peer.mjs` beside this file is what they mostly run.
 */
import { spawn } from 'node:child_process'
import type { ChildProcess, StdioOptions } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export const program = fileURLToPath(new URL('peer.mjs', import.meta.url))

/** How a process ends that nothing went wrong with. */
export const GOOD = { status: 0, signal: null }

const running = new Set<ChildProcess>()

/** Ends what a test left running. */
export function killAll(): void {
  for (const child of running) child.kill('SIGKILL')
}

/** A process and what it said. */
export class Run {
  readonly child: ChildProcess
  readonly ended: Promise<{ status: number | null, signal: string | null }>
  out = ''
  said: string[] = []
  #rest = ''
  #waiting: (() => void)[] = []

  constructor(command: string, args: string[], stdio: StdioOptions = ['pipe', 'pipe', 'pipe']) {
    const child = spawn(command, args, { stdio })
    this.child = child
    running.add(child)
    child.stdin?.on('error', () => undefined)
    child.stdout?.on('data', (data: Buffer) => {
      this.out += data.toString('latin1')
      this.#wake()
    })
    child.stderr?.on('data', (data: Buffer) => {
      const lines = (this.#rest + data.toString()).split('\n')
      this.#rest = lines.pop() ?? ''
      this.said.push(...lines)
      this.#wake()
    })
    this.ended = new Promise((resolve) => child.on('close', (status, signal) => {
      running.delete(child)
      this.#wake()
      resolve({ status, signal })
    }))
  }

  static peer(args: string[], stdio?: StdioOptions): Run {
    return new Run(process.execPath, [program, ...args], stdio)
  }

  /** Settles once `test` holds. */
  async until(test: () => boolean): Promise<void> {
    while (!test()) {
      if (!running.has(this.child)) throw new Error(`ended early: ${this.said.join('; ')}; ${this.out}`)
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
  }

  says(line: string | RegExp): Promise<void> {
    return this.until(() => this.said.some((one) => typeof line === 'string' ? one === line : line.test(one)))
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}
