/**
 * The file format of recordings: kinds of records, names of methods.
 *
 * Owns: the numbers. Must not know: who writes or reads them. All numbers are varints (7 bits a byte, lowest first)
 * unless said otherwise; times are whole microseconds of the recorded reactor's clock.
 *
 *   file    'WREC' version:byte frame*
 *   frame   length:4 checksum:4 bytes             see frames.ts; the bytes of all, one after the other:
 *   bytes   flags start features:value record*    features: what the host has, see record-parts.ts
 *   record  kind (5 bits) | mark << 6, and then, by kind:
 *     NOW       delta                             a read of the clock; delta since the record before
 *     NOW_SAME                                    the same, and no time has passed
 *     WALL      zigzag                            a read of the date, µs since the last one
 *     ENTROPY   length bytes                      entropy that was asked for
 *     SOON_ASKED, JOBS_ASKED                      the program wants `soon`, `afterJobs`
 *     TIMER_ASKED delay                           … a timer, which gets the next number of its kind
 *     SEND      object length hash:4|bytes        mark bit 0: the host took all of it at once
 *     ASKED     object method values              a call that has no answer, and nothing comes from inside of
 *     CALL      object method values              any other, and what comes from inside of it, up to its end
 *     RETURN    value                             what the call that is on gave back
 *     DONE                                        … it gave back nothing, and is over
 *     THROW     value                             what the call that is on threw
 *     NOTE      text                              something happens that is not recorded
 *     EVENT     delta object method values        everything else that the host tells the program
 *     RECEIVED, FILLED  delta object length bytes
 *     BORROW    delta object hint                 the host asks for an array to read into
 *     SENT      delta object
 *     SOON, JOBS delta                            what was asked for, in turn
 *     TIMER     delta back                        the timer of `back` numbers ago goes off
 *     PAUSE     delta                             nothing came for a while; all promise jobs are done
 *     END       delta                             the recording was ended; without it the end is missing
 *   values  count value*                          see values.ts
 *
 * The records up to NOTE come of what the program does, the rest from the host. What comes from the host is marked by
 * when it came: after the promise jobs of what was before, in the same job, or from inside of a call.
 */

/** 'WREC'. */
export const MAGIC = [0x57, 0x52, 0x45, 0x43] as const
export const VERSION = 2
/** The bytes that were sent are in the recording, not only a hash of them. */
export const FLAG_OUTPUT = 1

export const KIND_MASK = 0x1f
export const MARK_SHIFT = 6

export const AFTER_JOBS = 0
export const SAME_JOB = 1
export const INSIDE = 2

export const NOW = 1
export const NOW_SAME = 2
export const WALL = 3
export const ENTROPY = 4
export const SOON_ASKED = 5
export const JOBS_ASKED = 6
export const TIMER_ASKED = 7
export const SEND = 8
export const CALL = 9
export const RETURN = 10
export const THROW = 11
export const DONE = 12
export const ASKED = 13
/** Something happens that is not recorded. */
export const NOTE = 15
/** From here on what the host tells. */
export const FIRST_EVENT = 16
export const EVENT = 16
export const RECEIVED = 17
export const FILLED = 18
export const BORROW = 19
export const SENT = 20
export const SOON = 21
export const JOBS = 22
export const TIMER = 23
export const PAUSE = 24
export const END = 25

/** Object 0: the host itself. */
export const HOST = 0

/** What is called or told, by number; the order is part of the format. */
export const METHODS = [
  'listenTCP', 'connectTCP', 'listenUNIX', 'connectUNIX', 'bindUDP', 'spawn', 'stdio', 'adoptPort', 'adoptConnection',
  'resolve', 'tlsServer', 'tlsAccept', 'tlsConnect', 'onSignal', 'installSignals', 'exit', 'readFile', 'openFile',
  'listDirectory', 'mediaType', 'compressor', 'decompressor',
  'open', 'finish', 'close', 'reset', 'pause', 'resume', 'setNoDelay', 'setKeepAlive', 'cancel', 'send', 'connect',
  'setBroadcast', 'addMembership', 'dropMembership', 'setTTL', 'setLoopback', 'setInterface', 'signal', 'read', 'list',
  'write', 'end', 'update', 'keepAlive',
  'listening', 'failed', 'accepted', 'acceptFailed', 'connected', 'receivedEnd', 'finished', 'secured', 'closed',
  'bound', 'received', 'refused', 'trouble', 'done', 'started', 'exited', 'output', 'taken', 'ended', 'sent',
] as const

/** The name of what is called or told. */
export type Method = typeof METHODS[number]

const NUMBERS = new Map<string, number>(METHODS.map((name, number) => [name, number]))

/** @throws TypeError for a name that the format does not have */
export function numberOf(method: Method): number {
  const number = NUMBERS.get(method)
  if (number === undefined) throw new TypeError(`recordings know no ${method}`)
  return number
}

export const HASH_START = 0x811c9dc5 | 0

const PRIME = 0x0100_0193
/** From so many bytes on four hashes at once are faster than one. */
const LONG = 64

/**
 * A hash of 32 bits of some bytes, after those of `hash`: enough to tell that output is another, and no more. FNV-1a,
 * long arrays by words, in four lanes.
 */
export function hashOf(bytes: Uint8Array, hash: number): number {
  const { length } = bytes
  let at = 0
  if (length >= LONG) {
    const words = new DataView(bytes.buffer, bytes.byteOffset, length)
    let a = hash
    let b = hash ^ 0x9e37_79b9
    let c = hash ^ 0x85eb_ca6b
    let d = hash ^ 0xc2b2_ae35
    for (const end = length - 15; at < end; at += 16) {
      a = Math.imul(a ^ words.getInt32(at, true), PRIME)
      b = Math.imul(b ^ words.getInt32(at + 4, true), PRIME)
      c = Math.imul(c ^ words.getInt32(at + 8, true), PRIME)
      d = Math.imul(d ^ words.getInt32(at + 12, true), PRIME)
      a ^= a >>> 15
      b ^= b >>> 15
      c ^= c >>> 15
      d ^= d >>> 15
    }
    hash = Math.imul(Math.imul(a, PRIME) ^ b, PRIME) ^ Math.imul(Math.imul(c, PRIME) ^ d, 0x85eb_ca6b)
  }
  for (; at < length; at++) hash = Math.imul(hash ^ bytes[at], PRIME)
  return hash ^ length
}
