/**
 * Reading a file through the host, as a Deferred.
 *
 * Owns: the arguments of `readFile`, its error, and that it fires in a turn of the reactor. Must not know: hosts.
 */
import { cancelOnAbort, Deferred } from '../defer/index.js'
import { FileReadError } from '../errors/index.js'
import type { FileTrouble } from '../errors/index.js'
import type { FileHost, ReadFileOptions } from '../interfaces/reactor-files.js'

/** The longest file if not said otherwise, bytes: certificates and keys take a few KiB, bundles of authorities 250. */
export const MOST_FILE_BYTES = 1 << 20

/** What hosts call it. */
const TROUBLES: Readonly<Record<string, FileTrouble>> = {
  ENOENT: 'missing', ENOTDIR: 'missing', ELOOP: 'missing', ENAMETOOLONG: 'missing',
  EACCES: 'denied', EPERM: 'denied', EMFILE: 'busy', ENFILE: 'busy',
}

/** @internal Behind `reactor.readFile`. @param post calls in a turn of the reactor */
export function readFile(
  files: FileHost, post: (fn: () => void) => void, path: string, options: ReadFileOptions,
): Deferred<Uint8Array> {
  const { limit = MOST_FILE_BYTES, signal } = options
  checkPath(path)
  if (!Number.isSafeInteger(limit) || limit < 0) {
    throw new RangeError(`a limit is a number of bytes, not ${String(limit)}`)
  }
  const read = new Deferred<Uint8Array>(() => stop())
  const stop = files.read(path, limit, (cause, bytes) => post(() => {
    if (read.called) return
    if (bytes !== null) read.callback(bytes)
    else read.errback(fileReadError(path, cause))
  }))
  return cancelOnAbort(signal, read)
}

/** @throws TypeError for what is no path */
export function checkPath(path: string): void {
  if (typeof path !== 'string' || path === '' || path.includes('\0')) {
    throw new TypeError('a file has a path, which is a text without NULs, and not empty')
  }
}

/** The error for what a host says. */
export function fileReadError(path: string, cause: unknown): FileReadError {
  const { code } = (cause ?? {}) as { code?: unknown }
  const trouble = typeof code === 'string' && Object.hasOwn(TROUBLES, code) ? TROUBLES[code] : 'other'
  return new FileReadError(`The file ${path} could not be read: ${messageOf(cause)}.`, { cause, trouble })
}

function messageOf(cause: unknown): string {
  const { code, message } = (cause ?? {}) as { code?: unknown, message?: unknown }
  return typeof code === 'string' ? code : typeof message === 'string' ? message : 'unknown reason'
}
