/**
 * Names of HTTP fields that the core gives a number, so that a head needs no string for them.
 *
 * Owns: the list; a name's place in it, from 1, is its number. Must not know: what fields mean.
 * Source: the IANA registry of HTTP field names; those that browsers, servers and proxies send every day.
 */

/** In lower case. The first six are those that the core itself reads (assembly/abi/http.ts). */
export const HTTP_FIELD_NAMES: readonly string[] = [
  'host', 'content-length', 'transfer-encoding', 'connection', 'upgrade', 'expect',
  'accept', 'accept-charset', 'accept-encoding', 'accept-language', 'accept-ranges',
  'access-control-allow-headers', 'access-control-allow-methods', 'access-control-allow-origin',
  'access-control-expose-headers', 'access-control-max-age', 'access-control-request-headers',
  'access-control-request-method', 'age', 'allow', 'alt-svc', 'authorization', 'cache-control', 'content-disposition',
  'content-encoding', 'content-language', 'content-location', 'content-range', 'content-security-policy',
  'content-type', 'cookie', 'date', 'dnt', 'etag', 'expires', 'forwarded', 'from', 'if-match', 'if-modified-since',
  'if-none-match', 'if-range', 'if-unmodified-since', 'keep-alive', 'last-modified', 'link', 'location', 'max-forwards',
  'origin', 'pragma', 'priority', 'proxy-authenticate', 'proxy-authorization', 'proxy-connection', 'range', 'referer',
  'referrer-policy', 'retry-after', 'sec-ch-ua', 'sec-ch-ua-mobile', 'sec-ch-ua-platform', 'sec-fetch-dest',
  'sec-fetch-mode', 'sec-fetch-site', 'sec-fetch-user', 'sec-websocket-accept', 'sec-websocket-extensions',
  'sec-websocket-key', 'sec-websocket-protocol', 'sec-websocket-version', 'server', 'set-cookie',
  'strict-transport-security', 'te', 'trailer', 'upgrade-insecure-requests', 'user-agent', 'vary', 'via',
  'www-authenticate', 'x-content-type-options', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto',
  'x-frame-options', 'x-real-ip', 'x-request-id', 'x-requested-with',
]

/** Number of each name. */
export const HTTP_FIELD_IDS: ReadonlyMap<string, number> =
  /* @__PURE__ */ new Map(HTTP_FIELD_NAMES.map((name, index) => [name, index + 1]))

/** The list as `httpNames` of the core takes it. */
export function encodeFieldNames(): Uint8Array {
  const bytes: number[] = []
  for (const name of HTTP_FIELD_NAMES) {
    bytes.push(name.length)
    for (let i = 0; i < name.length; i++) bytes.push(name.charCodeAt(i))
  }
  return Uint8Array.from(bytes)
}
