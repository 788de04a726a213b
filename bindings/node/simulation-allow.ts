/**
 * What the option `allow` of a simulation may say.
 *
 * Owns: refusing an entry that would allow nothing, which is most likely a slip of the pen. Must not know: how the
 * guard takes anything away.
 */

import { allowable } from './simulation-ambient.js'

/** Lists that were looked at; a simulation hands the same one over at every turn. */
const seen = new WeakMap<readonly string[], string>()

/**
 * @throws TypeError for what is no list of texts
 * @throws RangeError for an entry that names nothing that is guarded; it tells of the entry, and of all that may be
 */
export function checkAllow(allow: readonly string[]): void {
  if (!Array.isArray(allow)) throw new TypeError(`allow: a list of names, not ${String(allow)}`)
  if (allow.length === 0) return
  // A list that somebody has added to since is looked at again.
  const whole = allow.join('\n')
  if (seen.get(allow) === whole) return
  const { groups, modules, names } = allowable()
  const known = new Set([...groups, ...modules, ...modules.map((name) => `node:${name}`), ...names])
  for (const entry of allow as readonly unknown[]) {
    if (typeof entry === 'string' && known.has(entry)) continue
    const near = typeof entry === 'string' ? nearest(entry, [...known]) : null
    throw new RangeError(
      `allow: the guard knows no ${JSON.stringify(entry)}.${near === null ? '' : ` Is '${near}' meant?`} ` +
      `Groups: ${groups.join(', ')}. Modules: ${modules.join(', ')}. Names: ${names.join(', ')}.`)
  }
  seen.set(allow, whole)
}

/** Most letters that may be wrong. */
const SLIPS = 3

/** The one that the fewest changes of a letter lead to; null if none is near. */
function nearest(entry: string, known: readonly string[]): string | null {
  let best: string | null = null
  let least = Math.min(SLIPS, entry.length - 1) + 1
  for (const name of known) {
    if (Math.abs(name.length - entry.length) >= least) continue
    const slips = distance(entry.toLowerCase(), name.toLowerCase())
    if (slips < least) [best, least] = [name, slips]
  }
  return best
}

/** How many letters must be put in, taken out or changed (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)))
    }
    row = next
  }
  return row[b.length]!
}
