/** A channel that does nothing by itself: the test plays the host. */
import type { IAddress, StreamChannel, StreamSink } from '../../../src/interfaces/index.js'
import type { Failure } from '../../../src/defer/index.js'
import { Protocol } from '../../../src/protocols/protocol.js'
import { StreamTransport } from '../../../src/transports/index.js'
import type { ConnectionOwner } from '../../../src/transports/index.js'
import { FakeHost, fakeReactor } from '../reactor/fake-host.js'
import type { Reactor } from '../../../src/reactor/index.js'

const decoder = new TextDecoder()

export class FakeChannel implements StreamChannel {
  sink: StreamSink | null = null
  /** What was done to it, in order; sends as their text. */
  calls: string[] = []
  /** Whether the host takes what it is given at once. */
  takes = true
  peer: IAddress = { family: 'memory', type: 'memory', name: 'peer' }
  host: IAddress = { family: 'memory', type: 'memory', name: 'host' }

  open(sink: StreamSink): void {
    this.sink = sink
    this.calls.push('open')
  }

  send(piece: Uint8Array): boolean {
    this.calls.push(`send ${piece.length > 40 ? piece.length : decoder.decode(piece)}`)
    return this.takes
  }

  sendList(pieces: Uint8Array[]): boolean {
    this.calls.push(`sendList ${pieces.map((piece) => piece.length).join(' ')}`)
    return this.takes
  }

  finish(): void {
    this.calls.push('finish')
  }

  close(linger: boolean): void {
    this.calls.push(linger ? 'close' : 'drop')
  }

  reset(): void {
    this.calls.push('reset')
  }

  pause(): void {
    this.calls.push('pause')
  }

  resume(): void {
    this.calls.push('resume')
  }

  setNoDelay(enabled: boolean): void {
    this.calls.push(`noDelay ${enabled}`)
  }

  setKeepAlive(enabled: boolean, delayMs?: number): void {
    this.calls.push(delayMs === undefined ? `keepAlive ${enabled}` : `keepAlive ${enabled} ${delayMs}`)
  }

  /** What was done since the last look. */
  take(): string[] {
    return this.calls.splice(0)
  }
}

/** Writes down what happens to it. */
export class Recorder extends Protocol {
  events: string[] = []
  reasons: Failure[] = []

  override dataReceived(data: Uint8Array): void {
    this.events.push(`data ${decoder.decode(data)}`)
  }

  override connectionLost(reason: Failure): void {
    this.events.push(`lost ${reason.value.name}`)
    this.reasons.push(reason)
  }
}

export interface Rig<P extends Protocol = Recorder> {
  host: FakeHost
  reactor: Reactor
  channel: FakeChannel
  protocol: P
  transport: StreamTransport
  ended: string[]
}

/** A connection over a fake channel. */
export function connected<P extends Protocol = Recorder>(protocol: P = new Recorder() as unknown as P): Rig<P> {
  const { host, reactor } = fakeReactor()
  const channel = new FakeChannel()
  const ended: string[] = []
  const owner: ConnectionOwner = { connectionEnded: (_transport, reason) => ended.push(reason.value.name) }
  const transport = new StreamTransport(reactor, channel, owner)
  transport.start(protocol)
  channel.take()
  return { host, reactor, channel, protocol, transport, ended }
}

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
