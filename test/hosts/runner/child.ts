/**
 * Runs a host that is a program: what it is told on its standard input, and the report it writes on its output.
 *
 * Owns: its end; a program that is given up on is killed, and so is one that would outlive the runner. Must not know: which program, what is in a report.
 */
import { spawn } from 'node:child_process'

/** So much of what a program wrote is shown when it goes wrong. */
const SHOWN = 4000

export interface ProgramOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string | undefined>>
  /** For its standard input, which ends then. */
  readonly input?: string
  /** Kills it. */
  readonly signal: AbortSignal
  /** The signal by which it ends itself when it is done. */
  readonly endsBy?: NodeJS.Signals
  /** Gets what it writes to standard error. */
  readonly log?: (text: string) => void
}

/**
 * Runs a program to its end. @returns what it wrote to standard output
 * @throws Error when it cannot be started, ends with a status that is not 0, or was given up on
 */
export function runProgram(command: string, args: readonly string[], options: ProgramOptions): Promise<string> {
  const { cwd, env, input = '', endsBy, signal, log } = options
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: 'pipe' })
    let out = ''
    let err = ''
    const give = (): void => void child.kill('SIGKILL')
    const settled = (): void => {
      signal.removeEventListener('abort', give)
      process.off('exit', give)
    }
    signal.addEventListener('abort', give)
    process.once('exit', give)
    if (signal.aborted) give()
    child.stdout.setEncoding('utf8').on('data', (text: string) => void (out += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      err = `${err}${text}`.slice(-SHOWN)
      log?.(text)
    })
    child.stdin.on('error', () => undefined).end(input)
    child.once('error', (error) => {
      settled()
      reject(error)
    })
    child.once('close', (code, by) => {
      settled()
      if (code === 0 || (by !== null && by === endsBy)) resolve(out)
      else reject(new Error(`${command} ended with ${by ?? `status ${code}`}\n${err}${out.slice(-SHOWN)}`))
    })
  })
}
