/**
 * Whether something can be a factory, asked when it is handed over: found out later it would only be logged.
 *
 * Owns: which methods are called. Must not know: what they do.
 */

const SERVER = ['buildProtocol', 'doStart', 'doStop']
const CLIENT = [...SERVER, 'startedConnecting', 'clientConnectionFailed', 'clientConnectionLost']

/** @throws TypeError for what cannot serve a port, or, as `client`, a connector */
export function checkFactory(factory: unknown, kind: 'server' | 'client'): void {
  for (const method of kind === 'client' ? CLIENT : SERVER) {
    if (typeof (factory as Record<string, unknown> | null | undefined)?.[method] !== 'function') {
      throw new TypeError(`a ${kind} factory needs the method ${method}()`)
    }
  }
}
