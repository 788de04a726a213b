/**
 * UNIX sockets on Bun: listening and connecting with `Bun.listen` and `Bun.connect`.
 *
 * Owns: asking again where a queue is full. Must not know: factories and protocols; what is done about a socket's file.
 */

import { readFileSync } from 'node:fs'
import type {
  ConnectHandle, ConnectSink, ListenHandle, ListenSink, StreamChannel, UNIXConnectRequest, UNIXHost, UNIXListenRequest,
} from '../../src/interfaces/index.js'
import { unixAddress } from '../../src/transports/unix.js'
import { UNIXListener } from '../node-api/unix-listener.js'
import type { PathHost } from '../node-api/unix-listener.js'
import { isLocked } from '../node-api/unix-lock.js'
import { checkLength } from '../node-api/unix-place.js'
import { failure } from './errors.js'
import { Attempt, Listener } from './listener.js'
import { prepare } from './load.js'

/** A server whose queue is full is asked again after so long, ms, and then ever longer. */
const ASK_AGAIN = { first: 2, most: 30 }

/** `Bun.listen` has a queue of 512 whatever was asked for. */
const PATHS: PathHost = {
  listen: (path, addresses, sink) =>
    new Listener({ unix: path }, `listen at ${path}`, () => addresses.host, () => addresses, sink),
}

/** UNIX sockets for reactors. */
export class BunUNIX implements UNIXHost {
  listen(request: UNIXListenRequest, sink: ListenSink): ListenHandle {
    prepare()
    return new UNIXListener(request, sink, PATHS)
  }

  connect(request: UNIXConnectRequest, sink: ConnectSink): ConnectHandle {
    prepare()
    return new UNIXAttempt(request, sink)
  }
}

class UNIXAttempt implements ConnectHandle, ConnectSink {
  readonly #path: string
  readonly #sink: ConnectSink
  #attempt: Attempt | null = null
  #timer: NodeJS.Timeout | null = null
  #wait = ASK_AGAIN.first

  constructor({ path, checkLock }: UNIXConnectRequest, sink: ConnectSink) {
    this.#path = path
    this.#sink = sink
    try {
      checkLength(path)
      if (checkLock && !isLocked(path)) throw failure('ECONNREFUSED', `${path}.lock names no live process`)
      this.#connect()
    } catch (error) {
      this.#timer = setTimeout(() => sink.failed(error), 0)
    }
  }

  cancel(): void {
    this.#attempt?.cancel()
    if (this.#timer !== null) clearTimeout(this.#timer)
  }

  /** @internal */
  connected(channel: StreamChannel): void {
    this.#sink.connected(channel)
  }

  /** @internal */
  failed(error: unknown): void {
    if ((error as { code?: unknown }).code !== 'ECONNREFUSED' || !isListenedAt(this.#path)) {
      this.#sink.failed(error)
      return
    }
    // Its queue is full, which Bun does not tell from a refusal. Other kinds of sockets wait for that in the kernel.
    this.#timer = setTimeout(() => this.#connect(), this.#wait)
    this.#wait = Math.min(this.#wait * 2, ASK_AGAIN.most)
  }

  #connect(): void {
    const addresses = { peer: unixAddress(this.#path), host: unixAddress(null) }
    this.#attempt = new Attempt({ unix: this.#path }, `connect to ${this.#path}`, () => addresses, this)
  }
}

/** Whether Linux says that somebody listens there; false where nobody can tell. */
function isListenedAt(path: string): boolean {
  const name = path.startsWith('\0') ? `@${path.slice(1)}` : path
  try {
    // Address, references, protocol, flags, type, state, inode and path of each; with this bit of the flags it listens.
    return readFileSync('/proc/net/unix', 'utf8').split('\n')
      .some((line) => line.endsWith(` ${name}`) && (Number.parseInt(line.split(/\s+/)[3]!, 16) & 0x1_0000) !== 0)
  } catch {
    return false
  }
}
