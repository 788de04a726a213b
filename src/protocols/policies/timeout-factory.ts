/**
 * A factory whose connections are given up when nothing is read or written for too long.
 *
 * Owns: one timer per connection. Must not know: the protocols. Source: twisted.protocols.policies.TimeoutFactory,
 * TimeoutProtocol; a connection that does not even close within another period is aborted.
 */
import type { IAddress, IProtocol, IProtocolFactory, IReactorTime, ITransport } from '../../interfaces/index.js'
import { TimeoutMixin } from './timeout-mixin.js'
import { ProtocolWrapper, WrappingFactory } from './wrapping.js'
import type { ProtocolWrapperClass } from './wrapping.js'

/** Half an hour, Twisted's default; ms. */
const PERIOD = 1_800_000

/** What {@link TimeoutFactory} puts around a protocol. */
export class TimeoutProtocol extends TimeoutMixin(ProtocolWrapper) {
  override makeConnection(transport: ITransport): void {
    const { clock, timeoutPeriod } = this.factory as unknown as TimeoutFactory
    this.clock = clock
    this.setTimeout(timeoutPeriod)
    super.makeConnection(transport)
  }

  override dataReceived(data: Uint8Array): void {
    this.#happened()
    super.dataReceived(data)
  }

  override write(data: Uint8Array | string): void {
    this.#happened()
    super.write(data)
  }

  override writeSequence(list: Iterable<Uint8Array | string>): void {
    this.#happened()
    super.writeSequence(list)
  }

  /** Closes, and aborts if that takes another period. */
  override timeoutConnection(): void {
    if (this.disconnecting) {
      this.abortConnection()
      return
    }
    this.setTimeout(this.timeOut)
    this.loseConnection()
  }

  /** What a connection does that is being closed does not keep it open. */
  #happened(): void {
    if (!this.disconnecting) this.resetTimeout()
  }
}

/** Options of {@link TimeoutFactory}. */
export interface TimeoutFactoryOptions {
  /** Whose time. */
  clock?: IReactorTime | null
}

/**
 * Gives up connections on which nothing is read or written for `timeoutPeriod`.
 *
 * @example reactor.listenTCP(8007, new TimeoutFactory(echo, 60_000, { clock: reactor }))
 */
export class TimeoutFactory extends WrappingFactory {
  override protocol: ProtocolWrapperClass = TimeoutProtocol as unknown as ProtocolWrapperClass
  /** Milliseconds that nothing may happen; for connections to come. */
  timeoutPeriod: number
  /** Whose time; must be set before the first connection. */
  clock: IReactorTime | null

  /** @param timeoutPeriod ms @throws RangeError for a negative period */
  constructor(wrappedFactory: IProtocolFactory, timeoutPeriod = PERIOD, options: TimeoutFactoryOptions = {}) {
    super(wrappedFactory)
    if (!(timeoutPeriod >= 0)) throw new RangeError(`a timeout is a number of milliseconds, not ${timeoutPeriod}`)
    this.timeoutPeriod = timeoutPeriod
    this.clock = options.clock ?? null
  }

  /** @throws TypeError when no `clock` is set */
  override doStart(): void {
    this.#needClock()
    super.doStart()
  }

  override buildProtocol(address: IAddress): IProtocol | null {
    this.#needClock()
    return super.buildProtocol(address)
  }

  #needClock(): void {
    if (this.clock === null) throw new TypeError('a TimeoutFactory needs its `clock` set to a reactor or Clock')
  }
}
