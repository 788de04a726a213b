/**
 * Agreeing on permessage-deflate: what a client offers, what a server answers, what both then keep to.
 *
 * Owns: the four parameters, and which answers fit which offers. Must not know: codecs.
 * Source: RFC 7692, 5 and 7.1.
 *
 *   parameter                     in an offer                          in an answer
 *   server_no_context_takeover    wanted of the server                 the server forgets after each message
 *   client_no_context_takeover    a hint                               the client has to forget
 *   server_max_window_bits=8…15   wanted of the server                 the server's window, not above what is wanted
 *   client_max_window_bits[=8…15] the client can limit its window      the client's window; only if it was offered
 */
import type { ExtensionOffer } from './extensions.js'

/** How messages are compressed. */
export interface CompressionOptions {
  /**
   * Whether the server begins each message with an empty window, and so needs no memory between messages; true if not
   * given. With false later messages find what they have in common with earlier ones, for some 300 KiB a connection.
   */
  serverNoContextTakeover?: boolean
  /** The same for the client. */
  clientNoContextTakeover?: boolean
  /** Size of the server's window as a power of two, 9 to 15; 15 if not given. */
  serverMaxWindowBits?: number
  /** The same for the client's. */
  clientMaxWindowBits?: number
  /** How hard to try, 1 to 9; the host's choice if not given. */
  level?: number
  /** Messages below this length are sent as they are, bytes; 1,024 if not given. */
  threshold?: number
}

/** What both sides have agreed on. */
export interface DeflateAgreement {
  readonly serverForgets: boolean
  readonly clientForgets: boolean
  readonly serverBits: number
  readonly clientBits: number
}

/** Options with nothing left out. */
export interface SettledCompression {
  readonly serverForgets: boolean
  readonly clientForgets: boolean
  readonly serverBits: number
  readonly clientBits: number
  readonly level: number | undefined
  readonly threshold: number
}

export const NAME = 'permessage-deflate'
const LARGEST = 15
/** zlib cannot compress with the 8 that the RFC allows. */
export const SMALLEST_WINDOW = 9

const FLAGS = ['server_no_context_takeover', 'client_no_context_takeover']
const SIZES = ['server_max_window_bits', 'client_max_window_bits']
const BITS = /^(?:[89]|1[0-5])$/

/**
 * Options of a user.
 * @param options true: with everything as it is by default; false, null or undefined: no compression
 * @throws TypeError, RangeError
 */
export function settleCompression(options: CompressionOptions | boolean | null | undefined): SettledCompression | null {
  if (options === undefined || options === null || options === false) return null
  if (options !== true && typeof options !== 'object') throw new TypeError('compression is true, false or options')
  const given: CompressionOptions = options === true ? {} : options
  const known = ['serverNoContextTakeover', 'clientNoContextTakeover', 'serverMaxWindowBits', 'clientMaxWindowBits',
    'level', 'threshold']
  for (const name of Object.keys(given)) if (!known.includes(name)) throw new TypeError(`compression has no "${name}"`)
  return {
    serverForgets: given.serverNoContextTakeover ?? true,
    clientForgets: given.clientNoContextTakeover ?? true,
    serverBits: within('serverMaxWindowBits', given.serverMaxWindowBits, SMALLEST_WINDOW, LARGEST) ?? LARGEST,
    clientBits: within('clientMaxWindowBits', given.clientMaxWindowBits, SMALLEST_WINDOW, LARGEST) ?? LARGEST,
    level: within('level', given.level, 1, 9),
    threshold: within('threshold', given.threshold, 0, Number.MAX_SAFE_INTEGER) ?? 1024,
  }
}

function within(name: string, value: number | undefined, least: number, most: number): number | undefined {
  if (value === undefined || (Number.isSafeInteger(value) && value >= least && value <= most)) return value
  throw new RangeError(`${name} is a whole number from ${least} to ${most}, not ${String(value)}`)
}

/** What a client asks for. */
export function deflateOffer(own: SettledCompression): ExtensionOffer {
  const params: [string, string | null][] = []
  if (own.serverForgets) params.push(['server_no_context_takeover', null])
  if (own.clientForgets) params.push(['client_no_context_takeover', null])
  if (own.serverBits < LARGEST) params.push(['server_max_window_bits', String(own.serverBits)])
  params.push(['client_max_window_bits', own.clientBits < LARGEST ? String(own.clientBits) : null])
  return { name: NAME, params }
}

/** What a server makes of all that a client offers: the first offer that it can keep to; null if there is none. */
export function acceptDeflate(offers: readonly ExtensionOffer[], own: SettledCompression): DeflateAgreement | null {
  for (const offer of offers) {
    const wanted = offer.name === NAME ? readParams(offer, true) : null
    const agreed = wanted === null ? null : agree(wanted, own)
    if (agreed !== null) return agreed
  }
  return null
}

function agree(wanted: Params, own: SettledCompression): DeflateAgreement | null {
  const { client_max_window_bits: clientBits, server_max_window_bits: serverBits } = wanted
  if (typeof serverBits === 'number' && serverBits < SMALLEST_WINDOW) return null
  // A limit for the client is only for clients that know how to keep it.
  if (own.clientBits < LARGEST && clientBits === undefined) return null
  return {
    serverForgets: own.serverForgets || 'server_no_context_takeover' in wanted,
    clientForgets: own.clientForgets || 'client_no_context_takeover' in wanted,
    serverBits: Math.min(own.serverBits, typeof serverBits === 'number' ? serverBits : LARGEST),
    clientBits: Math.min(own.clientBits, typeof clientBits === 'number' ? clientBits : LARGEST),
  }
}

/** A server's answer that says this. */
export function deflateAnswer(agreed: DeflateAgreement): ExtensionOffer {
  const params: [string, string | null][] = []
  if (agreed.serverForgets) params.push(['server_no_context_takeover', null])
  if (agreed.clientForgets) params.push(['client_no_context_takeover', null])
  if (agreed.serverBits < LARGEST) params.push(['server_max_window_bits', String(agreed.serverBits)])
  if (agreed.clientBits < LARGEST) params.push(['client_max_window_bits', String(agreed.clientBits)])
  return { name: NAME, params }
}

/** What a client makes of a server's answer to its offer; null for one that does not fit. */
export function readDeflateAnswer(answer: ExtensionOffer, own: SettledCompression): DeflateAgreement | null {
  const said = answer.name === NAME ? readParams(answer, false) : null
  if (said === null) return null
  const serverForgets = 'server_no_context_takeover' in said
  const serverBits = (said.server_max_window_bits ?? LARGEST) as number
  const clientBits = (said.client_max_window_bits ?? LARGEST) as number
  // It has to grant what was asked of it. With a window that no compressor has the client compresses nothing.
  if (own.serverForgets && !serverForgets) return null
  if (serverBits > own.serverBits) return null
  return {
    serverForgets,
    clientForgets: own.clientForgets || 'client_no_context_takeover' in said,
    serverBits,
    clientBits: Math.min(own.clientBits, clientBits),
  }
}

interface Params {
  server_no_context_takeover?: true
  client_no_context_takeover?: true
  server_max_window_bits?: number
  client_max_window_bits?: number | true
}

/** Reads the parameters; null for unknown or repeated ones, and for values that are none (RFC 7692, 7.1). */
function readParams({ params }: ExtensionOffer, isOffer: boolean): Params | null {
  const found: Record<string, number | true> = {}
  for (const [name, value] of params) {
    if (name in found) return null
    if (FLAGS.includes(name)) {
      if (value !== null) return null
      found[name] = true
    } else if (SIZES.includes(name)) {
      const mayBeBare = isOffer && name === 'client_max_window_bits'
      if (value === null ? !mayBeBare : !BITS.test(value)) return null
      found[name] = value === null ? true : Number(value)
    } else {
      return null
    }
  }
  return found as Params
}
