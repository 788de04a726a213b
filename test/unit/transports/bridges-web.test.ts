/** A transport as Web Streams and in `for await`. */
import { describe, expect, it } from 'vitest'
import { bytes, connected, Recorder } from './fake-channel.js'
import type { Rig } from './fake-channel.js'

const text = (chunk: Uint8Array | undefined): string => new TextDecoder().decode(chunk)

class HalfCloseable extends Recorder {
  readConnectionLost(): void {
    this.events.push('read lost')
  }
  writeConnectionLost(): void {
    this.events.push('write lost')
  }
}

/** Lets promise jobs and the reactor's turns go on until both are quiet. */
async function quiet({ host }: Rig<never>): Promise<void> {
  for (let round = 0; round < 10; round++) {
    host.settle()
    await new Promise((resolve) => setImmediate(resolve))
  }
}

const settled = (rig: unknown): Promise<void> => quiet(rig as Rig<never>)

describe('readable', () => {
  it('diverts the bytes; the protocol still hears of the end', async () => {
    const rig = connected()
    const sink = rig.channel.sink!
    sink.received(bytes('a'))
    const reader = rig.transport.readable.getReader()
    sink.received(bytes('b'))
    expect(text((await reader.read()).value)).toBe('b')
    sink.closed(null)
    expect(await reader.read()).toEqual({ done: true, value: undefined })
    expect(rig.protocol.events).toEqual(['data a', 'lost ConnectionDone'])
    expect(rig.transport.readable).toBe(rig.transport.readable)
  })

  it('a reader that is slow pauses the channel, and goes on when it has read', async () => {
    const rig = connected()
    const { readable } = rig.transport
    await settled(rig)
    rig.channel.take()
    rig.channel.sink!.received(new Uint8Array(40_000))
    expect(rig.channel.take()).toEqual([])
    rig.channel.sink!.received(new Uint8Array(40_000))
    expect(rig.channel.take()).toEqual(['pause'])
    await settled(rig)
    expect(rig.channel.take()).toEqual([])
    const reader = readable.getReader()
    await reader.read()
    await settled(rig)
    expect(rig.channel.take()).toEqual(['resume'])
  })

  it('an end that is not clean errors it', async () => {
    const rig = connected()
    const reader = rig.transport.readable.getReader()
    rig.channel.sink!.closed(Object.assign(new Error('reset'), { code: 'ECONNRESET' }))
    await expect(reader.read()).rejects.toMatchObject({ name: 'ConnectionLost' })
    expect(rig.protocol.events).toEqual(['lost ConnectionLost'])
  })

  it('the peer closes its side: what is there can be read; the connection follows, unless its protocol lives on', async () => {
    const rig = connected()
    const { readable } = rig.transport
    rig.channel.sink!.received(bytes('last'))
    rig.channel.sink!.receivedEnd()
    rig.host.settle()
    expect(rig.channel.take()).toContain('close')
    const reader = readable.getReader()
    expect(text((await reader.read()).value)).toBe('last')
    expect((await reader.read()).done).toBe(true)
    const half = connected(new HalfCloseable())
    void half.transport.readable
    half.channel.sink!.receivedEnd()
    half.host.settle()
    expect(half.protocol.events).toEqual(['read lost'])
    expect(half.channel.take()).not.toContain('close')
  })

  it('cancel: in order without a reason, with one the connection is aborted', async () => {
    const plain = connected()
    await plain.transport.readable.cancel()
    await settled(plain)
    expect(plain.channel.take()).toContain('close')
    const reasoned = connected()
    await reasoned.transport.readable.cancel(new Error('enough'))
    await settled(reasoned)
    expect(reasoned.channel.take()).toContain('reset')
    expect(reasoned.protocol.reasons[0].value.cause).toMatchObject({ message: 'enough' })
    reasoned.channel.sink!.received(bytes('late'))
  })

  it('bytes can be taken once, and what takes them stays', () => {
    const { transport } = connected()
    void transport.readable
    expect(() => transport[Symbol.asyncIterator]()).toThrow('taken already')
    expect(() => transport.switchProtocol(new Recorder())).toThrow('taken')
    expect(transport.protocol).toBeInstanceOf(Recorder)
  })

  it('asked for after the end it has ended the same way', async () => {
    const done = connected()
    done.channel.sink!.closed(null)
    expect((await done.transport.readable.getReader().read()).done).toBe(true)
    const broken = connected()
    broken.channel.sink!.closed(new Error('broken'))
    await expect(broken.transport.readable.getReader().read()).rejects.toThrow('broken')
  })

  it('takes over a protocol that had paused: what was held back comes first', async () => {
    const rig = connected()
    rig.transport.pauseProducing()
    rig.channel.sink!.received(bytes('held'))
    const reader = rig.transport.readable.getReader()
    const first = reader.read()
    await settled(rig)
    expect(text((await first).value)).toBe('held')
    expect(rig.protocol.events).toEqual([])
  })
})

describe('writable', () => {
  it('a write is done when the host has taken it; closing closes the sending side', async () => {
    const rig = connected(new HalfCloseable())
    const { channel } = rig
    const writer = rig.transport.writable.getWriter()
    channel.takes = false
    let written = false
    const first = writer.write(bytes('one')).then(() => (written = true))
    await settled(rig)
    expect(channel.take()).toEqual(['send one'])
    expect(written).toBe(false)
    channel.sink!.sent()
    await settled(rig)
    await first
    channel.takes = true
    const closed = writer.close()
    await settled(rig)
    expect(channel.take()).toEqual(['finish'])
    channel.sink!.finished()
    await closed
    expect(rig.protocol.events).toEqual(['write lost'])
    expect(rig.transport.disconnecting).toBe(false)
  })

  it('holds back whoever pipes into it', async () => {
    const rig = connected()
    rig.channel.takes = false
    let pulled = 0
    const source = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        pulled += 1
        controller.enqueue(new Uint8Array(1000))
      },
    }, { highWaterMark: 0 })
    const piped = source.pipeTo(rig.transport.writable).catch((error: unknown) => error)
    await settled(rig)
    expect(pulled).toBe(1)
    rig.channel.sink!.sent()
    await settled(rig)
    expect(pulled).toBe(2)
    rig.transport.abortConnection()
    await settled(rig)
    expect(await piped).toMatchObject({ name: 'ConnectionAborted' })
  })

  it('abort aborts the connection, with the reason as the cause', async () => {
    const rig = connected()
    await rig.transport.writable.abort(new Error('no more'))
    await settled(rig)
    expect(rig.channel.take()).toContain('reset')
    expect(rig.protocol.reasons[0].value.cause).toMatchObject({ message: 'no more' })
  })

  it('the end of the connection errors it, also a write under way, but not after it was closed', async () => {
    const rig = connected()
    rig.channel.takes = false
    const writer = rig.transport.writable.getWriter()
    const write = writer.write(bytes('x')).catch((error: unknown) => error)
    await settled(rig)
    rig.channel.sink!.closed(new Error('reset'))
    expect(await write).toMatchObject({ name: 'ConnectionLost' })
    await expect(writer.closed).rejects.toMatchObject({ name: 'ConnectionLost' })
    const clean = connected()
    const closing = clean.transport.writable.close()
    await settled(clean)
    clean.channel.sink!.finished()
    await closing
    clean.channel.sink!.closed(null)
    expect(clean.protocol.events).toEqual(['lost ConnectionDone'])
  })

  it('takes bytes, and nothing after loseConnection', async () => {
    const rig = connected()
    await expect(rig.transport.writable.getWriter().write('text' as never)).rejects.toThrow(TypeError)
    const other = connected()
    const writer = other.transport.writable.getWriter()
    other.transport.loseConnection()
    await expect(writer.write(bytes('x'))).rejects.toMatchObject({ name: 'ConnectionAborted' })
  })
})

describe('for await', () => {
  it('gives every piece, in order, and ends with the connection', async () => {
    const rig = connected()
    const got: string[] = []
    const loop = (async () => {
      for await (const piece of rig.transport) got.push(text(piece))
    })()
    for (const piece of ['a', 'b', 'c']) rig.channel.sink!.received(bytes(piece))
    rig.channel.sink!.closed(null)
    await loop
    expect(got).toEqual(['a', 'b', 'c'])
  })

  it('throws what the connection ended with, after what came before', async () => {
    const rig = connected()
    const pieces = rig.transport[Symbol.asyncIterator]()
    rig.channel.sink!.received(bytes('a'))
    rig.channel.sink!.closed(new Error('reset'))
    expect(text((await pieces.next()).value)).toBe('a')
    await expect(pieces.next()).rejects.toMatchObject({ name: 'ConnectionLost' })
    expect((await pieces.next()).done).toBe(true)
  })

  it('a loop that does not come round pauses the channel', async () => {
    const rig = connected()
    const pieces = rig.transport[Symbol.asyncIterator]()
    rig.channel.take()
    rig.channel.sink!.received(new Uint8Array(70_000))
    expect(rig.channel.take()).toEqual(['pause'])
    await pieces.next()
    await settled(rig)
    expect(rig.channel.take()).toEqual(['resume'])
  })

  it('leaving the loop closes the connection in order', async () => {
    const rig = connected()
    const loop = (async () => {
      for await (const piece of rig.transport) {
        rig.transport.write(piece)
        break
      }
    })()
    rig.channel.sink!.received(bytes('a'))
    await loop
    await settled(rig)
    expect(rig.channel.take()).toEqual(['send a', 'close'])
  })
})
