/**
 * Literal addresses: whether a text is one, and the one spelling that hosts give it.
 *
 * Owns: the grammar of both families, and zones. Must not know: names. Source: RFC 4291 §2.2, RFC 4007 §11 (zones),
 * RFC 5952 (one spelling), inet_ntop for what ends in a dotted quad.
 */

const QUAD = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/
const GROUP = /^[0-9a-f]{1,4}$/i
const ZONE = /^[^%\s/]+$/

/** 4 or 6 for a literal address, 0 for everything else. An IPv6 zone (`fe80::1%eth0`) is part of the address. */
export function addressFamily(host: string): 0 | 4 | 6 {
  if (!host.includes(':')) return QUAD.test(host) ? 4 : 0
  return groupsOf(host) === null ? 0 : 6
}

/** Whether a literal address is that of a group; false for a name. */
export function isMulticast(host: string): boolean {
  if (!host.includes(':')) {
    const first = Number.parseInt(host, 10)
    return QUAD.test(host) && first >= 224 && first < 240
  }
  const groups = groupsOf(host)
  return groups !== null && groups[0]! >>> 8 === 0xff
}

/** A literal address as hosts spell it, with its zone; the text itself if it is none. */
export function canonicalAddress(host: string): string {
  const groups = host.includes(':') ? groupsOf(host) : null
  if (groups === null) return host
  const zone = host.indexOf('%')
  return spell(groups) + (zone < 0 ? '' : host.slice(zone))
}

/** The eight groups of an IPv6 address, null if it is none. */
function groupsOf(host: string): number[] | null {
  const percent = host.indexOf('%')
  if (percent >= 0 && !ZONE.test(host.slice(percent + 1))) return null
  let text = percent < 0 ? host : host.slice(0, percent)
  // A dotted quad at the end stands for two groups.
  const colon = text.lastIndexOf(':')
  const last = text.slice(colon + 1)
  if (last.includes('.')) {
    if (!QUAD.test(last)) return null
    const [a, b, c, d] = last.split('.').map(Number) as [number, number, number, number]
    text = `${text.slice(0, colon + 1)}${(a << 8 | b).toString(16)}:${(c << 8 | d).toString(16)}`
  }
  const halves = text.split('::')
  if (halves.length > 2) return null
  const [head, tail] = halves.map((half) => half === '' ? [] : half.split(':')) as [string[], string[] | undefined]
  const known = [...head, ...tail ?? []]
  if (!known.every((group) => GROUP.test(group))) return null
  if (tail === undefined ? known.length !== 8 : known.length > 7) return null
  const zeros = new Array<string>(8 - known.length).fill('0')
  return [...head, ...zeros, ...tail ?? []].map((group) => Number.parseInt(group, 16))
}

function spell(groups: number[]): string {
  let start = 0
  let length = 0
  for (let at = 0; at < 8; at++) {
    let end = at
    while (end < 8 && groups[end] === 0) end += 1
    if (end - at > length && end - at > 1) [start, length] = [at, end - at]
    at = end
  }
  const text = groups.map((group) => group.toString(16))
  // inet_ntop shows the last two groups as a quad for ::a.b.c.d and ::ffff:a.b.c.d.
  if (start === 0 && (length === 6 || (length === 5 && groups[5] === 0xffff))) {
    const [high, low] = groups.slice(6) as [number, number]
    text.splice(6, 2, `${high >>> 8}.${high & 255}.${low >>> 8}.${low & 255}`)
  }
  if (length === 0) return text.join(':')
  return `${text.slice(0, start).join(':')}::${text.slice(start + length).join(':')}`
}
