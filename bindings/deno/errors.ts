/**
 * What Deno calls its errors, in the names that src/ knows.
 *
 * Owns: the translation of those that have no POSIX name. Must not know: whorl's classes.
 */

const CODES: Readonly<Record<string, string>> = {
  // Not permitted by Deno itself; the message names the permission and the flag.
  NotCapable: 'EACCES',
  PermissionDenied: 'EACCES',
  ConnectionRefused: 'ECONNREFUSED',
  ConnectionReset: 'ECONNRESET',
  BrokenPipe: 'EPIPE',
  AddrInUse: 'EADDRINUSE',
  AddrNotAvailable: 'EADDRNOTAVAIL',
  NotFound: 'ENOENT',
  TimedOut: 'ETIMEDOUT',
  NetworkUnreachable: 'ENETUNREACH',
}

/** @returns the error itself if it has a code, else one that has, of which it is the cause */
export function translated(error: unknown): unknown {
  const { code, name, message } = (error ?? {}) as { code?: unknown, name?: string, message?: string }
  if (typeof code === 'string' || name === undefined) return error
  const known = CODES[name]
  return known === undefined ? error : Object.assign(new Error(message, { cause: error }), { code: known })
}
