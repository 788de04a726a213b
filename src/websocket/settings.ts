/**
 * What a WebSocket may have at most, how long its parts may take, and what it needs of a reactor.
 *
 * Owns: the numbers and their checks. Must not know: handshakes, frames.
 */
import type { CompressionHost, IReactorTime } from '../interfaces/index.js'
import type { CompressionOptions, SettledCompression } from './deflate-params.js'
import { settleCompression } from './deflate-params.js'

/** What WebSockets ask of a reactor. */
export interface WebSocketReactor extends IReactorTime {
  /** For the masks of clients. */
  entropy?(length: number): Uint8Array
  /** For compression. */
  compression?(): CompressionHost
}

/** What messages may have at most, and how much may wait. */
export interface WebSocketLimits {
  /** Bytes of a message, after decompression; 1 MiB if not given. More is close code 1009. */
  message?: number
  /** Frames of a message; 16,384 if not given. More is close code 1008. */
  fragments?: number
  /**
   * Bytes of output that may wait while more is read from the peer; 1 MiB on a server, Infinity on a client if not
   * given. Where both sides have such a limit, and both send more than that without reading, both wait for ever.
   */
  backlog?: number
}

/** How long a WebSocket waits; ms, Infinity for ever. */
export interface WebSocketTimeouts {
  /** Silence after which the peer is asked for a sign of life, with a ping; 30 s. Infinity: never. */
  ping?: number
  /** For that sign, of any kind; 20 s. */
  pong?: number
  /** For the peer's close frame, and for the end of the connection; 10 s. */
  close?: number
}

/** Options that both sides have. */
export interface WebSocketOptions {
  limits?: WebSocketLimits
  timeouts?: WebSocketTimeouts
  /** permessage-deflate: false if not given. */
  compression?: CompressionOptions | boolean | null
}

/** Options with nothing left out; one object for all connections of a factory. */
export interface WebSocketSettings {
  readonly maxMessage: number
  readonly maxFragments: number
  readonly maxBacklog: number
  readonly ping: number
  readonly pong: number
  readonly close: number
  readonly compression: SettledCompression | null
}

const DEFAULTS = Object.freeze({ message: 1_048_576, fragments: 16_384, ping: 30_000, pong: 20_000, close: 10_000 })
const SERVER_BACKLOG = 1_048_576
const LARGEST_MESSAGE = 0x3fffffff
const MOST_FRAGMENTS = 0xffffff

/** @throws TypeError, RangeError for options that are none */
export function settle(options: WebSocketOptions, isServer: boolean): WebSocketSettings {
  const { limits = {}, timeouts = {}, compression } = options
  checkNames('limit', limits, ['message', 'fragments', 'backlog'])
  checkNames('timeout', timeouts, ['ping', 'pong', 'close'])
  return Object.freeze({
    maxMessage: limit('message', limits.message, LARGEST_MESSAGE),
    maxFragments: limit('fragments', limits.fragments, MOST_FRAGMENTS),
    maxBacklog: backlog(limits.backlog, isServer),
    ping: time('ping', timeouts.ping),
    pong: time('pong', timeouts.pong),
    close: time('close', timeouts.close),
    compression: settleCompression(compression),
  })
}

function checkNames(what: string, given: object, known: readonly string[]): void {
  if (typeof given !== 'object' || given === null) throw new TypeError(`${what}s are an object`)
  for (const name of Object.keys(given)) if (!known.includes(name)) throw new TypeError(`there is no ${what} "${name}"`)
}

function limit(name: 'message' | 'fragments', value: number | undefined, most: number): number {
  if (value === undefined) return DEFAULTS[name]
  if (Number.isSafeInteger(value) && value >= 1 && value <= most) return value
  throw new RangeError(`the limit ${name} is a whole number from 1 to ${most}, not ${String(value)}`)
}

function backlog(value: number | undefined, isServer: boolean): number {
  if (value === undefined) return isServer ? SERVER_BACKLOG : Infinity
  if (typeof value === 'number' && value >= 0) return value
  throw new RangeError(`the limit backlog is a number of bytes, not ${String(value)}`)
}

function time(name: 'ping' | 'pong' | 'close', value: number | undefined): number {
  if (value === undefined) return DEFAULTS[name]
  if (typeof value === 'number' && value > 0) return value
  throw new RangeError(`the timeout ${name} is a number of milliseconds above zero, not ${String(value)}`)
}
