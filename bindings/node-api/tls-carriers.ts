/**
 * What TLS runs over: a socket of Node's, or a stream that stands for any channel.
 *
 * Owns: how each is reset, and how its end is seen. Must not know: TLS options, handshakes.
 */

import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { StreamChannel } from '../../src/interfaces/index.js'
import { TLSChannel } from './tls-channel.js'
import type { Carrier } from './tls-channel.js'
import type { ChannelDuplex } from './tls-duplex.js'

/** A handle of Node's, as much of it as is used here. */
interface Handle {
  reading?: boolean
  _parent?: { readStart?: () => number, readStop?: () => number }
}

/** A socket of Node's own. */
export class SocketCarrier implements Carrier {
  readonly #socket: Socket
  readonly #channel: StreamChannel

  constructor(socket: Socket, channel: StreamChannel) {
    this.#socket = socket
    this.#channel = channel
  }

  reset(isEnding: boolean): void {
    const { _handle: handle } = this.#socket as unknown as { _handle?: { reset?: unknown } | null }
    // TLS inside of TLS: whoever is below knows how, but not that the end is on its way.
    const below = this.#channel
    if (below instanceof TLSChannel) {
      if (isEnding) below.close(false)
      else below.reset()
    } else if (!isEnding && typeof handle?.reset === 'function') {
      this.#socket.resetAndDestroy()
    } else {
      // One whose end is on its way cannot be reset, and would stay if that were tried.
      this.#socket.destroy()
    }
  }

  /** A handle that has come to its end stops reading by itself, so that it can be started again. */
  hasEnded(socket: TLSSocket): boolean | undefined {
    const { _handle: handle } = socket as unknown as { _handle?: Handle | null }
    const below = handle?._parent
    if (typeof below?.readStart !== 'function' || typeof below.readStop !== 'function') return undefined
    // While it is stopped by us it comes to no end.
    if (handle?.reading !== true) return false
    if (below.readStart() !== 0) return false
    below.readStop()
    return true
  }
}

/** A stream that stands for a channel. */
export class DuplexCarrier implements Carrier {
  readonly #duplex: ChannelDuplex

  constructor(duplex: ChannelDuplex) {
    this.#duplex = duplex
  }

  reset(): void {
    this.#duplex.reset()
  }

  hasEnded(): boolean {
    return this.#duplex.readableEnded
  }

  hold(): void {
    this.#duplex.hold()
  }

  release(): void {
    this.#duplex.release()
  }

  whenTaken(fn: () => void): void {
    this.#duplex.whenTaken(fn)
  }
}

/** For TLS sockets that are never to be paused themselves. */
export class HoldingCarrier extends DuplexCarrier {
  readonly holdsAlone = true
}
