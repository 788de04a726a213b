/**
 * A stream's messages on a WebSocket, from either end: what a CreditChannel sends, and what it is told.
 *
 * Owns: the messages of an open tunnel. Must not know: how it came to be.
 */
import type { IAddress } from '../interfaces/index.js'
import { CreditChannel } from '../transports/index.js'
import type { CreditLink, StreamReactor } from '../transports/index.js'
import type { TunnelSocket } from './socket.js'
import { creditFrame, dataFrame, endFrame, MOST_DATA, resetFrame } from './wire.js'
import type { Frame } from './wire.js'

/** A tunnel that is open. */
export class TunnelLink implements CreditLink {
  readonly peer: IAddress
  readonly host: IAddress = { family: 'memory', type: 'memory', name: 'tunnel' }
  readonly channel: CreditChannel
  readonly #socket: TunnelSocket

  /**
   * @param window that the other side was told
   * @param credit that the other side has told
   */
  constructor(
    socket: TunnelSocket, peer: IAddress, reactor: Pick<StreamReactor, 'queue' | 'callLater'>, window: number,
    credit: number) {
    this.#socket = socket
    this.peer = peer
    this.channel = new CreditChannel(this, reactor, { window, piece: MOST_DATA })
    this.channel.creditArrived(credit)
  }

  /** A message of the other side. */
  arrived(frame: Frame): void {
    const { channel } = this
    switch (frame.kind) {
      case 'data': return channel.dataArrived(frame.bytes)
      case 'credit': return channel.creditArrived(frame.bytes)
      case 'end': return channel.endArrived()
      case 'reset': return channel.resetArrived()
      default: return channel.violated('it opened the tunnel twice')
    }
  }

  data(bytes: Uint8Array): void {
    this.#socket.send(dataFrame(bytes))
  }

  credit(bytes: number): void {
    this.#socket.send(creditFrame(bytes))
  }

  end(): void {
    this.#socket.send(endFrame())
  }

  reset(): void {
    this.#socket.send(resetFrame())
    this.#socket.close()
  }

  close(): void {
    this.#socket.close()
  }
}
