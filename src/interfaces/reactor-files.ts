/**
 * Reactors that can read files: what endpoint strings name certificates and keys by.
 *
 * Not a way to files in general: a whole file at a time, of a bounded length, and nothing is ever written.
 */

import type { Deferred } from '../defer/index.js'

/** Options of `readFile`. */
export interface ReadFileOptions {
  /** A longer file is refused, bytes; 1 MiB if not given. */
  limit?: number
  /** Cancels the Deferred. */
  signal?: AbortSignal
}

/** Files. */
export interface IReactorFiles {
  /** Fires with what is in the file, fails with FileReadError. */
  readFile(path: string, options?: ReadFileOptions): Deferred<Uint8Array>
}

/** What a binding offers. */
export interface FileHost {
  /**
   * @param limit one byte more than this is an error
   * @param done told once, unless it was cancelled
   * @returns gives up
   */
  read(path: string, limit: number, done: (error: unknown, bytes: Uint8Array | null) => void): () => void
}
