/**
 * Reads netstrings out of chunks. Owns: where in the stream each begins, and what is said of one that is broken.
 * Must not know: where the chunks come from.
 *
 * The parser of `whorl/core` does no input or output: it is given bytes, and calls back before `receive` returns.
 */
import { createCore } from 'whorl/core'

/** The bytes are no netstrings, or end in the middle of one. */
export class BrokenNetstring extends Error {
  /** Where the broken netstring begins, in bytes from 0. */
  readonly at: number

  constructor(message: string, at: number) {
    super(message)
    this.at = at
  }
}

/**
 * Calls `found` for each netstring, with the byte at which it begins and its payload.
 *
 * @param chunks cut anywhere; each must stay as it is
 * @param maxLength longest payload, in bytes
 * @throws BrokenNetstring, after `found` was called for all netstrings before it
 */
export function readNetstrings(
  chunks: Iterable<Uint8Array>, maxLength: number, found: (at: number, data: Uint8Array) => void,
): void {
  let at = 0
  let broken: Error | undefined
  const parser = createCore().netstringParser({
    maxLength,
    handler: {
      string(data) {
        found(at, data)
        // Its length in digits, the colon, the payload, the comma.
        at += String(data.length).length + 1 + data.length + 1
      },
      malformed(error) {
        broken = error
      },
    },
  })
  try {
    for (const chunk of chunks) {
      parser.receive(chunk)
      if (broken !== undefined) throw new BrokenNetstring(broken.message, at)
    }
    if (parser.end() === 'inside-frame') throw new BrokenNetstring('The bytes end in the middle of a netstring.', at)
  } finally {
    parser.free()
  }
}
