import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { Failure } from '../../../src/defer/index.js'
import { CancelledError, ConsumerStoppedError } from '../../../src/errors/index.js'
import { logPublisher } from '../../../src/logger/index.js'
import type { LogEvent } from '../../../src/logger/index.js'
import { FileSender } from '../../../src/protocols/index.js'
import type { FileSource } from '../../../src/protocols/index.js'
import { StringTransport } from '../../../src/testing/string-transport.js'
import { bytes } from './support.js'

function fileOf(content: string): { read(n: number): Uint8Array; at: number } {
  return {
    at: 0,
    read(n) {
      const piece = bytes(content.slice(this.at, this.at + n))
      this.at += piece.length
      return piece
    },
  }
}

/** A transfer, and what came of it. */
function send(file: FileSource, transform?: (data: Uint8Array) => Uint8Array) {
  const transport = new StringTransport()
  const sender = new FileSender()
  sender.chunkSize = 4
  const results: unknown[] = []
  const deferred = sender.beginFileTransfer(file, transport, transform)
  deferred.addBoth((result) => void results.push(result instanceof Failure ? result.value : result))
  return { transport, sender, results, deferred }
}

/** Enough turns for what promises bring about. */
async function settle(): Promise<void> {
  for (let n = 0; n < 5; n++) await turn()
}

async function* pieces(...list: string[]): AsyncGenerator<Uint8Array> {
  for (const piece of list) yield bytes(piece)
}

describe('FileSender', () => {
  it('B25 is a pull producer: nothing until resumed, one chunk per resume, fires with the last byte sent', () => {
    const { transport, sender, results } = send(fileOf('0123456789'))
    expect([transport.producer, transport.streaming, transport.text()]).toEqual([sender, false, ''])
    const seen: string[] = []
    for (let n = 0; n < 3; n++) {
      sender.resumeProducing()
      seen.push(transport.text())
    }
    expect(seen).toEqual(['0123', '01234567', '0123456789'])
    expect(results).toEqual([])
    sender.resumeProducing()
    expect([results, transport.producer]).toEqual([[0x39], null])
    sender.resumeProducing()
    expect([results, transport.text()]).toEqual([[0x39], '0123456789'])
  })

  it('B25 the last byte is the one after transform', () => {
    const { transport, sender, results } = send(fileOf('abc'), (data) => bytes(`<${Buffer.from(data)}>`))
    sender.resumeProducing()
    sender.resumeProducing()
    expect([transport.text(), results]).toEqual(['<abc>', [0x3e]])
  })

  it('B25 an empty file fires with undefined', () => {
    const { sender, results } = send(fileOf(''))
    sender.resumeProducing()
    expect(results).toEqual([undefined])
  })

  it('B25 stopProducing fails the transfer, once', () => {
    const { sender, results } = send(fileOf('abc'))
    sender.resumeProducing()
    sender.stopProducing()
    sender.stopProducing()
    sender.resumeProducing()
    expect(results).toEqual([expect.any(ConsumerStoppedError)])
  })

  it('sends what read promises, one piece per resume', async () => {
    const file = fileOf('012345')
    const { transport, sender, results } = send({ read: (n) => Promise.resolve(file.read(n)) })
    sender.resumeProducing()
    sender.resumeProducing()
    await settle()
    expect(transport.text()).toBe('0123')
    sender.resumeProducing()
    await settle()
    sender.resumeProducing()
    await settle()
    expect([transport.text(), results]).toEqual(['012345', [0x35]])
  })

  it('sends bytes, iterables and async iterables', async () => {
    for (const file of [bytes('012345'), [bytes('0123'), bytes('45')], pieces('0123', '45')]) {
      const { transport, sender, results } = send(file)
      for (let n = 0; n < 3; n++) {
        sender.resumeProducing()
        await settle()
      }
      expect([transport.text(), results]).toEqual(['012345', [0x35]])
    }
  })

  it('passes over empty pieces, after which no consumer would ask for more', async () => {
    const drop = (data: Uint8Array): Uint8Array => (data[0] === 0x2d ? data.subarray(1) : data)
    for (const file of [['', 'a', '-', '', 'b'].map(bytes), pieces('', 'a', '-', '', 'b')]) {
      const { transport, sender, results } = send(file, drop)
      sender.resumeProducing()
      await settle()
      expect(transport.text()).toBe('a')
      sender.resumeProducing()
      await settle()
      sender.resumeProducing()
      await settle()
      expect([transport.text(), results]).toEqual(['ab', [0x62]])
    }
  })

  it('fails with what read throws or rejects with, and leaves its consumer', async () => {
    const boom = new Error('disk')
    for (const read of [(): never => { throw boom }, () => Promise.reject(boom)]) {
      const { transport, sender, results } = send({ read })
      sender.resumeProducing()
      await settle()
      expect([results, transport.producer]).toEqual([[boom], null])
    }
  })

  it('fails with what transform or the consumer throws, also behind a promise, and closes its source', async () => {
    const boom = new Error('transform')
    const file = fileOf('ab')
    let closed = 0
    async function* closing(): AsyncGenerator<Uint8Array> {
      try {
        yield bytes('a')
      } finally {
        closed++
      }
    }
    for (const source of [file, { read: (n: number) => Promise.resolve(file.read(n)) }, closing()]) {
      file.at = 0
      const { transport, sender, results } = send(source, () => { throw boom })
      sender.resumeProducing()
      await settle()
      expect([results, transport.producer]).toEqual([[boom], null])
    }
    const { transport, sender, results } = send([bytes('a')])
    transport.write = () => { throw boom }
    sender.resumeProducing()
    expect([results, transport.producer, closed]).toEqual([[boom], null, 1])
  })

  it('fails when a piece is not bytes', () => {
    for (const piece of ['text', 5, undefined]) {
      const { sender, results } = send([piece] as unknown as Uint8Array[])
      sender.resumeProducing()
      expect(results).toEqual([expect.any(TypeError)])
    }
  })

  it('cancelling ends the transfer: CancelledError, no producer left, the source closed', () => {
    let closed = 0
    function* source(): Generator<Uint8Array> {
      try {
        yield bytes('a')
        yield bytes('b')
      } finally {
        closed++
      }
    }
    const { transport, sender, results, deferred } = send(source())
    sender.resumeProducing()
    deferred.cancel()
    sender.resumeProducing()
    expect(results).toEqual([expect.any(CancelledError)])
    expect([transport.producer, closed, transport.text()]).toEqual([null, 1, 'a'])
  })

  it('a piece that comes after the end of its transfer is not sent in the next one', async () => {
    let give: (data: Uint8Array) => void = () => {}
    const { transport, sender, results } = send({ read: () => new Promise<Uint8Array>((resolve) => (give = resolve)) })
    sender.resumeProducing()
    sender.stopProducing()
    transport.unregisterProducer()
    const next: unknown[] = []
    sender.beginFileTransfer(fileOf('next'), transport).addBoth((result) => void next.push(result))
    give(bytes('late'))
    await settle()
    sender.resumeProducing()
    sender.resumeProducing()
    expect([transport.text(), next]).toEqual(['next', [0x74]])
    expect(results).toEqual([expect.any(ConsumerStoppedError)])
  })

  it('sends one thing at a time, and is free again when the consumer refuses it', () => {
    const { sender, transport } = send(fileOf('abc'))
    expect(() => sender.beginFileTransfer(fileOf('x'), transport)).toThrow(TypeError)
    const other = new FileSender()
    expect(() => other.beginFileTransfer(fileOf('x'), transport)).toThrow('producer')
    const free = new StringTransport()
    other.beginFileTransfer(fileOf('x'), free)
    other.resumeProducing()
    expect(free.text()).toBe('x')
  })

  it('reports what the end of an abandoned source throws, and fails the transfer all the same', async () => {
    const events: LogEvent[] = []
    const observer = (event: LogEvent): void => void events.push(event)
    logPublisher.addObserver(observer)
    try {
      const boom = new Error('closing')
      function* broken(): Generator<Uint8Array> {
        try {
          yield bytes('a')
        } finally {
          throw boom
        }
      }
      async function* brokenLater(): AsyncGenerator<Uint8Array> {
        yield* broken()
      }
      for (const source of [broken(), brokenLater()]) {
        const { sender, results } = send(source)
        sender.resumeProducing()
        await settle()
        sender.stopProducing()
        await settle()
        expect(results).toEqual([expect.any(ConsumerStoppedError)])
      }
      expect(events.map((event) => event.failure?.value)).toEqual([boom, boom])
    } finally {
      logPublisher.removeObserver(observer)
    }
  })
})
