/**
 * channelPair: two ends of one connection in the same reactor, without a socket between.
 *
 * Owns: carrying what one end says to the other, in a later turn. Must not know: who is at the ends. CreditChannel has
 * all the rest: backpressure, both half-closes, aborting.
 */
import type { IAddress } from '../interfaces/address.js'
import { CreditChannel } from './credit-channel.js'
import type { CreditLink } from './credit-channel.js'
import type { StreamReactor } from './stream-reactor.js'

/** @param first address of the first end, as the other one sees it @param second the same of the second */
export function channelPair(
  reactor: Pick<StreamReactor, 'queue' | 'callLater'>, first: IAddress, second: IAddress,
): [CreditChannel, CreditChannel] {
  const [to, back] = [new PairLink(reactor, first, second), new PairLink(reactor, second, first)]
  const one = new CreditChannel(to, reactor)
  const other = new CreditChannel(back, reactor)
  to.other = other
  back.other = one
  one.creditArrived(other.window)
  other.creditArrived(one.window)
  return [one, other]
}

/** From one end to the other. */
class PairLink implements CreditLink {
  readonly host: IAddress
  readonly peer: IAddress
  other!: CreditChannel
  readonly #reactor: Pick<StreamReactor, 'queue'>

  constructor(reactor: Pick<StreamReactor, 'queue'>, host: IAddress, peer: IAddress) {
    this.#reactor = reactor
    this.host = host
    this.peer = peer
  }

  data(bytes: Uint8Array): void {
    const copy = bytes.slice()
    this.#post(() => this.other.dataArrived(copy))
  }

  credit(bytes: number): void {
    this.#post(() => this.other.creditArrived(bytes))
  }

  end(): void {
    this.#post(() => this.other.endArrived())
  }

  reset(): void {
    this.#post(() => this.other.resetArrived())
  }

  close(): void {
    this.#post(() => this.other.linkLost(null))
  }

  #post(fn: () => void): void {
    this.#reactor.queue.post(fn)
  }
}
