/**
 * What the parsers must do, said a second time and as simply as can be: all bytes in one string, looked at again from
 * its start for every chunk. Slow, and written from the cases B01 to B23 alone.
 *
 * Events are strings: `line:…`, `long:…`, `string:…`, `malformed`, `limit:…`, with one character for each byte.
 */

/** The events of a stream of lines. */
export function referenceLines(chunks: readonly string[], delimiter: string, limit: number): string[] {
  const events: string[] = []
  let buffer = ''
  for (const chunk of chunks) {
    buffer += chunk
    for (;;) {
      const at = buffer.indexOf(delimiter)
      if (at < 0 ? buffer.length >= limit + delimiter.length : at > limit) {
        events.push(`long:${buffer}`)
        buffer = ''
        break
      }
      if (at < 0) break
      events.push(`line:${buffer.slice(0, at)}`)
      buffer = buffer.slice(at + delimiter.length)
    }
  }
  return events
}

/** The events of a stream of netstrings, and how it ends. */
export function referenceNetstrings(chunks: readonly string[], limit: number): { events: string[]; end: string } {
  const events: string[] = []
  let rest = chunks.join('')
  for (;;) {
    const head = /^[0-9]*/.exec(rest)?.[0] ?? ''
    // A length that is wrong already, whatever follows.
    if (/^0[0-9]/.test(head)
      || (head !== '' && BigInt(head) > BigInt(limit))) return { events: [...events, 'malformed'], end: 'failed' }
    if (head.length === rest.length) return { events, end: rest === '' ? 'clean' : 'inside-frame' }
    if (head === '' || rest[head.length] !== ':') return { events: [...events, 'malformed'], end: 'failed' }
    const from = head.length + 1
    const to = from + Number(head)
    if (rest.length <= to) return { events, end: 'inside-frame' }
    if (rest[to] !== ',') return { events: [...events, 'malformed'], end: 'failed' }
    events.push(`string:${rest.slice(from, to)}`)
    rest = rest.slice(to + 1)
  }
}

/** The events of a stream of length-prefixed strings, and how it ends. */
export function referencePrefixed(chunks: readonly string[], width: number,
  limit: number): { events: string[]; end: string } {
  const events: string[] = []
  let rest = chunks.join('')
  for (;;) {
    if (rest.length < width) return { events, end: rest === '' ? 'clean' : 'inside-frame' }
    let length = 0
    for (let i = 0; i < width; i++) length = length * 256 + rest.charCodeAt(i)
    if (length > limit) return { events: [...events, `limit:${length}`], end: 'failed' }
    if (rest.length < width + length) return { events, end: 'inside-frame' }
    events.push(`string:${rest.slice(width, width + length)}`)
    rest = rest.slice(width + length)
  }
}
