/**
 * ProcessChannel: a child process as one stream channel: its standard input is written, its standard output read.
 * What `process:` endpoints are made of.
 *
 * Owns: making one connection of two pipes and a process. Must not know: protocols, hosts. Source:
 * twisted.internet.endpoints.ProcessEndpoint.
 *
 * The connection ends when the child has ended and its output is read: in order after status 0, otherwise with
 * ProcessTerminated as the reason. To close it closes the child's standard input; the child may go on writing, which
 * nobody reads, until it ends or STOP_GRACE has passed, when its output is closed as well. To abort it kills the child.
 * Its error output is not waited for: whoever else holds that has as long after the end, and no longer than the reactor.
 */

import type { Failure } from '../defer/index.js'
import { ProcessDone, ProcessNotStarted } from '../errors/index.js'
import type { IAddress, ProcessAddress } from '../interfaces/address.js'
import type { IConnector } from '../interfaces/connector.js'
import type { IClientFactory } from '../interfaces/factory.js'
import type { ProcessHandle } from '../interfaces/process-host.js'
import type { ErrorOutput, IProcessProtocol, IProcessTransport } from '../interfaces/reactor-process.js'
import type { StreamChannel, StreamSink } from '../interfaces/stream-channel.js'
import type { ConnectHandle, ConnectSink } from '../interfaces/stream-host.js'
import type { IDelayedCall } from '../interfaces/time.js'
import { checkFactory } from './check-factory.js'
import { STOP_GRACE } from './limits.js'
import { ChannelTaker } from './process.js'
import { StreamConnector } from './stream-connector.js'
import type { ClosablePort, StreamReactor } from './stream-reactor.js'

/** How a reactor runs programs; `spawnProcess` of the reactor that is asked, so that what it refuses stays refused. */
type Spawn = (protocol: IProcessProtocol) => IProcessTransport

/** Connects a factory to a child's standard input and output. @internal */
export function connectProcess(
  reactor: StreamReactor, spawn: Spawn, factory: IClientFactory, errorReceived: ErrorOutput = () => undefined,
): IConnector {
  checkFactory(factory, 'client')
  if (typeof errorReceived !== 'function') throw new TypeError('errorReceived is a function')
  const { isolate } = reactor
  const errors = (data: Uint8Array): void => {
    try {
      errorReceived(isolate === undefined ? data : isolate(data))
    } catch (error) {
      reactor.logFailure('errorReceived failed', error)
    }
  }
  const address: ProcessAddress = { family: 'process', type: 'process', pid: null }
  const connector = new StreamConnector(reactor, factory, address, Infinity, (sink) =>
    new Start(reactor, spawn, sink, errors))
  connector.connect()
  return connector
}

/** A program that is being started. */
class Start extends ChannelTaker implements ConnectHandle {
  readonly #reactor: StreamReactor
  readonly #sink: ConnectSink
  readonly #errors: ErrorOutput
  #started: { pid: number, handle: ProcessHandle, channels: ReadonlyMap<number, StreamChannel> } | null = null
  #cancelled = false
  #channel: ProcessChannel | null = null

  constructor(reactor: StreamReactor, spawn: Spawn, sink: ConnectSink, errors: ErrorOutput) {
    super()
    this.#reactor = reactor
    this.#sink = sink
    this.#errors = errors
    spawn(this)
  }

  override take(pid: number, handle: ProcessHandle, channels: ReadonlyMap<number, StreamChannel>): void {
    this.#started = { pid, handle, channels }
    // In a later turn: a connector hears nothing while it makes its attempt.
    this.#reactor.queue.post(() => this.#connect())
  }

  override processExited({ value }: Failure): void {
    if (value instanceof ProcessNotStarted) {
      if (!this.#cancelled) this.#sink.failed(value)
      return
    }
    // It may have ended before anybody was connected to it; what it wrote is still to be read.
    this.#connect()
    this.#channel?.exited(value)
  }

  cancel(): void {
    this.#cancelled = true
    this.#started?.handle.signal('SIGKILL')
    for (const channel of this.#started?.channels.values() ?? []) channel.reset()
  }

  #connect(): void {
    if (this.#cancelled || this.#started === null || this.#channel !== null) return
    const { pid, handle, channels } = this.#started
    this.#channel = new ProcessChannel(this.#reactor, pid, handle, channels, this.#errors)
    this.#sink.connected(this.#channel)
  }
}

/** A running child as a channel. @internal */
export class ProcessChannel implements StreamChannel, ClosablePort {
  readonly peer: IAddress
  readonly host: IAddress
  readonly #reactor: StreamReactor
  readonly #handle: ProcessHandle
  readonly #input: StreamChannel
  readonly #output: StreamChannel
  readonly #errors: StreamChannel | null
  #sink: StreamSink | null = null
  #isOpened = false
  #sending = false
  #inputOver = false
  #outputOver = false
  #errorsOver = false
  /** The connection is over, its error output is not. */
  #isLeft = false
  #end: Error | null = null
  #grace: IDelayedCall | null = null

  /** @param channels of the descriptors 0 and 1, and perhaps 2, whose data `errorOutput` hears */
  constructor(
    reactor: StreamReactor, pid: number, handle: ProcessHandle, channels: ReadonlyMap<number, StreamChannel>,
    errorOutput: ErrorOutput) {
    this.#reactor = reactor
    this.#handle = handle
    this.#input = channels.get(0) as StreamChannel
    this.#output = channels.get(1) as StreamChannel
    this.#errors = channels.get(2) ?? null
    this.peer = { family: 'process', type: 'process', pid }
    this.host = { family: 'process', type: 'process', pid: null }
    this.#errors?.open(new Half({
      received: errorOutput,
      receivedEnd: () => this.#errorsEnded(),
      closed: () => this.#errorsEnded(),
    }))
  }

  open(sink: StreamSink): void {
    this.#sink = sink
    // TLS takes the place of whoever heard of it before.
    if (this.#isOpened) return
    this.#isOpened = true
    this.#input.open(new Half({
      sent: () => this.#sent(),
      finished: () => {
        this.#inputOver = true
        this.#sink?.finished()
      },
      closed: () => {
        // The child does not read any more; what it writes still counts.
        this.#inputOver = true
        this.#sent()
      },
    }))
    this.#output.open(new Half({
      received: (data) => this.#sink?.received(data),
      receivedEnd: () => {
        this.#output.close(true)
        this.#sink?.receivedEnd()
      },
      closed: () => {
        this.#outputOver = true
        this.#endIfOver()
      },
    }))
  }

  send(piece: Uint8Array): boolean {
    return this.#inputOver || !(this.#sending = !this.#input.send(piece))
  }

  sendList(pieces: Uint8Array[]): boolean {
    return this.#inputOver || !(this.#sending = !this.#input.sendList(pieces))
  }

  finish(): void {
    if (this.#inputOver) this.#reactor.queue.post(() => this.#sink?.finished())
    else this.#input.finish()
  }

  close(linger: boolean): void {
    if (!linger) {
      this.#sink = null
      // A child that nobody wanted to speak with has nothing to finish.
      if (!this.#isOpened) this.#kill()
      this.#input.close(false)
      this.#leave()
      return
    }
    this.#output.resume()
    const output = this.#output
    // What else it writes is read and dropped, so that it can finish in peace.
    const sink = this.#sink
    this.#sink = sink === null ? null : new Half({ closed: (error) => sink.closed(error) })
    if (!this.#inputOver) this.#input.close(true)
    if (!this.#outputOver) this.#grace = this.#reactor.callLater(STOP_GRACE, () => {
      if (!this.#outputOver) output.close(true)
      this.#errors?.close(true)
      this.#handle.keepAlive(false)
      const left = this.#sink
      this.#sink = null
      left?.closed(null)
    })
    this.#endIfOver()
  }

  reset(): void {
    this.#sink = null
    this.#kill()
    this.#input.reset()
    this.#leave()
  }

  pause(): void {
    this.#output.pause()
  }

  resume(): void {
    this.#output.resume()
  }

  setNoDelay(): void {}

  setKeepAlive(): void {}

  /** The reactor stops while only the error output is left. */
  stopListening(): void {
    this.#errors?.close(false)
    this.#errorsEnded()
  }

  /** The child has ended. @param end ProcessDone or ProcessTerminated */
  exited(end: Error): void {
    this.#end = end
    this.#endIfOver()
  }

  #sent(): void {
    if (!this.#sending) return
    this.#sending = false
    this.#sink?.sent()
  }

  #kill(): void {
    try {
      this.#handle.signal('SIGKILL')
    } catch {
      // It runs as somebody else. That its pipes are closed is all that can be done.
    }
  }

  #leave(): void {
    this.#endGrace()
    this.#output.reset()
    this.#errors?.reset()
    this.#errorsEnded()
    this.#handle.keepAlive(false)
  }

  #errorsEnded(): void {
    this.#errorsOver = true
    if (!this.#isLeft) return
    this.#endGrace()
    this.#reactor.removePort(this)
  }

  #endGrace(): void {
    if (this.#grace?.active() === true) this.#grace.cancel()
    this.#grace = null
  }

  #endIfOver(): void {
    if (this.#end === null || !this.#outputOver) return
    if (!this.#isLeft) this.#endGrace()
    const sink = this.#sink
    this.#sink = null
    if (!this.#inputOver) this.#input.close(false)
    if (this.#errors !== null && !this.#errorsOver && !this.#isLeft) {
      this.#isLeft = true
      this.#reactor.addPort(this)
      this.#grace = this.#reactor.callLater(STOP_GRACE, () => this.stopListening())
    }
    sink?.closed(this.#end instanceof ProcessDone ? null : this.#end)
  }
}

/** Hears of one pipe; what it is not told to do it ignores. */
class Half implements StreamSink {
  readonly lendsBuffers = false
  readonly #on: Partial<StreamSink>

  constructor(on: Partial<StreamSink>) {
    this.#on = on
  }

  received(chunk: Uint8Array): void {
    this.#on.received?.(chunk)
  }

  borrow(): null {
    return null
  }

  filled(): void {}

  receivedEnd(): void {
    this.#on.receivedEnd?.()
  }

  sent(): void {
    this.#on.sent?.()
  }

  finished(): void {
    this.#on.finished?.()
  }

  closed(error: unknown): void {
    this.#on.closed?.(error)
  }
}
