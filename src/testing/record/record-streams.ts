/**
 * Recorded streams: channels, the sinks that hear of them, and who opens them.
 *
 * Owns: passing everything on as it is, and telling the Recorder of it. Must not know: the file.
 */
import type { DescriptorHost, ProcessHandle, ProcessHost } from '../../interfaces/process-host.js'
import type { StreamChannel, StreamSink } from '../../interfaces/stream-channel.js'
import type {
  ConnectHandle, ConnectSink, ListenHandle, ListenSink, TCPHost, UNIXHost,
} from '../../interfaces/stream-host.js'
import type { SecureChannel, TLSHost } from '../../interfaces/tls-host.js'
import type { TLSSession } from '../../interfaces/tls.js'
import { PrependedChannel } from '../../transports/prepended-channel.js'
import { HOST } from './format.js'
import { ref } from './recorder.js'
import type { Recorder } from './recorder.js'

/** A host's channel, written down. @internal */
export class RecordedChannel implements StreamChannel {
  readonly id: number
  /** For the host's TLS, which takes a shorter way with channels of its own. */
  readonly real: StreamChannel
  protected readonly recorder: Recorder
  readonly #one: Uint8Array[] = [new Uint8Array(0)]

  constructor(recorder: Recorder, real: StreamChannel, id = recorder.newObject()) {
    this.recorder = recorder
    this.real = real
    this.id = id
  }

  open(sink: StreamSink): void {
    this.recorder.asked(this.id, 'open')
    this.real.open(new RecordedSink(this.recorder, this, sink))
  }

  send(piece: Uint8Array): boolean {
    const taken = this.real.send(piece)
    this.#one[0] = piece
    this.recorder.sent(this.id, this.#one, taken)
    return taken
  }

  sendList(pieces: Uint8Array[]): boolean {
    // The host may make the list its own.
    const list = [...pieces]
    const taken = this.real.sendList(pieces)
    this.recorder.sent(this.id, list, taken)
    return taken
  }

  finish(): void {
    this.recorder.asked(this.id, 'finish')
    this.real.finish()
  }

  close(linger: boolean): void {
    this.recorder.asked(this.id, 'close', linger)
    this.real.close(linger)
  }

  reset(): void {
    this.recorder.asked(this.id, 'reset')
    this.real.reset()
  }

  pause(): void {
    this.recorder.asked(this.id, 'pause')
    this.real.pause()
  }

  resume(): void {
    this.recorder.asked(this.id, 'resume')
    this.real.resume()
  }

  get copies(): boolean {
    return this.real.copies === true
  }

  get givesChunks(): boolean {
    return this.real.givesChunks === true
  }

  get peer(): StreamChannel['peer'] {
    return this.real.peer
  }

  get host(): StreamChannel['host'] {
    return this.real.host
  }

  /** Null where there is no TLS, too: a transport asks this of every channel. */
  get session(): TLSSession | null {
    return (this.real as Partial<SecureChannel>).session ?? null
  }

  setNoDelay(enabled: boolean): void {
    this.recorder.asked(this.id, 'setNoDelay', enabled)
    this.real.setNoDelay(enabled)
  }

  setKeepAlive(enabled: boolean, delayMs?: number): void {
    this.recorder.asked(this.id, 'setKeepAlive', enabled, delayMs)
    this.real.setKeepAlive(enabled, delayMs)
  }
}

/** What a replay has to know of a channel. */
function shown(channel: RecordedChannel): unknown[] {
  const { id, host, peer } = channel
  return [ref(id), host, peer, traits(channel.real)]
}

/** Bit 0: copies; bit 1: gives chunks. */
function traits(channel: StreamChannel): number {
  return (channel.copies === true ? 1 : 0) | (channel.givesChunks === true ? 2 : 0)
}

class RecordedSink implements StreamSink {
  readonly #recorder: Recorder
  readonly #channel: RecordedChannel
  readonly #id: number
  readonly #sink: StreamSink
  #lent: Uint8Array | null = null

  constructor(recorder: Recorder, channel: RecordedChannel, sink: StreamSink) {
    this.#recorder = recorder
    this.#channel = channel
    this.#id = channel.id
    this.#sink = sink
  }

  get lendsBuffers(): boolean {
    return this.#sink.lendsBuffers
  }

  received(chunk: Uint8Array): void {
    this.#recorder.received(this.#id, chunk)
    this.#sink.received(chunk)
  }

  borrow(hint: number): Uint8Array | null {
    this.#recorder.borrowing(this.#id, hint)
    return this.#lent = this.#sink.borrow(hint)
  }

  filled(length: number): void {
    if (this.#lent !== null) this.#recorder.filled(this.#id, this.#lent.subarray(0, length))
    this.#sink.filled(length)
  }

  receivedEnd(): void {
    this.#recorder.told(this.#id, 'receivedEnd')
    this.#sink.receivedEnd()
  }

  sent(): void {
    this.#recorder.taken(this.#id)
    this.#sink.sent()
  }

  finished(): void {
    this.#recorder.told(this.#id, 'finished')
    this.#sink.finished()
  }

  secured(session: TLSSession): void {
    this.#recorder.told(this.#id, 'secured', session, traits(this.#channel.real))
    this.#sink.secured?.(session)
  }

  closed(error: unknown): void {
    this.#recorder.told(this.#id, 'closed', error)
    this.#sink.closed(error)
  }
}

/** @internal */
export function recordTCP(recorder: Recorder, tcp: TCPHost): TCPHost {
  return {
    listen: (request, sink) => listen(recorder, 'listenTCP', { ...request }, sink, (own) => tcp.listen(request, own)),
    connect: (request, sink) =>
      connect(recorder, 'connectTCP', { ...request }, sink, (own) => tcp.connect(request, own)),
  }
}

/** @internal */
export function recordUNIX(recorder: Recorder, unix: UNIXHost): UNIXHost {
  return {
    listen: (request, sink) => listen(recorder, 'listenUNIX', { ...request }, sink, (own) => unix.listen(request, own)),
    connect: (request, sink) =>
      connect(recorder, 'connectUNIX', { ...request }, sink, (own) => unix.connect(request, own)),
  }
}

/**
 * Keys and certificates are not written down; what is said over TLS is, in plain.
 * @param soon the host's own, of which nothing is written down: what TLS does below is none of the program's doing
 * @internal
 */
export function recordTLS(recorder: Recorder, tls: TLSHost, soon: (fn: () => void) => void): TLSHost {
  const secure = (method: 'tlsAccept' | 'tlsConnect', channel: StreamChannel, args: unknown[],
    make: (below: StreamChannel) => SecureChannel): SecureChannel => {
    const below = channel instanceof PrependedChannel ? channel.below : channel
    const own = below instanceof RecordedChannel
    if (!own) recorder.note('TLS over something that is no connection of the host')
    const id = recorder.newObject()
    const real = !own ? channel : channel instanceof PrependedChannel ? channel.onto(below.real, soon) : below.real
    const made = recorder.call(HOST, method, [ref(id), own ? ref(below.id) : null, ...args], () => make(real))
    return new RecordedChannel(recorder, made, id) as RecordedChannel & SecureChannel
  }
  return {
    server: (options) => recorder.call(HOST, 'tlsServer', [], () => tls.server(options)),
    accept: (channel, server) => secure('tlsAccept', channel, [], (below) => tls.accept(below, server)),
    connect: (channel, options, name, sessionKey) =>
      secure('tlsConnect', channel, [name], (below) => tls.connect(below, options, name, sessionKey)),
  }
}

/** @internal */
export function recordDescriptors(recorder: Recorder, descriptors: DescriptorHost): DescriptorHost {
  return {
    stdio: () => {
      const id = recorder.newObject()
      return new RecordedChannel(recorder, recorder.call(HOST, 'stdio', [ref(id)], () => descriptors.stdio()), id)
    },
    adoptPort: (fd, sink) =>
      listen(recorder, 'adoptPort', { fd }, sink, (own) => descriptors.adoptPort(fd, own)),
    adoptConnection: (fd, sink) => {
      const id = recorder.newObject()
      recorder.call(HOST, 'adoptConnection', [ref(id), { fd }], () =>
        descriptors.adoptConnection(fd, connecting(recorder, id, sink)))
    },
  }
}

/** @internal */
export function recordProcesses(recorder: Recorder, processes: ProcessHost): ProcessHost {
  return {
    spawn: (request, sink) => {
      const id = recorder.newObject()
      const { executable, args, cwd, fds } = request
      // Not the environment, where secrets are.
      const said = { executable, args: [...args], cwd, fds: [...fds].map(([fd, what]) => [fd, what]) }
      const made = recorder.call(HOST, 'spawn', [ref(id), said], () => processes.spawn(request, {
        started: (pid, pipes) => {
          const own = new Map([...pipes].map(([fd, pipe]) => [fd, new RecordedChannel(recorder, pipe)]))
          recorder.told(id, 'started', pid, [...own].map(([fd, pipe]) => [fd, ...shown(pipe)]))
          sink.started(pid, own)
        },
        failed: (error) => {
          recorder.told(id, 'failed', error)
          sink.failed(error)
        },
        exited: (status) => {
          recorder.told(id, 'exited', status)
          sink.exited(status)
        },
      }))
      return recordedChild(recorder, id, made)
    },
  }
}

function recordedChild(recorder: Recorder, id: number, child: ProcessHandle): ProcessHandle {
  return {
    signal: (signal) => recorder.call(id, 'signal', [signal], () => child.signal(signal)),
    keepAlive: (wanted) => child.keepAlive(wanted),
  }
}

function listen(
  recorder: Recorder, method: 'listenTCP' | 'listenUNIX' | 'adoptPort', request: object, sink: ListenSink,
  open: (sink: ListenSink) => ListenHandle): ListenHandle {
  const id = recorder.newObject()
  const handle = recorder.call(HOST, method, [ref(id), request], () => open({
    listening: (address) => {
      recorder.told(id, 'listening', address)
      sink.listening(address)
    },
    failed: (error) => {
      recorder.told(id, 'failed', error)
      sink.failed(error)
    },
    accepted: (channel) => {
      const own = new RecordedChannel(recorder, channel)
      recorder.told(id, 'accepted', ...shown(own))
      sink.accepted(own)
    },
    acceptFailed: (error) => {
      recorder.told(id, 'acceptFailed', error)
      sink.acceptFailed(error)
    },
  }))
  return {
    close: () => {
      recorder.asked(id, 'close')
      return handle.close()
    },
  }
}

function connect(
  recorder: Recorder, method: 'connectTCP' | 'connectUNIX', request: object, sink: ConnectSink,
  open: (sink: ConnectSink) => ConnectHandle): ConnectHandle {
  const id = recorder.newObject()
  const handle = recorder.call(HOST, method, [ref(id), request], () => open(connecting(recorder, id, sink)))
  return {
    cancel: () => {
      recorder.asked(id, 'cancel')
      handle.cancel()
    },
  }
}

function connecting(recorder: Recorder, id: number, sink: ConnectSink): ConnectSink {
  return {
    connected: (channel) => {
      const own = new RecordedChannel(recorder, channel)
      recorder.told(id, 'connected', ...shown(own))
      sink.connected(own)
    },
    failed: (error) => {
      recorder.told(id, 'failed', error)
      sink.failed(error)
    },
  }
}
