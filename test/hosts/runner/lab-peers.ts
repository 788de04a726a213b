/**
 * The behaviours of far ends (PEERS of test/contract/contract.ts) on sockets of node:net and node:tls.
 *
 * Must not know: whorl, ports. A peer is handed a fresh socket that may be half open, and owns it.
 */
import type { Socket } from 'node:net'
import type { PeerName } from '../../contract/contract.js'

const SOURCE_LENGTH = 1_048_576
const DEAF_MS = 1000

/** What a peer gets: what the bytes go through, and the TCP socket that a reset is made of. */
export interface Far {
  readonly stream: Socket
  readonly tcp: Socket
}

/** Counts until the end, and says how many. */
function count({ stream }: Far): void {
  let bytes = 0
  stream.on('data', (chunk: Buffer) => void (bytes += chunk.length))
  stream.on('end', () => stream.end(String(bytes)))
}

export const peers: Readonly<Record<PeerName, (far: Far) => void>> = {
  echo: ({ stream }) => void stream.pipe(stream),
  discard: count,
  source: ({ stream }) => {
    stream.end(Uint8Array.from({ length: SOURCE_LENGTH }, (_, i) => i % 251))
    stream.resume()
  },
  deaf: (far) => void setTimeout(() => count(far), DEAF_MS),
  greet: ({ stream }) => {
    stream.write('hello\r\n')
    stream.pipe(stream)
  },
  half: ({ stream }) => {
    stream.end()
    stream.resume()
  },
  close: ({ stream }) => stream.destroySoon(),
  reset: ({ stream, tcp }) => void stream.once('data', () => tcp.resetAndDestroy()),
  trickle: ({ stream }) => {
    stream.setNoDelay(true)
    stream.resume()
    let next = 0
    const send = (): void => {
      if (next === 256) stream.end()
      else if (!stream.destroyed) stream.write(Uint8Array.of(next++), () => setImmediate(send))
    }
    send()
  },
}
