/**
 * ProcessTransport: a child process, and a stream transport for each of its pipes.
 *
 * Owns: what the process protocol is told and in which order, and the child's life as far as this program sees it.
 * Must not know: hosts; and what all connections have in common (writing once a turn, limits, producers, pausing,
 * fairness) is the pipes' own. Source: twisted.internet.process.
 *
 *   made → running ──(exited)──▶ exited ──(last pipe closed)──▶ ended
 *     └─────(failed)────────────────────────────────────────────▶
 */

import { fail, Failure } from '../defer/index.js'
import type { Deferred } from '../defer/index.js'
import { ConnectionLost, ProcessDone, ProcessExitedAlready, ProcessNotStarted, ProcessTerminated } from '../errors/index.js'
import type { ProcessHandle, ProcessHost, ProcessSink, ProcessStatus, SpawnRequest } from '../interfaces/process-host.js'
import type { IPullProducer, IPushProducer } from '../interfaces/producer.js'
import type { IProtocol } from '../interfaces/protocol.js'
import type { IProcessProtocol, IProcessTransport } from '../interfaces/reactor-process.js'
import type { StreamChannel } from '../interfaces/stream-channel.js'
import type { IStreamTransport, WriteLimits } from '../interfaces/transport.js'
import { signalName } from './process-request.js'
import type { ClosablePort, StreamReactor } from './stream-reactor.js'
import { StreamTransport } from './stream-transport.js'
import type { ConnectionOwner } from './stream-transport.js'

const CALLBACKS = ['makeConnection', 'childDataReceived', 'childConnectionLost', 'processExited', 'processEnded']

/**
 * A process protocol that has the pipes as they are, without transports of their own: the child is a connection. It hears
 * of nothing else but the child's end. @internal
 */
export abstract class ChannelTaker implements IProcessProtocol {
  abstract take(pid: number, handle: ProcessHandle, channels: ReadonlyMap<number, StreamChannel>): void
  abstract processExited(reason: Failure): void

  makeConnection(): void {}

  connectionMade(): void {}

  childDataReceived(): void {}

  childConnectionLost(): void {}

  processEnded(): void {}
}

/** What a child ended with, as a reason. */
function endOf({ exitCode, signal }: ProcessStatus): ProcessDone | ProcessTerminated {
  return exitCode === 0 && signal === null ? new ProcessDone() : new ProcessTerminated(exitCode, signal)
}

/** A child process. */
export class ProcessTransport implements IProcessTransport, ProcessSink, ClosablePort, ConnectionOwner {
  readonly #reactor: StreamReactor
  readonly #protocol: IProcessProtocol
  readonly #request: SpawnRequest
  readonly #signal: AbortSignal | undefined
  readonly #pipes = new Map<number, StreamTransport>()
  #handle: ProcessHandle | null = null
  #pid: number | null = null
  #channels: ReadonlyMap<number, StreamChannel> | null = null
  #state: 'made' | 'running' | 'exited' | 'ended' = 'made'
  #reason: Failure | null = null
  #stopped = false
  #onAbort = (): void => {
    if (this.#state === 'running') this.#handle?.signal('SIGKILL')
  }

  /** @internal Made by `spawnProcess`. */
  constructor(
    reactor: StreamReactor, host: ProcessHost, protocol: IProcessProtocol, request: SpawnRequest, signal?: AbortSignal,
  ) {
    for (const name of CALLBACKS) {
      if (typeof (protocol as unknown as Record<string, unknown> | null | undefined)?.[name] !== 'function') {
        throw new TypeError(`a process protocol needs the method ${name}()`)
      }
    }
    if (signal !== undefined && typeof signal?.addEventListener !== 'function') {
      throw new TypeError(`signal is an AbortSignal, not ${String(signal)}`)
    }
    this.#reactor = reactor
    this.#protocol = protocol
    this.#request = request
    this.#signal = signal
    reactor.addPort(this)
    if (signal?.aborted === true) {
      reactor.queue.post(() => this.failed(signal.reason))
      return
    }
    signal?.addEventListener('abort', this.#onAbort)
    reactor.enter()
    try {
      this.#handle = host.spawn(request, this)
      this.#begin()
    } catch (error) {
      reactor.queue.post(() => this.failed(error))
    }
    reactor.exit()
  }

  get pid(): number | null {
    return this.#pid
  }

  pipe(childFD: number): IStreamTransport | null {
    return this.#pipes.get(childFD) ?? null
  }

  // --- writing

  write(data: Uint8Array | string): void {
    this.writeToChild(0, data)
  }

  writeSequence(list: Iterable<Uint8Array | string>): void {
    this.#writable(0)?.writeSequence(list)
  }

  writeToChild(childFD: number, data: Uint8Array | string): void {
    this.#writable(childFD)?.write(data)
  }

  registerProducer(producer: IPushProducer | IPullProducer, streaming: boolean): void {
    const pipe = this.#writable(0)
    if (pipe === null) producer.stopProducing()
    else pipe.registerProducer(producer, streaming)
  }

  unregisterProducer(): void {
    this.#pipes.get(0)?.unregisterProducer()
  }

  get writableLength(): number {
    return this.#pipes.get(0)?.writableLength ?? 0
  }

  drain(): Deferred<void> {
    const closed = (): Deferred<void> => fail(new ConnectionLost('The child no longer reads its standard input.'))
    return this.#writable(0)?.drain() ?? closed()
  }

  setWriteLimits(limits: WriteLimits): void {
    this.#writable(0)?.setWriteLimits(limits)
  }

  // --- reading: all pipes that this program reads

  pauseProducing(): void {
    for (const pipe of this.#readable()) pipe.pauseProducing()
  }

  resumeProducing(): void {
    for (const pipe of this.#readable()) pipe.resumeProducing()
  }

  stopProducing(): void {
    this.loseConnection()
  }

  // --- closing

  closeChildFD(childFD: number): void {
    this.#pipes.get(childFD)?.loseConnection()
  }

  closeStdin(): void {
    this.closeChildFD(0)
  }

  closeStdout(): void {
    this.closeChildFD(1)
  }

  closeStderr(): void {
    this.closeChildFD(2)
  }

  loseConnection(): void {
    for (const childFD of [0, 1, 2]) this.closeChildFD(childFD)
  }

  signalProcess(signal: string | number): void {
    const name = signalName(signal)
    if (this.#state !== 'running' || this.#handle === null) throw new ProcessExitedAlready()
    if (!this.#handle.signal(name)) throw new ProcessExitedAlready()
  }

  /** The reactor stops: it closes the pipes, as all connections, and the child no longer holds this program. @internal */
  stopListening(): void {
    this.#stopped = true
    this.#handle?.keepAlive(false)
    this.#reactor.removePort(this)
  }

  // --- from the host

  /** @internal */
  started(pid: number, channels: ReadonlyMap<number, StreamChannel>): void {
    this.#pid = pid
    this.#channels = channels
    if (this.#handle === null) return
    this.#reactor.enter()
    this.#begin()
    this.#reactor.exit()
  }

  /** @internal */
  failed(error: unknown): void {
    if (this.#state !== 'made') return
    this.#reactor.enter()
    this.#reason = new Failure(new ProcessNotStarted(this.#request.executable, { cause: error }))
    this.#tellExited(this.#reason)
    this.#end()
    this.#reactor.exit()
  }

  /** @internal */
  exited(status: ProcessStatus): void {
    if (this.#state !== 'running') return
    this.#reactor.enter()
    this.#reason = new Failure(endOf(status))
    this.#tellExited(this.#reason)
    this.#endIfClosed()
    this.#reactor.exit()
  }

  // --- from the pipes

  /** @internal */
  connectionEnded(transport: StreamTransport): void {
    for (const [childFD, pipe] of this.#pipes) {
      if (pipe !== transport) continue
      this.#pipes.delete(childFD)
      this.#call('childConnectionLost', () => this.#protocol.childConnectionLost(childFD))
    }
    this.#endIfClosed()
  }

  // --- inside

  /** Once the host has said that it runs, and has given its handle, in whichever order. */
  #begin(): void {
    if (this.#channels === null || this.#state !== 'made') return
    this.#state = 'running'
    if (this.#protocol instanceof ChannelTaker) {
      this.#protocol.take(this.#pid as number, this.#handle as ProcessHandle, this.#channels)
      return
    }
    for (const [childFD, channel] of this.#channels) {
      this.#pipes.set(childFD, new StreamTransport(this.#reactor, channel, this))
    }
    if (this.#stopped) this.#handle?.keepAlive(false)
    try {
      this.#protocol.makeConnection(this)
    } catch (error) {
      this.#reactor.logFailure('connectionMade failed', error)
      this.loseConnection()
    }
    for (const [childFD, pipe] of [...this.#pipes]) pipe.start(new ChildPipe(this.#protocol, childFD))
  }

  /** @returns null once it is closed @throws RangeError for what never was a `w` */
  #writable(childFD: number): StreamTransport | null {
    if (this.#request.fds.get(childFD) !== 'w') {
      throw new RangeError(`descriptor ${String(childFD)} of this child is not one that is written to`)
    }
    return this.#pipes.get(childFD) ?? null
  }

  #readable(): StreamTransport[] {
    return [...this.#pipes].filter(([childFD]) => this.#request.fds.get(childFD) === 'r').map(([, pipe]) => pipe)
  }

  #tellExited(reason: Failure): void {
    this.#state = 'exited'
    this.#pid = null
    this.#handle = null
    this.#signal?.removeEventListener('abort', this.#onAbort)
    this.#call('processExited', () => this.#protocol.processExited(reason))
  }

  #endIfClosed(): void {
    if (this.#state === 'exited' && this.#pipes.size === 0) this.#end()
  }

  #end(): void {
    this.#state = 'ended'
    this.#reactor.removePort(this)
    this.#call('processEnded', () => this.#protocol.processEnded(this.#reason as Failure))
  }

  #call(what: string, fn: () => void): void {
    try {
      fn()
    } catch (error) {
      this.#reactor.logFailure(`${what} failed`, error)
    }
  }
}

/** What a pipe's bytes go to. The pipe's end is told by its owner, after the pipe is off the reactor's books. */
class ChildPipe implements IProtocol {
  readonly #protocol: IProcessProtocol
  readonly #childFD: number

  constructor(protocol: IProcessProtocol, childFD: number) {
    this.#protocol = protocol
    this.#childFD = childFD
  }

  makeConnection(): void {}

  connectionMade(): void {}

  dataReceived(data: Uint8Array): void {
    this.#protocol.childDataReceived(this.#childFD, data)
  }

  connectionLost(): void {}
}
