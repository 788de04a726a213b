/**
 * Cases of the subject websocket: masks. First the mask by itself, taken off in place; then whole messages, from the
 * bytes that a socket brings (64 KiB at a time, at most) to bytes that a handler keeps.
 */
import { nodeCore } from '../../bindings/node/index.js'
import { encodeFrame, maskBytes } from '../../src/core/index.js'
import { cut, randomIntegers } from '../data.js'
import type { Case, Runner, Side, Target } from '../model.js'
import { loadBufferutil, loadWs } from '../rivals/ws.js'

const KEY = Buffer.from([0x37, 0xfa, 0x21, 0x3d])
const READ = 65_536
/** Where a payload lies in what a socket has read: behind a header of 14 bytes. */
const HEADER = 14
const MASK_BYTES = 'maskBytes'
const PARSER = 'core.websocketParser'
const BUFFERUTIL = 'bufferutil'
const PLAIN = 'JavaScript loop (ws without bufferutil)'
const WS = 'ws Receiver, bufferutil'
const WS_PLAIN = 'ws Receiver, without'

function payloadOf(size: number): Buffer {
  const random = randomIntegers(5)
  return Buffer.from(Array.from({ length: size }, () => random(256)))
}

/** Masks the same bytes again and again: an even number of times, so that they end as they began. */
function maskSide(name: string, role: Side['role'], size: number, load: () => (bytes: Buffer) => void): Side {
  return {
    name, role,
    start(): Runner {
      const mask = load()
      const bytes = Buffer.allocUnsafeSlow(HEADER + size).subarray(HEADER)
      payloadOf(size).copy(bytes)
      const digest = (): number => bytes.reduce((sum, byte) => (sum * 31 + byte) | 0, 0)
      return {
        run(n) {
          for (let i = 0; i < n; i++) mask(bytes)
          return digest()
        },
        verify() {
          mask(bytes)
          const once = digest()
          mask(bytes)
          return once
        },
      }
    },
  }
}

function maskCase(name: string, size: number, n: number, quickN: number, plainTarget: number | null): Case {
  const target = (rival: string, value: number): Target =>
    ({ ours: MASK_BYTES, rival, kind: 'at-least', value, metric: 'wall' })
  return {
    name, operation: 'payload', n, quickN, metrics: ['wall'], budget: 6000,
    sides: [
      maskSide(MASK_BYTES, 'ours', size, () => {
        const core = nodeCore()
        return (bytes) => maskBytes(core, bytes, KEY)
      }),
      maskSide(BUFFERUTIL, 'rival', size, () => {
        const { unmask } = loadBufferutil()
        return (bytes) => unmask(bytes, KEY)
      }),
      maskSide(PLAIN, 'rival', size, () => {
        const { unmask } = loadWs(false)
        return (bytes) => unmask(bytes, KEY)
      }),
    ],
    targets: [target(BUFFERUTIL, 1), ...(plainTarget === null ? [] : [target(PLAIN, plainTarget)])],
  }
}

type Receive = (chunk: Buffer) => void

function messageSide(
  name: string, role: Side['role'], size: number, make: (take: (data: Uint8Array) => void) => Receive,
): Side {
  return {
    name, role,
    start(): Runner {
      const frame = Buffer.concat(encodeFrame(nodeCore(), 2, payloadOf(size), { mask: KEY }))
      // A few messages behind one another, cut as reads are; each chunk an array of its own.
      const chunks = size < READ ? cut(frame, frame.length) : cut(Buffer.concat([frame, frame, frame, frame]), READ)
      const perRound = size < READ ? 1 : 4
      let count = 0
      let sum = 0
      const receive = make((data) => {
        count++
        sum = (sum + data.length) | 0
      })
      return {
        // What is unmasked where it lies is masked again by being read again.
        run(n) {
          count = sum = 0
          for (let i = 0; i < n; i += perRound) for (const chunk of chunks) receive(chunk)
          return `${count}:${sum}`
        },
        verify() {
          let digest = 0
          const other = make((data) => { digest = data.reduce((all, byte) => (all * 31 + byte) | 0, digest) })
          for (const chunk of cut(frame, READ)) other(chunk)
          return digest
        },
      }
    },
  }
}

function parser(take: (data: Uint8Array) => void): Receive {
  const one = nodeCore().websocketParser({ role: 'server', handler: { binary: take } })
  return (chunk) => one.receive(chunk)
}

function receiver(native: boolean): (take: (data: Uint8Array) => void) => Receive {
  const { Receiver } = loadWs(native)
  return (take) => {
    const one = new Receiver({ isServer: true, allowSynchronousEvents: true, maxPayload: 1 << 20 })
    one.on('message', take)
    one.on('error', (error) => { throw error })
    return (chunk) => void one.write(chunk)
  }
}

function messageCase(name: string, size: number, n: number, quickN: number): Case {
  const target = (rival: string): Target => ({ ours: PARSER, rival, kind: 'at-least', value: 1, metric: 'wall' })
  return {
    name, operation: 'message', n, quickN, metrics: ['wall'], budget: 6000,
    sides: [
      messageSide(PARSER, 'ours', size, parser),
      messageSide(WS, 'rival', size, (take) => receiver(true)(take)),
      messageSide(WS_PLAIN, 'rival', size, (take) => receiver(false)(take)),
    ],
    targets: [target(WS), target(WS_PLAIN)],
  }
}

export const unmaskCases: readonly Case[] = [
  maskCase('unmask 64 KiB in place', 65_536, 4000, 800, 20),
  maskCase('unmask 64 B in place', 64, 1_000_000, 100_000, null),
  messageCase('masked messages of 64 KiB, in reads of 64 KiB', 65_536, 4000, 800),
  messageCase('masked messages of 64 B, one a chunk', 64, 200_000, 40_000),
]
