/**
 * From endpoint strings to endpoints: which prefix is whose.
 *
 * Owns: the table of prefixes, and the errors for one that is not in it. Must not know: the fields of any prefix.
 * Source: twisted.internet.endpoints.serverFromString, clientFromString; the table stands in for Twisted's plugins.
 */
import { EndpointSyntaxError } from '../errors/index.js'
import type { IStreamClientEndpoint, IStreamServerEndpoint } from '../interfaces/index.js'
import { parseEndpointString } from './grammar.js'
import { processStrings } from './process-strings.js'
import { haproxyStrings, proxyStrings } from './proxy-strings.js'
import { hostname, tcp, tcp6 } from './tcp-strings.js'
import { tlsStrings } from './tls-strings.js'
import { unix } from './unix-strings.js'

/**
 * Makes endpoints of one prefix from the fields of a string: those without a key in `args`, in order, the others in
 * `options`. The reactor is whatever the caller of `serverFromString` or `clientFromString` handed over.
 */
export interface EndpointParser {
  // Each prefix asks other capabilities of a reactor; the table can promise none of them.
  server?(reactor: never, args: string[], options: Record<string, string>): IStreamServerEndpoint
  client?(reactor: never, args: string[], options: Record<string, string>): IStreamClientEndpoint
}

// Those that have an endpoint inside read it as their callers read them.
const parsers = new Map<string, EndpointParser>(Object.entries({
  tcp,
  tcp6,
  hostname,
  tls: tlsStrings('tls', clientFromString),
  ssl: tlsStrings('ssl', clientFromString),
  unix,
  ...processStrings,
  haproxy: haproxyStrings(clientFromString, serverFromString),
  socks5: proxyStrings('socks5', clientFromString),
  connect: proxyStrings('connect', clientFromString),
}))

/**
 * Adds a prefix, or replaces one.
 *
 * @param prefix letters and digits, upper or lower case alike
 * @throws TypeError for a prefix that no string could begin with
 */
export function registerEndpoint(prefix: string, parser: EndpointParser): void {
  if (!/^[a-z0-9][a-z0-9+.-]*$/i.test(prefix)) throw new TypeError(`"${prefix}" cannot be the prefix of an endpoint`)
  parsers.set(prefix.toLowerCase(), parser)
}

/**
 * The endpoint that a string describes, for listening.
 *
 * @example serverFromString(reactor, 'tcp:8080:interface=127.0.0.1').listen(factory)
 * @throws EndpointSyntaxError, whose `field` says which part of the string is wrong
 */
export function serverFromString(reactor: object, description: string): IStreamServerEndpoint {
  const { prefix, args, options } = parseEndpointString(description)
  const parser = parsers.get(prefix)
  if (parser?.server === undefined) throw unknown('server', prefix)
  return nested(prefix, () => parser.server!(reactor as never, args, options))
}

/**
 * The endpoint that a string describes, for connecting.
 *
 * @example clientFromString(reactor, 'tcp:example.com:80:timeout=10s').connect(factory)
 * @throws EndpointSyntaxError, whose `field` says which part of the string is wrong
 */
export function clientFromString(reactor: object, description: string): IStreamClientEndpoint {
  const { prefix, args, options } = parseEndpointString(description)
  const parser = parsers.get(prefix)
  if (parser?.client === undefined) throw unknown('client', prefix)
  return nested(prefix, () => parser.client!(reactor as never, args, options))
}

/** Endpoints one inside another: each level of quoting doubles the backslashes, so nobody writes more than a few. */
const MOST_NESTED = 32
let depth = 0

/** Reads an endpoint that may hold others, which come here again. */
function nested<E>(prefix: string, read: () => E): E {
  if (depth === MOST_NESTED) {
    throw new EndpointSyntaxError('type',
      `endpoint string: "${prefix}" is inside ${MOST_NESTED} other endpoints, which is as deep as they go`)
  }
  depth += 1
  try {
    return read()
  } finally {
    depth -= 1
  }
}

function unknown(side: 'server' | 'client', prefix: string): EndpointSyntaxError {
  const known = [...parsers].filter(([, parser]) => parser[side] !== undefined).map(([name]) => name)
  return new EndpointSyntaxError('type',
    `endpoint string: there is no ${side} endpoint of type "${prefix}"; known are ${known.sort().join(', ')}`)
}
