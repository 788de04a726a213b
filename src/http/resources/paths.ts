/**
 * From the segments of a request's path to a file's path, and to nothing outside its directory.
 *
 * Owns: which segments may name a file. Must not know: whether there is one; where a link leads is asked once the file
 * is open, see `isWithin`. Percent-encoding is decoded once, segment by segment, before this: `%2e%2e` is `..` here,
 * and `%2f` a slash inside of a segment, which no name can have.
 */

/** Of these hosts a path has other separators, names with colons are streams of other files, and some are devices. */
const IS_WINDOWS = /^[A-Za-z]:[/\\]|^\\\\/
const DEVICES = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i

/**
 * The segments of a path that is still percent-encoded, decoded; the slash before the first is left out, so that `/`
 * gives one empty segment.
 * @param lenient leaves what is no percent-encoding of UTF-8 as it is
 * @returns null for what is no percent-encoding of UTF-8
 */
export function splitPath(rawPath: string, lenient = false): string[] | null {
  const text = rawPath.startsWith('/') ? rawPath.slice(1) : rawPath
  if (!text.includes('%')) return text.split('/')
  if (lenient) return text.split('/').map((segment) => splitPath(segment)?.[0] ?? segment)
  try {
    return text.split('/').map((segment) => decodeURIComponent(segment))
  } catch {
    return null
  }
}

/** Whether a segment may be a name: it is there, leads nowhere else, and holds no NUL. */
export function isName(segment: string, root: string): boolean {
  if (segment === '' || segment === '.' || segment === '..' || /[/\\\0]/.test(segment)) return false
  return !IS_WINDOWS.test(root) || !(/[:*?"<>|\x01-\x1f]|[. ]$/.test(segment) || DEVICES.test(segment))
}

/**
 * The path of a file below a directory.
 *
 * @param hidden whether names that begin with a dot are hidden
 * @returns null if any of the segments is no name
 */
export function joinPath(root: string, segments: readonly string[], hidden: boolean): string | null {
  let path = root
  for (const segment of segments) {
    if (!isName(segment, root) || (hidden && segment.startsWith('.'))) return null
    path += path.endsWith('/') ? segment : `/${segment}`
  }
  return path
}

/** Whether a path is the directory, or below it. Both without links, as the host tells them. */
export function isWithin(root: string, path: string): boolean {
  if (path === root) return true
  const separator = IS_WINDOWS.test(root) ? '\\' : '/'
  return path.startsWith(root.endsWith(separator) ? root : `${root}${separator}`)
}
