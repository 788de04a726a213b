/**
 * The inside of a border: what an embedded reactor has open with the gateway that serves it (src/embedding).
 *
 * Owns: the numbers, and bringing messages to who they are for. Must not know: what is open, how batches travel.
 */
import { Kind, MessageReader, MessageWriter } from '../../src/embedding/index.js'
import type { Field } from '../../src/embedding/index.js'

/** Who has a number. */
export interface Insider {
  message(kind: number, fields: readonly Field[]): void
}

/** Bytes that may be on their way to each stream and port inside. */
export const WINDOW = 131_072

/** One border, for one reactor. */
export class Border {
  readonly #send: (batch: Uint8Array<ArrayBuffer>) => void
  readonly #later: (fn: () => void) => void
  readonly #open = new Map<number, Insider>()
  readonly #out = new MessageWriter()
  #next = -1
  #busy = false

  /**
   * @param send carries a batch to the gateway
   * @param later calls when the code that runs now is done
   */
  constructor(send: (batch: Uint8Array<ArrayBuffer>) => void, later: (fn: () => void) => void) {
    this.#send = send
    this.#later = later
  }

  /** A new number for what is opened from here. */
  enter(insider: Insider): number {
    this.#next += 2
    this.#open.set(this.#next, insider)
    return this.#next
  }

  /** What the gateway opened, or has now become something else. */
  set(id: number, insider: Insider): void {
    this.#open.set(id, insider)
  }

  /** Nothing more is wanted to be heard of it. */
  leave(id: number): void {
    this.#open.delete(id)
  }

  tell(kind: Kind, id: number, ...fields: Field[]): void {
    this.#out.add(kind, id, ...fields)
    if (this.#busy) return
    this.#busy = true
    this.#later(() => this.flush())
  }

  /** Sends what waits to be. */
  flush(): void {
    this.#busy = false
    if (this.#out.length > 0) this.#send(this.#out.take())
  }

  /** @param batch from the gateway; perhaps of another realm */
  receive(batch: Uint8Array): void {
    const reader = new MessageReader(new Uint8Array(batch))
    for (let fields = reader.next(); fields !== null; fields = reader.next()) {
      this.#open.get(reader.id)?.message(reader.kind, fields)
    }
  }
}
