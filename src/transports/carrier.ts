/**
 * The asynchronous context that connections carry: that of the call which listened or connected.
 *
 * Owns: capturing it once for a port or connector, for all of their connections. Must not know: what a context is.
 */

import { bindContext } from '../defer/index.js'

/** Calls a function in a context. @internal */
export type Carrier = (fn: () => void) => void

const call: Carrier = (fn) => fn()

/** What restores the context of now; null while none is carried, which costs nothing. @internal */
export function captureContext(): Carrier | null {
  const carrier: Carrier = bindContext(call)
  return carrier === call ? null : carrier
}
