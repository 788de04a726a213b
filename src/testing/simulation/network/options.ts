/**
 * How a link of the simulated network behaves: what a test may say, and the defaults.
 *
 * Owns: the options' shape, their checks. Must not know: what travels over a link. Times are virtual milliseconds.
 */

import type { SeededRandom } from '../../../core/index.js'

/** What a test says of a link; what is missing is as it was before. */
export interface LinkOptions {
  /** One way, ms: always so long, evenly between two, or what a function says; 0.2 to 2 if not given. */
  latency?: number | readonly [min: number, max: number] | ((random: SeededRandom) => number)
  /** Which part of the packets is lost, 0 to 1. Streams send again what was lost. */
  loss?: number
  /** Which part of the datagrams is held up, so that later ones overtake it, 0 to 1. */
  reorder?: number
  /** Which part of the datagrams arrives twice, 0 to 1. */
  duplicate?: number
  /** Bytes a second; Infinity if not given. */
  bandwidth?: number
  /** Bytes of a piece of a stream, evenly between the two; 1 to 1,460 if not given. */
  segment?: readonly [min: number, max: number]
  /** Bytes of the send buffer, and of the receive buffer, of a stream; 262,144 if not given. */
  bufferBytes?: number
  /** A stream that has to send again gives up after so long without an answer, ms; 924,600 (as Linux) if not given. */
  giveUpMs?: number
}

/** All of it. */
export type LinkShape = Readonly<Required<LinkOptions>>

export const DEFAULT_LINK: LinkShape = Object.freeze({
  latency: Object.freeze([0.2, 2]) as unknown as readonly [number, number],
  loss: 0,
  reorder: 0,
  duplicate: 0,
  bandwidth: Infinity,
  segment: Object.freeze([1, 1_460]) as unknown as readonly [number, number],
  bufferBytes: 262_144,
  giveUpMs: 924_600,
})

/** What a host sends to itself. */
export const LOOPBACK: LinkOptions = Object.freeze({
  latency: Object.freeze([0.01, 0.05]) as unknown as readonly [number, number],
  loss: 0, reorder: 0, duplicate: 0, bandwidth: Infinity,
})

/** @throws RangeError, TypeError for what makes no sense, with the name of the option */
export function linkShape(options: LinkOptions, base: LinkShape): LinkShape {
  const shape = { ...base, ...withoutUndefined(options) } as LinkShape
  checkLatency(shape.latency)
  for (const key of ['loss', 'reorder', 'duplicate'] as const) {
    if (!(shape[key] >= 0 && shape[key] <= 1)) throw new RangeError(`${key} is from 0 to 1, not ${String(shape[key])}`)
  }
  if (!(shape.bandwidth > 0)) throw new RangeError(`bandwidth is above 0, not ${String(shape.bandwidth)}`)
  if (!(shape.giveUpMs > 0)) throw new RangeError(`giveUpMs is above 0, not ${String(shape.giveUpMs)}`)
  const { segment, bufferBytes } = shape
  if (!Array.isArray(segment) || !Number.isInteger(segment[0]) || !Number.isInteger(segment[1])
    || segment[0] < 1 || segment[1] < segment[0] || segment[1] > 0x7fff_ffff) {
    throw new RangeError(`segment is two whole numbers of bytes, 1 <= min <= max, not ${String(segment)}`)
  }
  if (!Number.isInteger(bufferBytes) || bufferBytes < 1) {
    throw new RangeError(`bufferBytes is a whole number above 0, not ${String(bufferBytes)}`)
  }
  return Object.freeze(shape)
}

function checkLatency(latency: unknown): void {
  if (typeof latency === 'function') return
  const [min, max] = Array.isArray(latency) ? latency as unknown[] : [latency, latency]
  if (typeof min === 'number' && typeof max === 'number' && min >= 0 && max >= min && max < Infinity) return
  throw new RangeError(`latency is ms, two of them with min <= max, or a function, not ${String(latency)}`)
}

function withoutUndefined(options: LinkOptions): LinkOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}
