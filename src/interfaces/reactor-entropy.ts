/**
 * Bytes by chance as an ability of a reactor.
 *
 * Source: the project's own; Twisted's protocols call os.urandom.
 */

/** Reactors that have a source of entropy. */
export interface IReactorEntropy {
  /**
   * Bytes that nobody can foretell.
   * @throws NotSupportedError where the host has none; RangeError for what is no length
   */
  entropy(length: number): Uint8Array
}
