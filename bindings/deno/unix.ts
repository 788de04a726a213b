/**
 * UNIX sockets on Deno: listening and connecting with `Deno.listen` and `Deno.connect`.
 *
 * Owns: what of a request Deno can do. Must not know: factories and protocols; what is done about a socket's file.
 */

import { NotSupportedError } from '../../src/errors/index.js'
import type {
  ConnectHandle, ConnectSink, ListenHandle, ListenSink, UNIXConnectRequest, UNIXHost, UNIXListenRequest,
} from '../../src/interfaces/index.js'
import { unixAddress } from '../../src/transports/unix.js'
import { isLocked } from '../node-api/unix-lock.js'
import { checkLength, UNIXPlace } from '../node-api/unix-place.js'
import { deno, globals } from './api.js'
import { translated } from './errors.js'
import { Attempt, Listener } from './listener.js'
import { prepare } from './load.js'

/** UNIX sockets for reactors. */
export class DenoUNIX implements UNIXHost {
  listen(request: UNIXListenRequest, sink: ListenSink): ListenHandle {
    prepare()
    return new UNIXListener(request, sink)
  }

  connect({ path, checkLock }: UNIXConnectRequest, sink: ConnectSink): ConnectHandle {
    prepare()
    const addresses = { peer: unixAddress(path), host: unixAddress(null) }
    return new Attempt(() => {
      checkName(path)
      if (checkLock && !isLocked(path)) {
        throw Object.assign(new Error(`${path}.lock names no live process`), { code: 'ECONNREFUSED' })
      }
      return deno().connect({ transport: 'unix', path })
    }, () => addresses, sink)
  }
}

class UNIXListener implements ListenHandle {
  readonly #sink: ListenSink
  readonly #place: UNIXPlace
  #listener: Listener | null = null
  #isClosed = false

  /** Deno has no way to say how long the queue is to be. */
  constructor(request: UNIXListenRequest, sink: ListenSink) {
    const { path } = request
    this.#sink = sink
    this.#place = new UNIXPlace(request)
    const addresses = { host: unixAddress(path), peer: unixAddress(null) }
    const told: ListenSink = {
      listening: (address) => sink.listening(address),
      failed: (error) => this.#failed(error),
      accepted: (channel) => sink.accepted(channel),
      acceptFailed: (error) => sink.acceptFailed(error),
    }
    const listen = (): boolean => {
      this.#listener = new Listener(
        () => deno().listen({ transport: 'unix', path }), () => addresses.host, () => addresses, told)
      return this.#listener.isListening
    }
    this.#try(() => {
      checkName(path)
      this.#place.claim(() => this.#try(() => {
        if (!this.#isClosed) this.#place.bind(listen)
      }))
    })
  }

  close(): Promise<void> {
    let freed: Promise<void> = Promise.resolve()
    if (!this.#isClosed) {
      this.#isClosed = true
      this.#place.leave(() => void (freed = this.#listener?.close() ?? freed))
    }
    return freed
  }

  #try(fn: () => void): void {
    try {
      fn()
    } catch (error) {
      globals().queueMicrotask(() => this.#failed(error))
    }
  }

  #failed(error: unknown): void {
    if (!this.#isClosed) this.#sink.failed(this.#place.explain(translated(error)))
  }
}

/** @throws for a path that is too long, and for a name that is none of a file */
function checkName(path: string): void {
  if (path.startsWith('\0')) {
    throw new NotSupportedError('deno', 'abstract UNIX sockets', { reason: 'Deno takes paths of files only' })
  }
  checkLength(path)
}
