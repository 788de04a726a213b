/**
 * TLSServerContext: server options that change while ports use them.
 *
 * Owns: the options as they are now, and telling those hosts whose ports use them. Must not know: how a host does TLS.
 */

import type { TLSHost, TLSServerHandle } from '../interfaces/tls-host.js'
import type { ITLSServerContext, TLSServerOptions } from '../interfaces/tls.js'
import { checkServerOptions, isServerContext } from './tls-options.js'
import { snapshot } from './tls-snapshot.js'

/**
 * Certificates that can be replaced without a restart.
 *
 * @example
 * const context = new TLSServerContext({ identity: readIdentity() })
 * reactor.listenSSL(443, factory, context)
 * process.on('SIGHUP', () => context.update({ identity: readIdentity() }))
 */
export class TLSServerContext implements ITLSServerContext {
  #options: TLSServerOptions
  readonly #handles = new Map<TLSHost, TLSServerHandle>()

  /** @throws TLSOptionsError */
  constructor(options: TLSServerOptions) {
    checkServerOptions(options)
    this.#options = snapshot(options)
  }

  /** As they are now; frozen. */
  get options(): TLSServerOptions {
    return this.#options
  }

  /**
   * Takes new options for handshakes to come; those under way, and connections, keep what they have. What is not given
   * stays as it is, and `undefined` takes an option away.
   *
   * @throws TLSOptionsError when something does not fit or cannot be read: everything stays as it was then
   */
  update(options: Partial<TLSServerOptions>): void {
    const merged: Record<string, unknown> = { ...this.#options, ...options }
    for (const key of Object.keys(merged)) if (merged[key] === undefined) delete merged[key]
    checkServerOptions(merged)
    const former = this.#options
    const next = snapshot(merged)
    const changed: TLSServerHandle[] = []
    try {
      for (const handle of this.#handles.values()) {
        handle.update(next)
        changed.push(handle)
      }
    } catch (error) {
      for (const handle of changed) handle.update(former)
      throw error
    }
    this.#options = next
  }

  /** What `host` made of the options. @internal */
  handleOf(host: TLSHost): TLSServerHandle {
    let handle = this.#handles.get(host)
    if (handle === undefined) {
      handle = host.server(this.#options)
      this.#handles.set(host, handle)
    }
    return handle
  }
}

/** What `host` makes of a server's options, or of a context; checked. @throws TLSOptionsError @internal */
export function serverHandle(host: TLSHost, tls: TLSServerOptions | ITLSServerContext): TLSServerHandle {
  if (tls instanceof TLSServerContext) return tls.handleOf(host)
  const options: unknown = isServerContext(tls) ? tls.options : tls
  checkServerOptions(options)
  return host.server(snapshot(options))
}

/** The options as they are now. @internal */
export function serverOptions(tls: TLSServerOptions | ITLSServerContext): TLSServerOptions {
  return isServerContext(tls) ? tls.options : tls
}
