/**
 * Frames: the blocks of a recording, each with its length and a checksum.
 *
 * Owns: what stands before a block, and telling a file that was altered or cut from a whole one. Must not know: what is
 * in the blocks. A checksum goes on from that of the block before, so that none can be left out or stand elsewhere. It
 * finds accidents; it does not withstand those who want to deceive.
 */
import { RecordingError } from '../../errors/index.js'
import { HASH_START, hashOf } from './format.js'

/** Length and checksum, four bytes each, lowest first. */
export const FRAME_HEAD = 8

/** Of the first block. */
export const FIRST_SUM = HASH_START

/** Puts the head of a frame before what is in it. @returns the checksum, from which the next goes on */
export function sealFrame(block: Uint8Array, at: number, end: number, sum: number): number {
  const next = hashOf(block.subarray(at + FRAME_HEAD, end), sum)
  putWord(block, at, end - at - FRAME_HEAD)
  putWord(block, at + 4, next)
  return next
}

/** What the frames of a file hold. */
export interface Unframed {
  /** Of all frames before the first that is wrong. */
  readonly bytes: Uint8Array
  /** What is wrong with that one; null if there is none. */
  readonly flaw: RecordingError | null
}

/** @param at where the first frame begins */
export function readFrames(file: Uint8Array, at: number): Unframed {
  const bytes = new Uint8Array(file.length)
  let length = 0
  let sum = FIRST_SUM
  let flaw: RecordingError | null = null
  while (at < file.length) {
    const from = at + FRAME_HEAD
    // What is cut off may also be a length that was altered: nobody can tell.
    const isLong = from <= file.length
    const end = isLong ? from + (word(file, at) >>> 0) : from
    if (end > file.length) {
      flaw = new RecordingError(
        `The recording is cut short or altered: it ends at byte ${file.length}, and the block that begins at byte ` +
        `${at} would end at byte ${end}${isLong ? '' : ' or later'}.`, { position: file.length })
      break
    }
    const payload = file.subarray(from, end)
    sum = hashOf(payload, sum)
    if (sum !== word(file, at + 4)) {
      flaw = new RecordingError(
        `The recording was altered between byte ${at} and byte ${end}: the checksum of this block is wrong.`,
        { position: at })
      break
    }
    bytes.set(payload, length)
    length += payload.length
    at = end
  }
  return { bytes: bytes.subarray(0, length), flaw }
}

function putWord(bytes: Uint8Array, at: number, value: number): void {
  for (let i = 0; i < 4; i++) bytes[at + i] = value >>> 8 * i
}

function word(bytes: Uint8Array, at: number): number {
  return bytes[at]! | bytes[at + 1]! << 8 | bytes[at + 2]! << 16 | bytes[at + 3]! << 24
}
