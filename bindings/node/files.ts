/**
 * Files, for Node: reads one whole.
 *
 * Owns: stopping at the limit, so that a path to something without an end does no harm. Must not know: what for.
 */

import { createReadStream } from 'node:fs'
import type { FileHost } from '../../src/interfaces/index.js'

/** Reading files on Node. */
export class NodeFiles implements FileHost {
  read(path: string, limit: number, done: (error: unknown, bytes: Uint8Array | null) => void): () => void {
    const pieces: Buffer[] = []
    let length = 0
    let over = false
    const end = (error: unknown, bytes: Uint8Array | null): void => {
      if (over) return
      over = true
      stream.destroy()
      done(error, bytes)
    }
    // Up to and with the byte that is one too many.
    const stream = createReadStream(path, { end: limit })
    stream.on('data', (piece) => {
      pieces.push(piece as Buffer)
      length += piece.length
      if (length > limit) end(new RangeError(`it is longer than ${limit} bytes`), null)
    })
    stream.on('end', () => end(null, Buffer.concat(pieces)))
    stream.on('error', (error) => end(error, null))
    return () => {
      over = true
      stream.destroy()
    }
  }
}
