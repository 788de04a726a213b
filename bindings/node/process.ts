/**
 * Child processes on Node: `child_process.spawn`.
 *
 * Owns: the child and what Node does with its streams. Must not know: process protocols.
 *
 * Node makes the pipes to a child of pairs of UNIX sockets. A child reads and writes them as pipes, but cannot open
 * them again by name (`/dev/stdin`).
 */

import type { ChildProcess, StdioOptions } from 'node:child_process'
import process from 'node:process'
import type { Readable, Writable } from 'node:stream'
import type {
  ProcessAddress, ProcessHandle, ProcessHost, ProcessSink, SpawnRequest, StreamChannel,
} from '../../src/interfaces/index.js'
import { childProcess } from '../node-api/builtins.js'
import { prepare } from './load.js'
import { PipeChannel } from './pipe-channel.js'

/** Child processes for any reactor. */
export class NodeProcesses implements ProcessHost {
  spawn(request: SpawnRequest, sink: ProcessSink): ProcessHandle {
    prepare()
    return new Child(request, sink)
  }
}

class Child implements ProcessHandle {
  readonly #child: ChildProcess
  #isStarted = false
  #error: unknown = null

  constructor(request: SpawnRequest, sink: ProcessSink) {
    const { executable, args, env, cwd, fds } = request
    this.#child = childProcess().spawn(executable, args, { cwd, env: env ?? process.env, stdio: stdioOf(fds) })
    this.#child.on('error', (error) => {
      if (this.#isStarted) this.#error = error
      else sink.failed(error)
    })
    this.#child.on('exit', (exitCode, signal) => {
      if (this.#isStarted) sink.exited({ exitCode, signal })
    })
    const { pid } = this.#child
    if (pid === undefined) {
      for (const stream of this.#child.stdio) stream?.on('error', () => undefined)
      return
    }
    this.#isStarted = true
    sink.started(pid, this.#channels(request, pid))
  }

  signal(signal: string | number): boolean {
    this.#error = null
    const sent = this.#child.kill(signal as NodeJS.Signals)
    // Node tells of what it may not do as an event, while we are in here.
    if (this.#error !== null) throw this.#error
    return sent
  }

  keepAlive(wanted: boolean): void {
    if (wanted) this.#child.ref()
    else this.#child.unref()
  }

  #channels(request: SpawnRequest, pid: number): Map<number, StreamChannel> {
    const peer: ProcessAddress = { family: 'process', type: 'process', pid }
    const host: ProcessAddress = { family: 'process', type: 'process', pid: process.pid }
    const channels = new Map<number, StreamChannel>()
    for (const [fd, what] of request.fds) {
      const stream = this.#child.stdio[fd]
      if (stream === null || stream === undefined) continue
      if (what === 'r') {
        channels.set(fd, new PipeChannel(stream as Readable, null, peer, host))
      } else if (what === 'w') {
        const output = stream as Writable & Partial<Readable>
        // Both ways from the third on: to read, though nothing comes, tells when the child has closed it.
        if (fd > 2) output.resume?.()
        channels.set(fd, new PipeChannel(null, output, peer, host))
      }
    }
    return channels
  }
}

/** What is not named is the null device for the first three, and closed for the others. */
function stdioOf(fds: SpawnRequest['fds']): StdioOptions {
  const stdio: StdioOptions = []
  for (let fd = 0; fd <= Math.max(2, ...fds.keys()); fd++) {
    const what = fds.get(fd)
    stdio.push(what === undefined ? 'ignore' : typeof what === 'number' ? what : 'pipe')
  }
  return stdio
}
