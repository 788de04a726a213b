/**
 * The target of a request: which of its four forms it has, and the path, query and authority in it.
 *
 * Owns: the grammar, and what of a path may be decoded. Must not know: requests. Source: RFC 9112, 3.2; RFC 3986.
 */

/** A target, taken apart. */
export interface RequestTarget {
  /** The path as it was sent; `*` for a server as a whole, empty for a CONNECT. */
  readonly rawPath: string
  /** What stands behind the question mark; empty without one. */
  readonly query: string
  /** Of the absolute and the authority form, null otherwise. */
  readonly authority: string | null
}

/** scheme "://" authority, and what follows. */
const ABSOLUTE = /^[a-z][a-z\d+.-]*:\/\/([^/?#]*)(.*)$/i
/** uri-host [ ":" port ]: a name, an address, or one in brackets; no credentials. RFC 9110, 7.2 */
const AUTHORITY = /^(?:\[[\da-f:.]+(?:%25[\w.~-]+)?\]|[\w.~!$&'()*+,;=%-]*)(?::\d{0,5})?$/i
/** A tunnel needs to know where to. */
const TUNNEL = /^(?:\[[\da-f:.]+\]|[\w.~-]+):\d{1,5}$/i

/** Whether a value of Host, or an authority, is one. May be empty (RFC 9110, 7.2). */
export function isAuthority(text: string): boolean {
  return AUTHORITY.test(text)
}

/** @returns null for what is no target of this method */
export function parseTarget(method: string, target: string): RequestTarget | null {
  if (method === 'CONNECT') {
    return TUNNEL.test(target) ? { rawPath: '', query: '', authority: target } : null
  }
  if (target.charCodeAt(0) === 0x2f) return originForm(target, null)
  if (target === '*') return method === 'OPTIONS' ? { rawPath: '*', query: '', authority: null } : null
  const match = ABSOLUTE.exec(target)
  if (match === null) return null
  const [, authority, rest] = match as unknown as [string, string, string]
  if (authority === '' || !AUTHORITY.test(authority)) return null
  // "OPTIONS http://host" asks the server as a whole; for others an empty path is "/" (RFC 9112, 3.2.4).
  if (rest === '') return { rawPath: method === 'OPTIONS' ? '*' : '/', query: '', authority }
  return originForm(rest.startsWith('/') ? rest : `/${rest}`, authority)
}

function originForm(target: string, authority: string | null): RequestTarget | null {
  // A fragment is no part of a request.
  if (target.includes('#')) return null
  const mark = target.indexOf('?')
  if (mark < 0) return { rawPath: target, query: '', authority }
  return { rawPath: target.slice(0, mark), query: target.slice(mark + 1), authority }
}

/** Encoded: what would separate, end or begin something else if it were decoded: % / \ and NUL. */
const KEPT = /%(?:25|2f|5c|00)/gi

/**
 * A path with everything decoded that means the same then; `%25`, `%2F`, `%5C` and `%00` stay, so that no two paths
 * become one. What is no percent-encoding of UTF-8 stays as a whole.
 */
export function decodePath(rawPath: string): string {
  if (!rawPath.includes('%')) return rawPath
  try {
    return decodeURIComponent(rawPath.replace(KEPT, (kept) => `%25${kept.slice(1)}`))
  } catch {
    return rawPath
  }
}
