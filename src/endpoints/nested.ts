/**
 * Endpoint strings inside endpoint strings.
 *
 * Owns: reading the one in a field, quoted, and the one behind a prefix, as it is. Must not know: which prefixes there
 * are; whoever calls brings `clientFromString` or `serverFromString`.
 */
import { EndpointSyntaxError } from '../errors/control.js'
import type { IStreamClientEndpoint, IStreamServerEndpoint } from '../interfaces/index.js'
import type { EndpointFields } from './fields.js'
import { quoteStringArgument } from './grammar.js'

export type ClientFromString = (reactor: object, description: string) => IStreamClientEndpoint
export type ServerFromString = (reactor: object, description: string) => IStreamServerEndpoint

/** The endpoint in a field; undefined if it is not there. @throws EndpointSyntaxError that names the field */
export function innerEndpoint<E>(fields: EndpointFields, name: string, read: (text: string) => E): E | undefined {
  const text = fields.optional(name)
  if (text === undefined) return undefined
  try {
    return read(text)
  } catch (error) {
    if (!(error instanceof EndpointSyntaxError)) throw error
    throw fields.error(name, `is no client endpoint (${error.message})`, error)
  }
}

/** Puts the fields behind a prefix together again: the string that they were split from, or one that means the same. */
export function joinFields(args: readonly string[], options: Readonly<Record<string, string>>): string {
  const quote = quoteStringArgument
  const named = Object.entries(options).map(([key, value]) => `${quote(key)}=${quote(value)}`)
  return [...args.map(quote), ...named].join(':')
}
