/** CompressedBody between a codec and a body that are the test's: order, room, the end, and what goes wrong. */
import { describe, expect, it } from 'vitest'
import { Deferred, succeed } from '../../../src/defer/index.js'
import type { Failure } from '../../../src/defer/index.js'
import type { Codec, CodecSink } from '../../../src/interfaces/index.js'
import { CompressedBody } from '../../../src/http/resources/compressed-body.js'

class TestCodec implements Codec {
  readonly sink: CodecSink
  readonly seen: string[] = []
  constructor(sink: CodecSink) {
    this.sink = sink
  }
  write(data: Uint8Array, flush?: 'none' | 'sync'): void {
    this.seen.push(`${new TextDecoder().decode(data)} ${flush}`)
  }
  end(): void {
    this.seen.push('end')
  }
  close(): void {
    this.seen.push('close')
  }
  pause(): void {
    this.seen.push('pause')
  }
  resume(): void {
    this.seen.push('resume')
  }
}

class TestBody {
  readonly seen: string[] = []
  bytesWritten = 0
  isEnded = false
  onEnd = null
  full: Deferred<void> | null = null
  write(chunk: Uint8Array | string): Deferred<void> {
    this.seen.push(typeof chunk === 'string' ? chunk : new TextDecoder().decode(chunk))
    return this.full ?? succeed() as Deferred<void>
  }
  end(): void {
    this.seen.push('end')
    this.isEnded = true
  }
  abort(): void {
    this.seen.push('abort')
    this.isEnded = true
  }
  pipe(): Deferred<void> {
    throw new Error('not used')
  }
}

function make(flushes = true): { body: CompressedBody, codec: TestCodec, under: TestBody } {
  const under = new TestBody()
  let codec!: TestCodec
  const body = new CompressedBody(under, (sink) => (codec = new TestCodec(sink)), flushes)
  return { body, codec, under }
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('CompressedBody', () => {
  it('writes one at a time, and flushes the last of those that wait', () => {
    const { body, codec, under } = make()
    const rooms = ['a', 'b', 'c'].map((text) => body.write(text))
    expect(codec.seen).toEqual(['a sync'])
    codec.sink.output(bytes('A'))
    codec.sink.taken()
    expect(codec.seen).toEqual(['a sync', 'b none'])
    expect(rooms.map(({ called }) => called)).toEqual([false, false, false])
    codec.sink.taken()
    codec.sink.taken()
    expect(rooms.map(({ called }) => called)).toEqual([true, true, true])
    expect(codec.seen).toEqual(['a sync', 'b none', 'c sync'])
    expect([under.seen, under.isEnded]).toEqual([['A'], false])
  })

  it('ends behind what waits, once', () => {
    const { body, codec, under } = make()
    let ended: boolean | null = null
    body.onEnd = (isBroken) => {
      ended = isBroken
    }
    void body.write('a')
    body.end('b')
    expect(() => body.end()).toThrow()
    expect(() => body.write('c')).toThrow()
    codec.sink.taken()
    codec.sink.taken()
    expect(codec.seen).toEqual(['a sync', 'b none', 'end'])
    expect([body.isEnded, ended]).toEqual([false, null])
    codec.sink.output(bytes('Z'))
    codec.sink.ended()
    expect([under.seen, body.isEnded, ended]).toEqual([['Z', 'end'], true, false])
    expect(codec.seen.at(-1)).toBe('close')
  })

  it('a full body pauses the codec, and the writer waits', () => {
    const { body, codec, under } = make(false)
    under.full = new Deferred()
    const room = body.write('a')
    expect(codec.seen).toEqual(['a none'])
    codec.sink.output(bytes('A'))
    codec.sink.taken()
    expect([room.called, codec.seen.at(-1)]).toEqual([false, 'pause'])
    under.full.callback(undefined as never)
    expect([room.called, codec.seen.at(-1)]).toEqual([true, 'resume'])
  })

  it('a body that is gone ends the codec, and tells who waits', () => {
    const { body, codec, under } = make()
    under.full = new Deferred()
    const room = body.write('a')
    let reason = ''
    room.addErrback((failure: Failure) => {
      reason = failure.value.message
    })
    codec.sink.output(bytes('A'))
    under.full.errback(new Error('gone'))
    expect([reason, codec.seen.at(-1)]).toEqual(['gone', 'close'])
    const after = body.write('b')
    expect(after.called).toBe(true)
    expect(codec.seen.filter((one) => one.startsWith('b'))).toEqual([])
  })

  it('a codec that fails cuts the body off', () => {
    const { body, codec, under } = make()
    let broken = false
    body.onEnd = (isBroken) => {
      broken = isBroken
    }
    const room = body.write('a')
    codec.sink.failed(new Error('broken'))
    expect([under.seen, broken, room.called, codec.seen.at(-1)]).toEqual([['abort'], true, true, 'close'])
    codec.sink.output(bytes('late'))
    codec.sink.ended()
    expect(under.seen).toEqual(['abort'])
  })

  it('takes text and bytes, and nothing else', () => {
    const { body, codec } = make()
    void body.write(bytes('\u20ac'))
    codec.sink.taken()
    void body.write('\u20ac')
    expect(codec.seen).toEqual(['\u20ac sync', '\u20ac sync'])
    expect(() => body.write(1 as never)).toThrow(TypeError)
  })
})
