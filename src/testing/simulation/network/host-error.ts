/**
 * Errors as hosts make them: with POSIX's name as `code`, which `src/transports/host-errors.ts` translates.
 *
 * Owns: the words. Must not know: who is told.
 */

const WORDS: Readonly<Record<string, string>> = {
  EACCES: 'Permission denied',
  EADDRINUSE: 'Address already in use',
  EADDRNOTAVAIL: 'Cannot assign requested address',
  EAFNOSUPPORT: 'Address family not supported',
  ECONNREFUSED: 'Connection refused',
  ECONNRESET: 'Connection reset by peer',
  EHOSTUNREACH: 'No route to host',
  EINVAL: 'Invalid argument',
  ENAMETOOLONG: 'File name too long',
  ENOENT: 'No such file or directory',
  ENOTFOUND: 'Name not known',
  EPIPE: 'Broken pipe',
  ETIMEDOUT: 'Connection timed out',
}

/** @param call of the system that failed: `connect`, `read` */
export function hostError(code: string, call: string, where = ''): Error {
  const message = `${call} ${code}${where === '' ? '' : ` ${where}`}: ${WORDS[code] ?? 'failed'}`
  return Object.assign(new Error(message), { code, syscall: call })
}
