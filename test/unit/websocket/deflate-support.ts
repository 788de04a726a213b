/** permessage-deflate on the raw peer's side, apart from the code under test; and waiting for a codec of the host. */
import { constants, deflateRawSync, inflateRawSync } from 'node:zlib'
import { NodeCompression } from '../../../bindings/node-api/compression.js'
import { MemoryReactor } from '../../../src/testing/index.js'
import type { Pump } from '../../../src/testing/index.js'
import { join } from './support.js'

const TAIL = Uint8Array.of(0, 0, 0xff, 0xff)

/** One direction; with takeover what came before is a dictionary, which is what a window is. */
export class PeerDeflate {
  readonly #keeps: boolean
  readonly #windowBits: number
  #before: Uint8Array = new Uint8Array(0)

  constructor(keeps: boolean, windowBits = 15) {
    this.#keeps = keeps
    this.#windowBits = windowBits
  }

  compress(data: Uint8Array): Uint8Array {
    const whole = deflateRawSync(data, this.#options())
    this.#remember(data)
    return whole.subarray(0, whole.length - 4)
  }

  decompress(data: Uint8Array): Uint8Array {
    const plain = inflateRawSync(join([data, TAIL]), this.#options())
    this.#remember(plain)
    return plain
  }

  #options() {
    const dictionary = this.#before.length > 0 ? { dictionary: this.#before } : {}
    return { finishFlush: constants.Z_SYNC_FLUSH, windowBits: this.#windowBits, ...dictionary }
  }

  #remember(data: Uint8Array): void {
    if (this.#keeps) this.#before = join([this.#before, data]).slice(-(1 << this.#windowBits))
  }
}

/** A reactor whose compression is this host's. */
export function compressing(): MemoryReactor {
  const reactor = new MemoryReactor()
  reactor.codecs = new NodeCompression()
  return reactor
}

/** Moves bytes until something is so; codecs work in threads of the host. The test's own time limit ends it. */
export async function until(pump: Pump, isSo: () => boolean): Promise<void> {
  pump.flush()
  while (!isSo()) {
    await new Promise((resolve) => setImmediate(resolve))
    pump.flush()
  }
}
