/**
 * What Bun's errors leave out: they have the names that src/ knows, and "Failed to connect" as their text.
 *
 * Owns: a text that says what failed, and where. Must not know: whorl's classes.
 */

/**
 * @param what was tried: `connect 127.0.0.1:80`
 * @returns an error of the same code, of which Bun's is the cause; anything else as it is
 */
export function described(error: unknown, what: string): unknown {
  const { code } = (error ?? {}) as { code?: unknown }
  if (typeof code !== 'string') return error
  return Object.assign(new Error(`${what}: ${code}`, { cause: error }), { code })
}

/** An error with a code of the system's, for what is found before Bun is asked. */
export function failure(code: string, message: string): Error {
  return Object.assign(new Error(message), { code })
}
