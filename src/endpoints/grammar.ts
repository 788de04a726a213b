/**
 * The grammar of endpoint strings: `prefix:field:field:…`, each field a value or `key=value`.
 *
 * Owns: splitting, escapes, quoting, and durations with units. Must not know: what any prefix means.
 * Source: Twisted's endpoint strings (`twisted.internet.endpoints`), with the differences that the project's page of
 * exact behaviour lists (E01 to E07, E10, E11).
 *
 *   description = prefix *( ":" field )
 *   field       = value / key "=" value            only the first "=" of a field splits
 *   escape      = "\" character                    that character itself, without a meaning of its own
 */
import { EndpointSyntaxError } from '../errors/control.js'

/** An endpoint string, taken apart. */
export interface EndpointDescription {
  /** The kind of endpoint, in lower case. */
  readonly prefix: string
  /** The fields without a key, in order; empty ones are kept. */
  readonly args: string[]
  /** The fields with a key; the last of one name wins. Has no prototype, so any key is safe to look up. */
  readonly options: Record<string, string>
}

/**
 * Takes an endpoint string apart.
 *
 * @throws EndpointSyntaxError when it ends in the middle of an escape, or has no prefix; TypeError for what is no text
 */
export function parseEndpointString(description: string): EndpointDescription {
  if (typeof description !== 'string') throw new TypeError(`an endpoint string is text, not ${String(description)}`)
  const [[key, type], ...rest] = fieldsOf(description) as [Field, ...Field[]]
  const prefix = type.trim().toLowerCase()
  if (key !== null || prefix === '') {
    throw new EndpointSyntaxError('type',
      `endpoint string: "${description}" does not begin with the kind of endpoint, as tcp:8080 does`)
  }
  const options = Object.create(null) as Record<string, string>
  const args: string[] = []
  for (const [name, value] of rest) {
    if (name === null) args.push(value)
    else options[name] = value
  }
  return { prefix, args, options }
}

type Field = [key: string | null, value: string]

/** Key (null when there is none) and value of each field. */
function fieldsOf(description: string): Field[] {
  const fields: Field[] = []
  let key: string | null = null
  let text = ''
  for (let at = 0; at < description.length; at++) {
    const character = description[at]!
    if (character === '\\') {
      at += 1
      if (at === description.length) {
        // Without the string itself: it may end with a password.
        const field = key ?? 'escape'
        throw new EndpointSyntaxError(field,
          `endpoint string: "${field}" ends with a backslash that escapes nothing; write \\\\ for a backslash`)
      }
      text += description[at]!
    } else if (character === ':') {
      fields.push([key, text])
      key = null
      text = ''
    } else if (character === '=' && key === null) {
      key = text
      text = ''
    } else text += character
  }
  fields.push([key, text])
  return fields
}

/**
 * Escapes a value so that it stands for itself inside an endpoint string.
 *
 * @example `unix:path=${quoteStringArgument(path)}`
 */
export function quoteStringArgument(value: string): string {
  return value.replace(/[\\:=]/g, '\\$&')
}

const UNITS: Record<string, number> = { '': 1, ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

/**
 * Milliseconds from a duration such as `250ms`, `30s`, `1.5m`, `1h`; a bare number is milliseconds.
 *
 * @returns null when the text is no duration
 */
export function parseDuration(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|)$/.exec(text.trim().toLowerCase())
  return match === null ? null : Number(match[1]) * UNITS[match[2]!]!
}
