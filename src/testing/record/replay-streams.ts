/**
 * Replayed streams: channels whose host is a recording, and those who open them.
 *
 * Owns: telling sinks what they were told, and asking the tape whether the program does what it did. Must not know: the
 * file. What the recording knows nothing of gets a number below zero, and nothing ever happens to it.
 */
import type { IAddress } from '../../interfaces/address.js'
import type { DescriptorHost, ProcessHost, ProcessStatus } from '../../interfaces/process-host.js'
import type { StreamChannel, StreamSink } from '../../interfaces/stream-channel.js'
import type { ConnectSink, ListenHandle, ListenSink, TCPHost, UNIXHost } from '../../interfaces/stream-host.js'
import type { SecureChannel, TLSHost } from '../../interfaces/tls-host.js'
import type { TLSSession } from '../../interfaces/tls.js'
import { PrependedChannel } from '../../transports/prepended-channel.js'
import { HOST } from './format.js'
import type { Method } from './format.js'
import type { ReplayObjects } from './replay-objects.js'
import { Ref } from './values.js'

const NOWHERE: IAddress = Object.freeze({ family: 'memory', type: 'memory', name: 'nowhere' })

/** One connection of a replay. */
export interface ReplayedConnection {
  /** Its number in the recording. */
  readonly number: number
  readonly host: IAddress
  readonly peer: IAddress
  /** What the program has sent so far; empty unless the replay keeps output. */
  readonly output: readonly Uint8Array[]
}

/** A channel whose host is a recording. @internal */
export class ReplayedChannel implements SecureChannel, ReplayedConnection {
  readonly number: number
  readonly host: IAddress
  readonly peer: IAddress
  readonly output: Uint8Array[] = []
  session: TLSSession | null = null
  #traits: number
  readonly #objects: ReplayObjects
  #sink: StreamSink | null = null
  #lent: Uint8Array | null = null

  constructor(objects: ReplayObjects, number: number, host: IAddress, peer: IAddress, traits: number) {
    this.#objects = objects
    this.number = number
    this.host = host
    this.peer = peer
    this.#traits = traits
    objects.addChannel(number, this)
  }

  /** @param shown what the recording says of it: number, addresses, traits */
  static of(objects: ReplayObjects, shown: readonly unknown[]): ReplayedChannel {
    const [ref, host, peer, traits] = shown as [Ref, IAddress, IAddress, number]
    return new ReplayedChannel(objects, ref.id, Object.freeze(host), Object.freeze(peer), traits)
  }

  open(sink: StreamSink): void {
    this.#asked('open')
    this.#sink = sink
  }

  send(piece: Uint8Array): boolean {
    return this.sendList([piece])
  }

  sendList(pieces: Uint8Array[]): boolean {
    const { tape, keepsOutput } = this.#objects
    if (keepsOutput && !tape.isStopped) for (const piece of pieces) this.output.push(Uint8Array.from(piece))
    return tape.send(this.number, pieces)
  }

  finish(): void {
    this.#asked('finish')
  }

  close(linger: boolean): void {
    this.#asked('close', linger)
    if (!linger) this.#sink = null
  }

  reset(): void {
    this.#asked('reset')
    this.#sink = null
  }

  pause(): void {
    this.#asked('pause')
  }

  resume(): void {
    this.#asked('resume')
  }

  get copies(): boolean {
    return (this.#traits & 1) !== 0
  }

  get givesChunks(): boolean {
    return (this.#traits & 2) !== 0
  }

  setNoDelay(enabled: boolean): void {
    this.#asked('setNoDelay', enabled)
  }

  setKeepAlive(enabled: boolean, delayMs?: number): void {
    this.#asked('setKeepAlive', enabled, delayMs)
  }

  // --- from the recording

  received(bytes: Uint8Array): void {
    const sink = this.#sink
    if (sink === null) return
    // A program that differs may read in another way than it did.
    if (sink.lendsBuffers) this.#fill(sink, bytes)
    else sink.received(bytes)
  }

  borrowed(hint: number): void {
    this.#lent = this.#sink?.borrow(hint) ?? null
  }

  filled(bytes: Uint8Array): void {
    const sink = this.#sink
    const lent = this.#lent
    if (sink === null) return
    if (lent === null || lent.length < bytes.length) {
      this.received(bytes)
    } else {
      lent.set(bytes)
      sink.filled(bytes.length)
    }
  }

  sent(): void {
    this.#sink?.sent()
  }

  told(method: Method, values: readonly unknown[]): void {
    const sink = this.#sink
    if (method === 'secured') {
      this.session = values[0] as TLSSession
      this.#traits = values[1] as number
    }
    if (sink === null) return
    if (method === 'receivedEnd') sink.receivedEnd()
    else if (method === 'finished') sink.finished()
    else if (method === 'secured') sink.secured?.(values[0] as TLSSession)
    else if (method === 'closed') {
      this.#sink = null
      sink.closed(values[0])
    }
  }

  #fill(sink: StreamSink, bytes: Uint8Array): void {
    for (let rest = bytes; rest.length > 0;) {
      const room = sink.borrow(rest.length)
      if (room === null) return
      const piece = rest.subarray(0, room.length)
      room.set(piece)
      rest = rest.subarray(piece.length)
      sink.filled(piece.length)
    }
  }

  #asked(method: Method, ...args: unknown[]): void {
    this.#objects.tape.asked(this.number, method, ...args)
  }
}

/** @internal */
export function replayTCP(objects: ReplayObjects): TCPHost {
  return {
    listen: (request, sink) => listen(objects, 'listenTCP', { ...request }, sink),
    connect: (request, sink) => connect(objects, 'connectTCP', { ...request }, sink),
  }
}

/** @internal */
export function replayUNIX(objects: ReplayObjects): UNIXHost {
  return {
    listen: (request, sink) => listen(objects, 'listenUNIX', { ...request }, sink),
    connect: (request, sink) => connect(objects, 'connectUNIX', { ...request }, sink),
  }
}

/** What is said over TLS is in the recording in plain; keys and certificates are not looked at. @internal */
export function replayTLS(objects: ReplayObjects): TLSHost {
  const secure = (method: 'tlsAccept' | 'tlsConnect', channel: StreamChannel, args: unknown[]): SecureChannel => {
    // What stood before the handshake is in what the recording has of it.
    const carrier = channel instanceof PrependedChannel ? channel.below : channel
    const below = carrier instanceof ReplayedChannel ? new Ref(carrier.number) : null
    let made = -1
    objects.tape.call(HOST, method, [below, ...args], (id) => {
      made = id
    })
    return new ReplayedChannel(objects, made, channel.host, channel.peer, 0)
  }
  return {
    server: () => {
      objects.tape.call(HOST, 'tlsServer', [])
      return { update: () => undefined }
    },
    accept: (channel) => secure('tlsAccept', channel, []),
    connect: (channel, _options, name) => secure('tlsConnect', channel, [name]),
  }
}

/** @internal */
export function replayDescriptors(objects: ReplayObjects): DescriptorHost {
  return {
    stdio: () => {
      let made = -1
      objects.tape.call(HOST, 'stdio', [], (id) => {
        made = id
      })
      return new ReplayedChannel(objects, made, NOWHERE, NOWHERE, 0)
    },
    adoptPort: (fd, sink) => listen(objects, 'adoptPort', { fd }, sink),
    adoptConnection: (fd, sink) => {
      objects.tape.call(HOST, 'adoptConnection', [{ fd }], (id) => objects.add(id, connecting(objects, sink)))
    },
  }
}

/** @internal */
export function replayProcesses(objects: ReplayObjects): ProcessHost {
  return {
    spawn: (request, sink) => {
      const { executable, args, cwd, fds } = request
      let made = -1
      const said = { executable, args: [...args], cwd, fds: [...fds].map(([fd, what]) => [fd, what]) }
      objects.tape.call(HOST, 'spawn', [said], (id) => {
        made = id
        objects.add(id, (method, values) => {
          if (method === 'started') {
            const pipes = values[1] as [number, ...unknown[]][]
            sink.started(values[0] as number, new Map(pipes.map(([fd, ...shown]) =>
              [fd, ReplayedChannel.of(objects, shown)])))
          } else if (method === 'failed') {
            sink.failed(values[0])
          } else if (method === 'exited') {
            sink.exited(values[0] as ProcessStatus)
          }
        })
      })
      return {
        signal: (signal) => objects.tape.call(made, 'signal', [signal]) === true,
        keepAlive: () => undefined,
      }
    },
  }
}

function listen(
  objects: ReplayObjects, method: 'listenTCP' | 'listenUNIX' | 'adoptPort', request: object, sink: ListenSink,
): ListenHandle {
  let made = -1
  objects.tape.call(HOST, method, [request], (id) => {
    made = id
    objects.add(id, (event, values) => {
      if (event === 'listening') sink.listening(values[0] as IAddress)
      else if (event === 'failed') sink.failed(values[0])
      else if (event === 'acceptFailed') sink.acceptFailed(values[0])
      else if (event === 'accepted') sink.accepted(ReplayedChannel.of(objects, values))
    })
  })
  return { close: () => objects.tape.asked(made, 'close') }
}

function connect(
  objects: ReplayObjects, method: 'connectTCP' | 'connectUNIX', request: object, sink: ConnectSink) {
  let made = -1
  objects.tape.call(HOST, method, [request], (id) => {
    made = id
    objects.add(id, connecting(objects, sink))
  })
  return { cancel: () => objects.tape.asked(made, 'cancel') }
}

function connecting(objects: ReplayObjects, sink: ConnectSink): (method: Method, values: readonly unknown[]) => void {
  return (method, values) => {
    if (method === 'connected') sink.connected(ReplayedChannel.of(objects, values))
    else if (method === 'failed') sink.failed(values[0])
  }
}
