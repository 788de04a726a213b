/**
 * A workerd with a configuration of its own, until it is closed.
 *
 * Owns: the process, and the ports that it says it has got. Must not know: what is in the worker.
 */
import { spawn } from 'node:child_process'
import type { Readable } from 'node:stream'

/** One that runs. */
export interface RunningWorkerd {
  /** By the names that the configuration has for its sockets; all that listen on port 0 have one by now. */
  readonly ports: ReadonlyMap<string, number>
  /** Rejects when it ends before it is closed, with what it wrote last. */
  readonly died: Promise<never>
  close(): Promise<void>
}

/** @param sockets the names of those that have to listen before it is of use */
export async function startWorkerd(
  program: string, config: string, sockets: readonly string[], { log, cwd }: { log(text: string): void, cwd: string },
): Promise<RunningWorkerd> {
  const child = spawn(program, ['serve', config, '--control-fd=3'], { cwd, stdio: ['ignore', 'pipe', 'pipe', 'pipe'] })
  const kill = (): void => void child.kill('SIGKILL')
  process.once('exit', kill)
  let last = ''
  for (const stream of [child.stdout, child.stderr] as Readable[]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      last = `${last}${text}`.slice(-4000)
      for (const [line] of text.matchAll(/^failed: .*$/gm)) log(line)
    })
  }
  let closing = false
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('close', (code, signal) => resolve(`${signal ?? `status ${code}`}\n${last}`))
  })
  const died = ended.then((how) => closing ? new Promise<never>(() => undefined) : Promise.reject(
    new Error(`workerd has ended: ${how}`)))
  died.catch(() => undefined)
  const ports = new Map<string, number>()
  const listening = new Promise<void>((resolve) => {
    let rest = ''
    ;(child.stdio[3] as Readable).setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n')
      rest = lines.pop()!
      for (const line of lines) {
        const { event, socket, port } = JSON.parse(line) as { event: string, socket?: string, port?: number }
        if (event === 'listen' && socket !== undefined) ports.set(socket, port ?? 0)
      }
      if (sockets.every((name) => ports.has(name))) resolve()
    })
  })
  const close = async (): Promise<void> => {
    closing = true
    kill()
    await ended
    process.off('exit', kill)
  }
  try {
    await Promise.race([listening, died])
  } catch (error) {
    await close()
    throw error
  }
  return { ports, died, close }
}
