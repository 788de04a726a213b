/** Connections as streams, as the guide to connections shows them. */
import { createGzip } from 'node:zlib'
import { pipeline } from 'node:stream/promises'
import { connections, Protocol, toDuplex } from 'whorl'
import type { HasConnections } from 'whorl'

/** Reads its connection in a loop: the next piece is asked for when the last one is dealt with. */
export class Counting extends Protocol {
  override connectionMade(): void {
    this.count().catch(() => this.transport.abortConnection())
  }

  async count(): Promise<void> {
    let lines = 0
    for await (const piece of this.transport) {
      for (const byte of piece) if (byte === 0x0a) lines += 1
      this.transport.write(`${lines}\n`)
    }
  }
}

/** Hands its connection to code that knows Node's streams only. */
export class Compressing extends Protocol {
  override connectionMade(): void {
    const stream = toDuplex(this.transport, { allowHalfOpen: true })
    pipeline(stream, createGzip(), stream).catch(() => stream.destroy())
  }

  /** The client ends first, and then reads the rest. */
  readConnectionLost(): void {}
  writeConnectionLost(): void {}
}

/** Who is connected, and what each connection waits for. */
export function list(reactor: HasConnections): string[] {
  return Array.from(connections(reactor), ({ id, state, bytesIn, bytesOut, buffered, waitingFor }) =>
    `${id} ${state}: ${bytesIn} in, ${bytesOut} out, ${buffered} kept, waits for ${waitingFor}`)
}
