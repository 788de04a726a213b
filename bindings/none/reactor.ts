/**
 * EmbeddedReactor: a reactor that its embedder drives.
 *
 * Owns: how time and messages get into it. Must not know: who drives, and where the gateway is.
 */
import type { ReactorParts } from '../../src/interfaces/index.js'
import { Reactor } from '../../src/reactor/index.js'
import type { ReactorOptions } from '../../src/reactor/index.js'
import { Border } from './border.js'
import { NoneHost } from './host.js'
import type { DriveOptions } from './host.js'
import { noneCore, prepare } from './load.js'
import type { LoadOptions } from './load.js'
import { noneResolver } from './resolver.js'
import { NoneTCP } from './tcp.js'
import { NoneUDP } from './udp.js'

/** Options of {@link createReactor}. */
export interface NoneReactorOptions extends LoadOptions, DriveOptions, ReactorOptions {
  /**
   * Carries a batch of messages to a `Gateway` of the embedder, whose answers come to `receive`. Not given: the reactor
   * has time and Deferreds, and no connections.
   */
  send?: (batch: Uint8Array<ArrayBuffer>) => void
}

const OWN_ONLY = 'a bare context has nothing of the kind, and messages to the embedder have none for it'
const NO_SEND = 'the embedder passed no `send`'

const LACKS = {
  tls: 'TLS needs a host that has it; the embedder may connect over TLS itself', unix: OWN_ONLY,
  processes: OWN_ONLY, descriptors: OWN_ONLY, threads: OWN_ONLY, files: OWN_ONLY, compression: OWN_ONLY,
  listenMulticast: 'the messages to the embedder have none for groups',
}

/** A reactor of a context that has no host of its own. */
export class EmbeddedReactor extends Reactor {
  readonly #host: NoneHost
  readonly #border: Border | null

  /** @internal Made by `createReactor`. */
  constructor(options: NoneReactorOptions) {
    const host = new NoneHost(options)
    const { send } = options
    const border = send === undefined ? null : new Border((batch) => send(batch), (fn) => host.afterJobs(fn))
    const soon = (fn: () => void): void => host.soon(fn)
    const parts: ReactorParts = border === null
      ? { core: noneCore, host, lacks: { ...LACKS, tcp: NO_SEND, udp: NO_SEND } }
      : {
          core: noneCore, host, lacks: LACKS, tcp: new NoneTCP(border, soon), udp: new NoneUDP(border),
          resolver: noneResolver(border),
        }
    super(parts, options)
    this.#host = host
    this.#border = border
  }

  /**
   * Does what is due now. Promise jobs that come of it run when the engine runs them: after this, as a rule.
   * @param now where no clock was passed: what time it is, ms, never backwards
   * @returns ms until it wants to be called again: 0 for soon, Infinity for never, unless something happens
   */
  turn(now?: number): number {
    return this.#host.turn(now)
  }

  /** When `turn` is wanted, on the clock of `now`; -Infinity for at once, Infinity for never. */
  nextDeadline(): number {
    return this.#host.nextDeadline()
  }

  /** Takes a batch of messages from the gateway. @returns as `turn` */
  receive(batch: Uint8Array): number {
    this.enter()
    try {
      this.#border?.receive(batch)
    } finally {
      this.exit()
    }
    this.#border?.flush()
    return Math.max(0, this.#host.nextDeadline() - this.#host.now())
  }
}

/**
 * A reactor of this context, independent of every other.
 *
 * @example
 * const reactor = createReactor({ module, now, wake: (ms) => later(ms), send: (batch) => toGateway(batch) })
 */
export function createReactor(options: NoneReactorOptions): EmbeddedReactor {
  prepare(options)
  return new EmbeddedReactor(options)
}
