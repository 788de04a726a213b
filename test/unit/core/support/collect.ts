/**
 * Runs chunks through a parser of the façade and writes its events down as `reference.ts` does.
 */
import type { Core } from '../../../../src/core/index.js'
import { chars } from './bytes.js'

export interface Collected {
  events: string[]
  end: string
}

/** The events of lines, as bytes. */
export function collectLines(core: Core, chunks: Iterable<Uint8Array>, delimiter: Uint8Array | string,
  maxLength: number): Collected {
  const events: string[] = []
  const parser = core.lineParser({
    delimiter,
    maxLength,
    encoding: 'bytes',
    handler: {
      line: (line: Uint8Array) => void events.push(`line:${chars(line)}`),
      lineTooLong: (data) => void events.push(`long:${chars(data)}`),
    },
  })
  for (const chunk of chunks) parser.receive(chunk)
  const end = parser.end()
  parser.free()
  return { events, end }
}

/** The events of netstrings. */
export function collectNetstrings(core: Core, chunks: Iterable<Uint8Array>, maxLength: number): Collected {
  const events: string[] = []
  const parser = core.netstringParser({
    maxLength,
    handler: {
      string: (data) => void events.push(`string:${chars(data)}`),
      malformed: () => void events.push('malformed'),
    },
  })
  for (const chunk of chunks) parser.receive(chunk)
  const end = parser.end()
  parser.free()
  return { events, end }
}

/** The events of length-prefixed strings. */
export function collectPrefixed(core: Core, chunks: Iterable<Uint8Array>, width: 1 | 2 | 4,
  maxLength: number): Collected {
  const events: string[] = []
  const parser = core.lengthPrefixParser({
    bytes: width,
    maxLength,
    handler: {
      string: (data) => void events.push(`string:${chars(data)}`),
      lengthLimitExceeded: (length) => void events.push(`limit:${length}`),
    },
  })
  for (const chunk of chunks) parser.receive(chunk)
  const end = parser.end()
  parser.free()
  return { events, end }
}
