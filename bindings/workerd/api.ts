/**
 * What this binding uses of workerd's globals, typed; nothing else of them is known here.
 */

/** Globals of a worker. */
export interface WorkerGlobals {
  setTimeout(fn: () => void, delayMs: number): unknown
  clearTimeout(timer: unknown): void
  queueMicrotask(fn: () => void): void
  performance: { now(): number }
  crypto: { getRandomValues(bytes: Uint8Array): Uint8Array }
  console: { error(text: string): void }
}

/** Asked for at each use, so that importing this takes hold of nothing. */
export function globals(): WorkerGlobals {
  return globalThis as unknown as WorkerGlobals
}
