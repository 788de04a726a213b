/**
 * Reading a file through the host, as a Deferred.
 *
 * Owns: the arguments of `readFile`, its error, and that it fires in a turn of the reactor. Must not know: hosts.
 */
import { cancelOnAbort, Deferred } from '../defer/index.js'
import { FileReadError } from '../errors/index.js'
import type { FileHost, ReadFileOptions } from '../interfaces/reactor-files.js'

/** The longest file if not said otherwise, bytes: certificates and keys take a few KiB, bundles of authorities 250. */
export const MOST_FILE_BYTES = 1 << 20

/** @internal Behind `reactor.readFile`. @param post calls in a turn of the reactor */
export function readFile(
  files: FileHost, post: (fn: () => void) => void, path: string, options: ReadFileOptions,
): Deferred<Uint8Array> {
  const { limit = MOST_FILE_BYTES, signal } = options
  if (typeof path !== 'string' || path === '' || path.includes('\0')) {
    throw new TypeError('a file has a path, which is a text without NULs, and not empty')
  }
  if (!Number.isSafeInteger(limit) || limit < 0) {
    throw new RangeError(`a limit is a number of bytes, not ${String(limit)}`)
  }
  const read = new Deferred<Uint8Array>(() => stop())
  const stop = files.read(path, limit, (cause, bytes) => post(() => {
    if (read.called) return
    if (bytes !== null) read.callback(bytes)
    else read.errback(new FileReadError(`The file ${path} could not be read: ${messageOf(cause)}.`, { cause }))
  }))
  return cancelOnAbort(signal, read)
}

function messageOf(cause: unknown): string {
  const { code, message } = (cause ?? {}) as { code?: unknown, message?: unknown }
  return typeof code === 'string' ? code : typeof message === 'string' ? message : 'unknown reason'
}
