/**
 * Which fields go through a proxy, and which it writes itself.
 *
 * Owns: hop-by-hop fields, Via, Max-Forwards, X-Forwarded-… and Forwarded. Must not know: connections.
 * Source: RFC 9110, 7.6.1 to 7.6.3 and 7.8; RFC 7239.
 */
import type { IAddress } from '../../interfaces/address.js'
import { Headers } from '../headers.js'
import type { ServerRequest } from '../server/request.js'

/** Of one connection, whether Connection names them or not. */
const HOP_BY_HOP: readonly string[] = [
  'connection', 'http2-settings', 'keep-alive', 'proxy-authenticate', 'proxy-authentication-info',
  'proxy-authorization', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade',
  // No field of HTTP at all: programs behind CGI take it for the variable HTTP_PROXY.
  'proxy',
]

/** What is still HTTP behind the upgrade would go on unseen: no rule of this proxy would hold for it. */
const STILL_HTTP = /^(?:h2c?(?:-\d+)?|https?(?:\/.*)?|tls(?:\/.*)?)$/i
const DECIMAL = /^\d{1,9}$/

/** What a proxy says of where a request came from; from anybody else it is a claim. */
const FORWARDED: readonly string[] = [
  'forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-port', 'x-forwarded-proto', 'x-forwarded-server',
  'x-forwarded-prefix', 'x-real-ip',
]

/** How the next server is told where a request came from. */
export type ForwardedStyle = 'x-forwarded' | 'forwarded' | 'both' | 'none'

/** The fields that are for the other end, as they were sent, in their order. @param without more that are left out */
export function endToEnd(headers: Headers, without: readonly string[] = []): Headers {
  const dropped = new Set([...HOP_BY_HOP, ...without])
  for (const name of (headers.get('connection') ?? '').split(',')) dropped.add(name.trim().toLowerCase())
  const kept = new Headers()
  for (const [name, value] of headers.raw()) if (!dropped.has(name.toLowerCase())) kept.append(name, value)
  return kept
}

/** Adds this proxy to those that a message came through. @param version of the message, `1.1` */
export function addVia(headers: Headers, version: string, name: string): void {
  const before = headers.get('via')
  headers.set('Via', `${before === null ? '' : `${before}, `}${version} ${name}`)
}

/** How often a message came through a proxy of this name. */
export function countVia(headers: Headers, name: string): number {
  const wanted = name.toLowerCase()
  return (headers.get('via') ?? '').split(',').filter((one) => one.trim().split(/[\t ]+/)[1]?.toLowerCase() === wanted)
    .length
}

/** The protocol that a request asks for and that may go through; null for none. */
export function upgradeOf({ head, headers, version }: ServerRequest): string | null {
  const hasBody = head.hasBody && head.contentLength !== 0
  if (!head.isUpgrade || version === '1.0' || hasBody) return null
  const asked = (headers.get('upgrade') ?? '').split(',').map((one) => one.trim())
  return asked.find((token) => token !== '' && !STILL_HTTP.test(token)) ?? null
}

/**
 * Counts down Max-Forwards, which TRACE and OPTIONS may have.
 * @returns false if the request is not to go on
 */
export function countForward(headers: Headers, method: string): boolean {
  const left = method === 'TRACE' || method === 'OPTIONS' ? headers.get('max-forwards') : null
  if (left === null || !DECIMAL.test(left)) return true
  if (Number(left) === 0) return false
  headers.set('Max-Forwards', String(Number(left) - 1))
  return true
}

/**
 * Says whom a request came from, and what it asked for.
 * @param trusts whether what the request says of those before is to be believed, and added to; else it is dropped
 */
export function addForwarded(headers: Headers, request: ServerRequest, style: ForwardedStyle, trusts: boolean): void {
  const before = new Headers()
  for (const name of FORWARDED) {
    const value = headers.get(name)
    if (value === null) continue
    if (trusts) before.set(name, value)
    else headers.delete(name)
  }
  // Behind CGI and its like both are one.
  for (const name of [...headers.keys()]) {
    if (name.includes('_') && FORWARDED.includes(name.replaceAll('_', '-'))) headers.delete(name)
  }
  const client = addressOf(request.peer)
  const protocol = request.isSecure ? 'https' : 'http'
  const { host } = request
  if (style === 'x-forwarded' || style === 'both') {
    if (client !== null) headers.set('X-Forwarded-For', joined(before.get('x-forwarded-for'), client))
    // The first proxy's word: it is the one that the client spoke to.
    if (!before.has('x-forwarded-proto')) headers.set('X-Forwarded-Proto', protocol)
    if (host !== null && !before.has('x-forwarded-host')) headers.set('X-Forwarded-Host', host)
  }
  if (style === 'forwarded' || style === 'both') {
    const node = client === null ? 'unknown' : client.includes(':') ? `"[${client}]"` : client
    const asked = host === null ? '' : `;host=${/^[\w.!#$%&'*+^`|~-]+$/.test(host) ? host : `"${host}"`}`
    headers.set('Forwarded', joined(before.get('forwarded'), `for=${node}${asked};proto=${protocol}`))
  }
}

function joined(before: string | null, value: string): string {
  return before === null ? value : `${before}, ${value}`
}

/** Without a zone, which means nothing elsewhere; null for connections without addresses. */
function addressOf(peer: IAddress): string | null {
  const { host } = peer as { host?: unknown }
  return typeof host === 'string' ? host.replace(/%.*$/, '').replace(/^::ffff:(?=\d+\.)/i, '') : null
}
