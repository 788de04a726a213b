/**
 * Work in another process: starts it, sends it one JSON object a line, and reads one JSON object a line back. Knows
 * where the Python programs are and which Python can import what they need. Bench programs only.
 */
import type { ChildProcess } from 'node:child_process'
import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { NotInstalled } from './model.js'

type Reply = Record<string, unknown>

interface Waiting {
  readonly resolve: (reply: Reply) => void
  readonly reject: (error: Error) => void
}

/** One child process that answers questions in the order in which they were put. */
export class Remote {
  readonly #child: ChildProcess
  readonly #name: string
  readonly #waiting: Waiting[] = []
  readonly #closed: Promise<void>
  #companion: { stop(): Promise<void> } | null = null
  #rest = ''
  #ended: Error | null = null

  constructor(name: string, command: string, args: readonly string[]) {
    this.#name = name
    this.#child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#child.stdout?.setEncoding('utf8')
    this.#child.stdout?.on('data', (text: string) => this.#received(text))
    this.#child.stdin?.on('error', () => undefined)
    this.#closed = new Promise((resolve) => {
      this.#child.on('error', (error) => { this.#end(error); resolve() })
      this.#child.on('close', (code, signal) => { this.#end(new Error(`ended (${signal ?? code})`)); resolve() })
    })
  }

  /** Starts another file of the emitted benchmarks, `path` relative to `bench/`, or a URL. */
  static node(name: string, path: string, args: readonly string[] = [], flags: readonly string[] = []): Remote {
    const file = fileURLToPath(new URL(path, import.meta.url))
    return new Remote(name, process.execPath, ['--expose-gc', '--no-flush-bytecode', ...flags, file, ...args])
  }

  /** Starts a Python program, `path` relative to `bench/`. @throws NotInstalled without a Python that has `modules`. */
  static python(name: string, path: string, modules: readonly string[], args: readonly string[] = []): Remote {
    return new Remote(name, findPython(modules), ['-u', sourceFile(path), ...args])
  }

  ask(question: object): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== null) return reject(this.#ended)
      this.#waiting.push({ resolve, reject })
      this.#child.stdin?.write(JSON.stringify(question) + '\n')
    })
  }

  /** As `ask`, for a reply's one numeric field. */
  async askNumber(question: object, field: string): Promise<number> {
    const value = (await this.ask(question))[field]
    if (typeof value !== 'number') throw new Error(`${this.#name} did not answer with a number ${field}`)
    return value
  }

  /** Stops `other` with this one. */
  bring(other: { stop(): Promise<void> }): this {
    this.#companion = other
    return this
  }

  async stop(): Promise<void> {
    await this.#companion?.stop()
    this.#child.stdin?.end()
    const late = setTimeout(() => this.#child.kill('SIGKILL'), 3000)
    await this.#closed
    clearTimeout(late)
  }

  #received(text: string): void {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) {
      const reply = JSON.parse(line) as Reply
      const waiting = this.#waiting.shift()
      if (typeof reply.error === 'string') waiting?.reject(new Error(`${this.#name}: ${reply.error}`))
      else waiting?.resolve(reply)
    }
  }

  #end(cause: Error): void {
    this.#ended ??= new Error(`${this.#name}: ${cause.message}`, { cause })
    for (const waiting of this.#waiting.splice(0)) waiting.reject(this.#ended)
  }
}

const found = new Map<string, string | null>()

/** Debian's own Python comes first: that is where its packages (python3-twisted, python3-uvloop) are. */
function findPython(modules: readonly string[]): string {
  const wanted = modules.join(', ')
  let python = found.get(wanted)
  if (python === undefined) {
    python = ['/usr/bin/python3', 'python3'].find((each) =>
      spawnSync(each, ['-c', `import ${wanted}`], { stdio: 'ignore' }).status === 0) ?? null
    found.set(wanted, python)
  }
  if (python === null) throw new NotInstalled(`no python3 here can import ${wanted}`)
  return python
}

/** Files that tsc does not emit are found in the source tree, above the emitted file or in the working directory. */
function sourceFile(path: string): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  for (;;) {
    const file = join(folder, 'bench', path)
    if (existsSync(file)) return file
    const above = dirname(folder)
    if (above === folder) break
    folder = above
  }
  const file = join(process.cwd(), 'bench', path)
  if (existsSync(file)) return file
  throw new Error(`bench/${path} is missing`)
}
