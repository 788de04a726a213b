/**
 * What the framing subjects (lines, netstrings, Int32 strings) share: the same chunks go through every side, and every
 * side's handler looks at each item in the same way. A side brings only the thing that takes chunks.
 */
import { crc32 } from 'node:zlib'
import { bundled } from './bundled.js'
import { cut } from './data.js'
import type { Check, Measured, Runner, Side } from './model.js'
import { Remote } from './remote.js'

export type Item = string | Uint8Array
export type Take<T extends Item> = (item: T) => void

/** Something that takes chunks and gives items. */
export interface Framer {
  receive(chunk: Buffer): void
  /** Gives back what it holds. */
  free?(): void
}

export interface FramingSide<T extends Item> {
  readonly name: string
  readonly role: Side['role']
  make(take: Take<T>): Framer
  /** Our own: the name under which `ours/framing` exports this, to take it from there bundled as users run it. */
  readonly exported?: string
}

/** One bundle for all subjects: what they share is one module, as in a program. */
let bundle: Promise<Record<string, unknown>> | undefined

const MASK = 0x3fffffff

/** Counts, reads a byte of each item and keeps the last, so that no side can leave one unmade. */
class Sink {
  count = 0
  sum = 0
  last: Item = ''

  readonly takeText = (item: string): void => {
    this.count++
    this.last = item
    this.sum = (this.sum + item.length * 31 + item.charCodeAt(20)) & MASK
  }

  readonly takeBytes = (item: Uint8Array): void => {
    this.count++
    this.last = item
    this.sum = (this.sum + item.length * 31 + item[20]) & MASK
  }
}

class Digest {
  #value = 0

  readonly take = (item: Item): void => {
    this.#value = crc32('\n', crc32(item as string, this.#value))
  }

  check(): string {
    return this.#value.toString(16).padStart(8, '0')
  }
}

/**
 * A side over the chunks of what `stream` makes, which holds `perStream` items and is fed n / perStream times a run.
 */
export function framingSide<T extends Item>(
  { name, role, make: emitted, exported }: FramingSide<T>, stream: () => Buffer, chunkSize: number, perStream: number, text: boolean,
): Side {
  const start = async (): Promise<Runner> => {
    const make = exported === undefined ? emitted
      : ((await (bundle ??= bundled('ours/framing')))[exported] as FramingSide<T>).make
    const chunks = cut(stream(), chunkSize)
    const feed = (framer: Framer, times: number): void => {
      for (let i = 0; i < times; i++) {
        for (let j = 0; j < chunks.length; j++) framer.receive(chunks[j])
      }
    }
    // One connection for all runs: compiled code refers to what it met, and is thrown away when that is collected.
    const sink = new Sink()
    const framer = make((text ? sink.takeText : sink.takeBytes) as Take<T>)
    return {
      run(n): Check {
        sink.count = sink.sum = 0
        feed(framer, n / perStream)
        return `${sink.count}:${sink.sum}`
      },
      verify(): Check {
        const digest = new Digest()
        const other = make(digest.take as Take<T>)
        feed(other, 1)
        other.free?.()
        return digest.check()
      },
      dispose: () => framer.free?.(),
    }
  }
  return { name, role, start }
}

/** The same chunks through a receiver of Twisted's, in its own process. */
export function twistedFraming(
  kind: string, name: string, stream: () => Buffer, chunk: number, perStream: number,
): Side {
  return {
    name, role: 'rival', maxRounds: 3, warmups: 0,
    async start(n) {
      const remote = Remote.python(name, 'rivals/python/worker.py', ['twisted'])
      await remote.ask({ do: 'make', kind, chunk, repeat: n / perStream, data: stream().toString('base64') })
      return { ...twistedRunner(remote), async verify() { return (await remote.ask({ do: 'verify' })).check as Check } }
    },
  }
}

/** Asks a Python worker for runs that it measures itself. */
export function twistedRunner(remote: Remote): Runner {
  return {
    async run(): Promise<Measured> {
      const reply = await remote.ask({ do: 'run' })
      return { check: reply.check as Check, totals: { wall: Number(reply.wall), cpu: Number(reply.cpu) } }
    },
    dispose: () => remote.stop(),
  }
}
