/**
 * The part of a trace that stays: its newest blocks, and what is needed to read them without the others.
 *
 * Owns: the blocks that are full, which of them go, and which hosts and connections there were when the last of those
 * that went was full. Must not know: how records look. A block that goes is filled again: from then on, only what is
 * rare (hosts, beginnings and ends of connections) allocates anything.
 */

import { ACCEPTED, CONNECT, ENDED, HOST, REFUSED } from './format.js'
import type { TraceWriter } from './writer.js'

/** What must be known of the past: of what kind, about which host or connection, and how to write it once more. */
interface Rare {
  readonly time: number
  readonly kind: number
  readonly id: number
  readonly write: (writer: TraceWriter) => void
}

interface Block {
  readonly bytes: Uint8Array
  readonly length: number
  /** How many records there were when it was full. */
  readonly records: number
  readonly rare: readonly Rare[]
}

interface Connection {
  readonly past: Rare[]
  /** How many sides have not ended. */
  sides: number
}

/** @internal */
export class Kept {
  /** Records that are gone. */
  dropped = 0
  readonly #limit: number
  #blocks: Block[] = []
  #first = 0
  #bytes = 0
  #rare: Rare[] = []
  readonly #hosts = new Map<number, Rare[]>()
  readonly #connections = new Map<number, Connection>()

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Takes note of something in the block that is being filled. @param time µs */
  note(time: number, kind: number, id: number, write: (writer: TraceWriter) => void): void {
    this.#rare.push({ time, kind, id, write })
  }

  /** Takes a full block. @returns one to fill again, or null */
  keep(bytes: Uint8Array, length: number, records: number): Uint8Array | null {
    this.#blocks.push({ bytes, length, records, rare: this.#rare })
    this.#rare = []
    this.#bytes += length
    let free: Uint8Array | null = null
    while (this.#bytes > this.#limit) {
      const block = this.#blocks[this.#first++]
      this.#bytes -= block.length
      this.dropped = block.records
      for (const rare of block.rare) this.#forget(rare)
      free = block.bytes
    }
    // Not one by one: shifting a list costs as much as it is long.
    if (this.#first * 2 > this.#blocks.length) {
      this.#blocks = this.#blocks.slice(this.#first)
      this.#first = 0
    }
    return free
  }

  /** The blocks that are here. */
  blocks(): Uint8Array[] {
    return this.#blocks.slice(this.#first).map(({ bytes, length }) => bytes.subarray(0, length))
  }

  /** Writes what there was before the first of them. */
  writePast(writer: TraceWriter): void {
    const past = [...this.#hosts.values()].flat()
    for (const connection of this.#connections.values()) past.push(...connection.past)
    // Stable: at the same time hosts come before connections.
    for (const rare of past.sort((a, b) => a.time - b.time)) {
      writer.begin(rare.time / 1000)
      rare.write(writer)
    }
  }

  /** What is no longer in a block goes into the past, or out of it. */
  #forget(rare: Rare): void {
    const { kind, id } = rare
    if (kind === CONNECT) {
      this.#connections.set(id, { past: [rare], sides: 2 })
      return
    }
    if (kind !== ACCEPTED && kind !== REFUSED && kind !== ENDED) {
      const host = this.#hosts.get(id)
      // Of what happened to a host since it was made, the last counts.
      if (kind === HOST || host === undefined) this.#hosts.set(id, [rare])
      else host[1] = rare
      return
    }
    const connection = this.#connections.get(id)
    if (connection === undefined) return
    if (kind === ACCEPTED) {
      connection.past.push(rare)
      return
    }
    connection.sides -= 1
    // An attempt has one side that can end.
    if (connection.sides === 0 || connection.past.length === 1) this.#connections.delete(id)
  }
}
