/**
 * Programs that the interop tests start: peers that are not ours, and our own as it is shipped. Owns: finding them,
 * what they print, and that none is left behind.
 */
import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

export const root = fileURLToPath(new URL('../../', import.meta.url))

/** A program that tests need and that is not part of this package. */
export interface Peer {
  name: string
  /** The Debian package that holds it. */
  package: string
  /** How it is called here; null where it is not installed. */
  command: string | null
}

function works(command: string, args: string[], output: RegExp): boolean {
  const tried = spawnSync(command, args, { encoding: 'utf8' })
  return tried.error === undefined && output.test(tried.stdout + tried.stderr)
}

/** OpenBSD's netcat: others have no -N, or mean something else by it. */
export function netcat(): Peer {
  const command = ['nc.openbsd', 'nc'].find((name) => works(name, ['-h'], /OpenBSD netcat/)) ?? null
  return { name: 'netcat', package: 'netcat-openbsd', command }
}

/** Connects any two kinds of sockets. */
export function socat(): Peer {
  return { name: 'socat', package: 'socat', command: works('socat', ['-V'], /socat version/) ? 'socat' : null }
}

/** A Python that has Twisted; Debian's own may be hidden by another one in the path. */
export function twistedPython(): Peer {
  const command = ['/usr/bin/python3', 'python3'].find((name) =>
    works(name, ['-c', 'import twisted; print("twisted", twisted.__version__)'], /^twisted \d/)) ?? null
  return { name: 'Twisted', package: 'python3-twisted', command }
}

/** A Python that has the package websockets. */
export function websocketsPython(): Peer {
  const command = ['/usr/bin/python3', 'python3'].find((name) =>
    works(name, ['-c', 'import websockets; print("websockets", websockets.__version__)'], /^websockets \d/)) ?? null
  return { name: 'websockets', package: 'python3-websockets', command }
}

/** Wireshark's reader of capture files. */
export function tshark(): Peer {
  return { name: 'tshark', package: 'tshark', command: works('tshark', ['--version'], /^TShark/m) ? 'tshark' : null }
}

/** Tests that need a peer: where it is missing they are skipped and say why; in CI that is one failure instead. */
export function describeWith(peer: Peer, title: string, tests: (command: string) => void): void {
  const { command } = peer
  if (command !== null) {
    describe(title, () => tests(command))
    return
  }
  const why = `needs ${peer.name}: install the package ${peer.package}`
  if (process.env['CI'] === undefined) {
    describe.skip(`${title} (${why})`, () => tests(peer.package))
  } else {
    describe(title, () => it('has its peer', () => expect.fail(why)))
  }
}

/** A child process and what it printed. */
export class Program {
  static readonly #running = new Set<Program>()
  readonly child: ChildProcessWithoutNullStreams
  /** Fulfilled once it has ended and everything it printed is here. */
  readonly ended: Promise<{ status: number | null, signal: string | null }>
  #out = Buffer.alloc(0)
  #error = ''
  #waiting: (() => void)[] = []

  constructor(command: string, args: string[], env: Record<string, string> = {}) {
    this.child = spawn(command, args, { cwd: root, env: { ...process.env, ...env } })
    Program.#running.add(this)
    this.child.stdout.on('data', (data: Buffer) => {
      this.#out = Buffer.concat([this.#out, data])
      this.#wake()
    })
    this.child.stderr.on('data', (data: Buffer) => { this.#error += data.toString() })
    // Written to after its end: what it did is in `ended`.
    this.child.stdin.on('error', () => undefined)
    this.ended = new Promise((resolve, reject) => {
      this.child.on('error', (error) => {
        Program.#running.delete(this)
        this.#error += error.message
        this.#wake()
        reject(error)
      })
      this.child.on('close', (status, signal) => {
        Program.#running.delete(this)
        this.#wake()
        resolve({ status, signal })
      })
    })
    this.ended.catch(() => undefined)
  }

  /** Ends those that a failed test left behind. */
  static async killAll(): Promise<void> {
    const left = [...this.#running]
    for (const program of left) program.child.kill('SIGKILL')
    await Promise.allSettled(left.map((program) => program.ended))
  }

  get output(): Buffer {
    return this.#out
  }

  get text(): string {
    return this.#out.toString()
  }

  get errorText(): string {
    return this.#error
  }

  type(text: string): void {
    this.child.stdin.write(text)
  }

  /** The first match in what it prints, as soon as it is there. */
  async prints(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.text)
      if (match !== null) return match
      if (!Program.#running.has(this)) {
        throw new Error(`ended without printing ${pattern}:\n${this.text}${this.errorText}`)
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }
}
