/**
 * Channels as a restricted reactor has them: the methods of a channel, and nothing of what it is made of.
 *
 * Owns: the facades, and which channels are the host's own. Must not know: hosts. A host's channel is an object of the
 * host, with sockets in it. Those that only connections and ports ever see are left as they are; those that somebody
 * else could be handed are hidden, and what somebody else gives as one is not shown to the host as it is.
 */
import type { ProcessHandle } from '../interfaces/process-host.js'
import type { StreamChannel, StreamSink } from '../interfaces/stream-channel.js'
import type { ConnectSink, ListenSink } from '../interfaces/stream-host.js'
import type { SecureChannel } from '../interfaces/tls-host.js'
import type { TLSCertificate, TLSSession } from '../interfaces/tls.js'
import { freezeClasses } from './restrict-freeze.js'

/** The bytes in memory of their own: what a host hands out may be a part of what it reads for others. */
export function ownBytes(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : Uint8Array.from(bytes)
}

/** The channels of one restricted reactor. */
export class Channels {
  /** The host's own, that nobody can reach. */
  readonly #own = new WeakSet<object>()
  /** Facade → the host's channel behind it. */
  readonly #behind = new WeakMap<object, StreamChannel>()

  /** A sink whose connections are the host's own. */
  accepting(sink: ListenSink): ListenSink {
    return {
      listening: (address) => sink.listening(address),
      failed: (error) => sink.failed(error),
      accepted: (channel) => {
        this.#own.add(channel)
        sink.accepted(channel)
      },
      acceptFailed: (error) => sink.acceptFailed(error),
    }
  }

  /** A sink whose connection is the host's own. */
  connecting(sink: ConnectSink): ConnectSink {
    return {
      connected: (channel) => {
        this.#own.add(channel)
        sink.connected(channel)
      },
      failed: (error) => sink.failed(error),
    }
  }

  /** A host's channel, hidden. */
  hide(channel: StreamChannel): StreamChannel {
    const facade = Object.freeze(facadeOf(channel, hiddenSink))
    this.#behind.set(facade, channel)
    return facade
  }

  /** A host's channel that speaks TLS, hidden. */
  hideSecure(channel: SecureChannel): SecureChannel {
    let session: TLSSession | null = null
    const facade = Object.freeze(Object.defineProperty(facadeOf(channel, hiddenSink), 'session', {
      enumerable: true,
      get: () => session ??= channel.session === null ? null : ownSession(channel.session),
    })) as SecureChannel
    this.#behind.set(facade, channel)
    return facade
  }

  /** What the host is given for TLS to run over. */
  below(channel: StreamChannel): StreamChannel {
    if (this.#own.has(channel)) return channel
    return this.#behind.get(channel) ?? facadeOf(channel, (sink) => sink)
  }
}

/** Nothing but what the interface has. */
function facadeOf(channel: StreamChannel, sinkFor: (sink: StreamSink) => StreamSink): StreamChannel {
  return {
    open: (sink) => channel.open(sinkFor(sink)),
    send: (piece) => channel.send(ownBytes(piece)),
    sendList: (pieces) => channel.sendList(pieces.map(ownBytes)),
    finish: () => channel.finish(),
    close: (linger) => channel.close(linger),
    reset: () => channel.reset(),
    pause: () => channel.pause(),
    resume: () => channel.resume(),
    get peer() {
      return channel.peer
    },
    get host() {
      return channel.host
    },
    setNoDelay: (enabled) => channel.setNoDelay(enabled),
    setKeepAlive: (enabled, delayMs) => channel.setKeepAlive(enabled, delayMs),
  }
}

/** Tells a sink what a hidden channel tells. */
function hiddenSink(sink: StreamSink): StreamSink {
  return {
    get lendsBuffers() {
      return sink.lendsBuffers
    },
    received: (chunk) => sink.received(ownBytes(chunk)),
    borrow: (hint) => sink.borrow(hint),
    filled: (length) => sink.filled(length),
    receivedEnd: () => sink.receivedEnd(),
    sent: () => sink.sent(),
    finished: () => sink.finished(),
    secured: (session) => sink.secured?.(ownSession(session)),
    closed: (error) => {
      const { certificate } = (error ?? {}) as { certificate?: unknown }
      if (typeof certificate === 'object' && certificate !== null) freezeClasses(certificate)
      sink.closed(error)
    },
  }
}

/** A session, and what the peer has shown, in objects of their own. */
function ownSession(session: TLSSession): TLSSession {
  const shown = session.peerCertificate
  return Object.freeze({ ...session, peerCertificate: shown === null ? null : ownCertificate(shown) })
}

/** A certificate is parsed when somebody looks at it, here too. */
function ownCertificate(shown: TLSCertificate): TLSCertificate {
  const raw = ownBytes(shown.raw)
  return Object.freeze<TLSCertificate>({
    raw,
    get subject() {
      return shown.subject
    },
    get issuer() {
      return shown.issuer
    },
    get altNames() {
      return shown.altNames
    },
    get validFrom() {
      return shown.validFrom
    },
    get validTo() {
      return shown.validTo
    },
    get fingerprint256() {
      return shown.fingerprint256
    },
  })
}

/** A child, without what it is made of. */
export function hideChild(child: ProcessHandle): ProcessHandle {
  return Object.freeze<ProcessHandle>({
    signal: (signal) => child.signal(signal),
    keepAlive: (wanted) => child.keepAlive(wanted),
  })
}
