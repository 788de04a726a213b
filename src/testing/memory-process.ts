/**
 * What a MemoryReactor gives for a child process: a record of what was done to it, and the child's part for the test.
 *
 * Owns: which descriptors are open, and the order of the protocol's callbacks. Must not know: programs.
 * Source: twisted.internet.testing.MemoryProcess.
 */
import { encodeText } from '../core/text.js'
import { debugging, noteSite } from '../defer/debug.js'
import { Failure, succeed } from '../defer/index.js'
import type { Deferred } from '../defer/index.js'
import type {
  IProcessProtocol, IProcessTransport, IPullProducer, IPushProducer, SpawnOptions, WriteLimits,
} from '../interfaces/index.js'
import { ProcessExitedAlready } from '../errors/index.js'
import { signalName } from '../transports/process-request.js'
import { StringTransport } from './string-transport.js'

/** A child that is none. */
export class MemoryProcess implements IProcessTransport {
  pid: number | null
  /** What was written to each of the child's descriptors, also after it was closed. */
  readonly pipes = new Map<number, StringTransport>()
  /** Signals that were sent. */
  readonly signals: (string | number)[] = []
  /** Descriptors between the child and this side that are open. */
  readonly open: Set<number>
  producer: IPushProducer | IPullProducer | null = null
  paused = false
  readonly #protocol: IProcessProtocol

  constructor(protocol: IProcessProtocol, pid: number, options: SpawnOptions) {
    this.#protocol = protocol
    this.pid = pid
    const fds = options.childFDs ?? { 0: 'w', 1: 'r', 2: 'r' }
    this.open = new Set(Object.entries(fds).filter(([, what]) => typeof what === 'string').map(([fd]) => Number(fd)))
    for (const fd of this.open) this.pipes.set(fd, new StringTransport())
    if (debugging) noteSite(this)
    protocol.makeConnection(this)
  }

  write(data: Uint8Array | string): void {
    this.writeToChild(0, data)
  }

  writeSequence(list: Iterable<Uint8Array | string>): void {
    for (const data of list) this.write(data)
  }

  writeToChild(childFD: number, data: Uint8Array | string): void {
    this.pipe(childFD)?.write(data)
  }

  pipe(childFD: number): StringTransport | null {
    return this.open.has(childFD) ? this.pipes.get(childFD)! : null
  }

  /** Everything written to a descriptor, as text. */
  text(childFD = 0): string {
    return this.pipes.get(childFD)?.text() ?? ''
  }

  /** Always 0: what is written is taken at once. */
  get writableLength(): number {
    return 0
  }

  drain(): Deferred<void> {
    return succeed()
  }

  setWriteLimits(limits: WriteLimits): void {
    this.pipe(0)?.setWriteLimits(limits)
  }

  closeChildFD(childFD: number): void {
    if (this.open.delete(childFD)) this.#protocol.childConnectionLost(childFD)
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

  /** Written down as it was given. @throws ProcessExitedAlready, TypeError */
  signalProcess(signal: string | number): void {
    signalName(signal)
    if (this.pid === null) throw new ProcessExitedAlready()
    this.signals.push(signal)
  }

  registerProducer(producer: IPushProducer | IPullProducer, _streaming: boolean): void {
    if (this.open.has(0)) this.producer = producer
    else producer.stopProducing()
  }

  unregisterProducer(): void {
    this.producer = null
  }

  pauseProducing(): void {
    this.paused = true
  }

  resumeProducing(): void {
    this.paused = false
  }

  stopProducing(): void {
    this.loseConnection()
  }

  /** The child writes to one of its descriptors. */
  output(childFD: number, data: Uint8Array | string): void {
    this.#protocol.childDataReceived(childFD, typeof data === 'string' ? encodeText(data) : data)
  }

  /** The child ends: `processExited`, the end of every descriptor, `processEnded`. */
  end(reason: unknown): void {
    const failure = new Failure(reason)
    this.pid = null
    this.#protocol.processExited(failure)
    for (const childFD of [...this.open]) this.closeChildFD(childFD)
    this.#protocol.processEnded(failure)
  }
}
