/** The file format by itself: values go through it, and damaged files are told from whole ones. */
import { describe, expect, it } from 'vitest'
import { ConnectionLost, NotSupportedError, RecordingError, TimeoutError } from '../../../src/errors/index.js'
import type { HostPort, ReactorParts } from '../../../src/interfaces/index.js'
import { defaultCore } from '../../../src/core/index.js'
import { Reactor } from '../../../src/reactor/index.js'
import { recordParts, Recording, Replay } from '../../../src/testing/index.js'
import { BlockWriter } from '../../../src/testing/record/block-writer.js'
import { ByteReader } from '../../../src/testing/record/byte-reader.js'
import { HASH_START, hashOf, MAGIC, VERSION } from '../../../src/testing/record/format.js'
import { FIRST_SUM, readFrames, sealFrame } from '../../../src/testing/record/frames.js'
import { joined } from '../../../src/testing/record/recording.js'
import { readValue, writeValue } from '../../../src/testing/record/values.js'

function through(value: unknown, blockSize = 1024): unknown {
  const blocks: Uint8Array[] = []
  const out = new BlockWriter(blockSize, (block) => {
    blocks.push(block)
    return false
  })
  writeValue(out, value)
  out.flush()
  const from = new ByteReader(joined(blocks))
  const read = readValue(from)
  expect(from.isAtEnd).toBe(true)
  return read
}

/** A host by hand: its clock is a number, and what it is to call waits in lists. */
class HandHost implements HostPort {
  readonly name = 'hand'
  time = 1_000.5
  readonly timers = new Set<{ at: number, fn: () => void }>()
  queue: (() => void)[] = []
  now = (): number => this.time
  wallClock = (): number => 946_684_800_000 + Math.floor(this.time)
  setTimer = (delay: number, fn: () => void): unknown => {
    const timer = { at: this.time + delay, fn }
    this.timers.add(timer)
    return timer
  }
  clearTimer = (timer: unknown): void => void this.timers.delete(timer as never)
  soon = (fn: () => void): void => void this.queue.push(fn)
  afterJobs = (fn: () => void): void => void this.queue.push(fn)
  keepAlive = (): void => undefined
  installSignals = () => (): void => undefined
  encode = (text: string): Uint8Array => new TextEncoder().encode(text)
  allocate = (length: number): Uint8Array => new Uint8Array(length)
  entropy = (bytes: Uint8Array): void => void bytes.fill(7)

  /** Moves on, and calls what is due. */
  async advance(ms: number): Promise<void> {
    this.time += ms
    for (const timer of [...this.timers]) {
      if (timer.at > this.time) continue
      this.timers.delete(timer)
      timer.fn()
      await undefined
    }
    for (const fn of this.queue.splice(0)) fn()
  }
}

const program = (reactor: Reactor, say: (text: string) => void): void => {
  reactor.callLater(10, async () => {
    say(`ten at ${reactor.now()}`)
    await undefined
    say(`date ${reactor.wallClock()}, bytes ${String(reactor.entropy(3))}`)
    reactor.callLater(0, () => say('at once'))
  })
  reactor.callLater(1_000_000, () => say('never'))
}

/** @param last ms that the host is silent for in the end */
async function recorded(last = 100): Promise<{ file: Uint8Array, blocks: Uint8Array[], said: string[] }> {
  const blocks: Uint8Array[] = []
  const host = new HandHost()
  const base: ReactorParts = { core: defaultCore, host }
  const { parts, recorder } = recordParts(base, { sink: (block) => void blocks.push(block) })
  const said: string[] = []
  program(new Reactor(parts), (text) => said.push(text))
  for (const step of [5, 5.25, 0.0004, 0.5, last]) {
    await host.advance(step)
    recorder.flush()
  }
  recorder.stop()
  expect(host.timers.size).toBe(1)
  expect(recorder.length).toBe(joined(blocks).length)
  return { file: joined(blocks), blocks, said }
}

/** Its lines up to an error, and that error. */
function read(file: Uint8Array): { lines: string[], error: unknown } {
  const lines: string[] = []
  try {
    for (const line of new Recording(file).lines()) lines.push(line)
  } catch (error) {
    return { lines, error }
  }
  return { lines, error: null }
}

/** Replays the program from it. */
async function relive(file: Uint8Array): Promise<{ said: string[], report: unknown, error: unknown }> {
  const said: string[] = []
  try {
    const replay = new Replay(file)
    program(replay.reactor, (text) => said.push(text))
    return { said, report: await replay.run(), error: null }
  } catch (error) {
    return { said, report: null, error }
  }
}

describe('values in a recording', () => {
  it('come back as they were', () => {
    const values = [
      undefined, null, true, false, 0, 1, -1, 127, 128, 2 ** 31, 2 ** 53 - 1, -(2 ** 40), 0.1, -0, NaN, Infinity, '',
      'text é 💡', new Uint8Array([1, 2, 255]), [], [1, [2, 'three']], { a: 1, b: { c: [null] } }, 'x'.repeat(5_000),
    ]
    for (const value of values) for (const size of [16, 1024]) expect(through(value, size)).toEqual(value)
    expect(Object.is(through(-0), -0)).toBe(true)
  })

  it('are errors of the classes they were, with what they know', () => {
    const cause = Object.assign(new Error('reset'), { code: 'ECONNRESET', errno: -104 })
    const error = new ConnectionLost('gone', { cause })
    const read = through(error) as ConnectionLost
    expect(read).toBeInstanceOf(ConnectionLost)
    expect(read).toMatchObject({ name: 'ConnectionLost', message: 'gone', fault: 'remote' })
    expect(read.code).toBe('ERR_CONNECTION_LOST')
    expect(read.cause).toMatchObject({ message: 'reset', code: 'ECONNRESET', errno: -104 })
    expect(through(new TimeoutError())).toBeInstanceOf(TimeoutError)
    expect((through(new RangeError('far')) as Error).name).toBe('RangeError')
    expect('cause' in (through(new Error('alone')) as Error)).toBe(false)
  })

  it('that lead to themselves, or are of no kind that can be kept, do no harm', () => {
    const circle: Record<string, unknown> = { name: 'circle', fn: () => undefined }
    circle.self = circle
    expect(through(circle)).toMatchObject({ name: 'circle', self: { name: 'circle' } })
    expect(through(Symbol('s'))).toBe('Symbol(s)')
    expect(Object.getPrototypeOf(through(JSON.parse('{"__proto__": {"a": 1}}')))).toBe(Object.prototype)
  })
})

describe('the hash of output', () => {
  it('depends on every byte, and not on where in memory they are', () => {
    for (const length of [0, 1, 63, 64, 65, 79, 80, 200]) {
      const bytes = Uint8Array.from({ length }, (_, i) => i * 31)
      const seen = new Set([hashOf(bytes, HASH_START)])
      const moved = new Uint8Array(length + 3)
      moved.set(bytes, 3)
      expect(seen.has(hashOf(moved.subarray(3), HASH_START))).toBe(true)
      for (let at = 0; at < length; at++) {
        const other = Uint8Array.from(bytes)
        other[at] ^= 1
        seen.add(hashOf(other, HASH_START))
      }
      expect(seen.size).toBe(length + 1)
    }
  })
})

describe('a recording of any host', () => {
  it('is replayed without that host', async () => {
    const { file, said } = await recorded()
    expect(said).toEqual(['ten at 1011.25', 'date 946684801011, bytes 7,7,7', 'at once'])
    const again: string[] = []
    const replay = new Replay(file)
    program(replay.reactor, (text) => again.push(text))
    const report = await replay.run()
    expect(again).toEqual(said)
    expect(report).toMatchObject({ divergences: [], exitStatus: null, isWhole: true })
    expect(report.time).toBeCloseTo(1111.25, 3)
    expect(await replay.run()).toEqual(report)
    expect(() => replay.reactor.listenTCP(1, null as never)).toThrow(TypeError)
  })

  it('that is cut between two blocks, as by a kill, is replayed as one that is not whole', async () => {
    const { file, blocks, said } = await recorded()
    expect(blocks.length).toBeGreaterThan(3)
    expect([...new Recording(file).lines()].at(-1)).toMatch(/the end of the recording$/)
    for (let count = 1; count < blocks.length; count++) {
      const again = await relive(joined(blocks.slice(0, count)))
      expect(again).toMatchObject({ error: null, report: { divergences: [], isWhole: false } })
      // The last may have been said beyond the end of it.
      expect(again.said.slice(0, -1)).toEqual(said.slice(0, Math.max(0, again.said.length - 1)))
    }
  })

  it('that is cut anywhere else is an error that says where, after all that is whole', async () => {
    const { file, blocks, said } = await recorded()
    const { lines } = read(file)
    const ends = blocks.map((_, at) => joined(blocks.slice(0, at + 1)).length)
    for (let length = 0; length < file.length; length++) {
      if (ends.includes(length)) continue
      const cut = read(file.subarray(0, length))
      expect(cut.error).toMatchObject({ name: 'RecordingError', code: 'ERR_TESTING_RECORDING', position: length })
      expect(cut.lines).toEqual(lines.slice(0, cut.lines.length))
      if (length > ends[2]!) expect(cut.lines.length).toBeGreaterThan(2)
      if (length > 5) expect(String(cut.error)).toMatch(new RegExp(`cut short.* byte ${length}`))
      const again = await relive(file.subarray(0, length))
      expect(again.error).toMatchObject({ name: 'RecordingError', position: length })
      expect(said.slice(0, again.said.length)).toEqual(again.said)
    }
  })

  it('of which a byte was altered is an error that says where, and never another recording', async () => {
    const { file, blocks } = await recorded()
    const { lines } = read(file)
    const ends = blocks.map((_, at) => joined(blocks.slice(0, at + 1)).length)
    for (let at = 0; at < file.length; at++) {
      for (const change of [1, 0x80, 0xff]) {
        const damaged = Uint8Array.from(file)
        damaged[at]! ^= change
        const { lines: seen, error } = read(damaged)
        expect(error).toBeInstanceOf(RecordingError)
        expect(seen).toEqual(lines.slice(0, seen.length))
        const { position, message } = error as RecordingError
        if (at < 5) expect(position).toBe(at)
        // The block that it is in; or the end of the file, where the length of a block would lead beyond it.
        else if (/altered between/.test(message)) expect(position).toBe([5, ...ends].findLast((end) => end <= at))
        else expect(position).toBe(file.length)
        expect((await relive(damaged)).error).toBeInstanceOf(RecordingError)
      }
    }
  })

  it('of which blocks were left out, doubled, exchanged or added is an error that says where', async () => {
    const { file, blocks } = await recorded()
    const [first, second, third, ...rest] = blocks as [Uint8Array, Uint8Array, Uint8Array, ...Uint8Array[]]
    const at = first.length
    for (const others of [[third, ...rest], [second, second, third, ...rest], [third, second, ...rest]]) {
      const { error } = read(joined([first, ...others]))
      expect(error).toMatchObject({ position: others[0] === second ? at + second.length : at })
    }
    expect(read(joined([file, second])).error).toMatchObject({ position: file.length })
    expect((await relive(joined([file, second]))).error).toMatchObject({ position: file.length })
  })

  it('has a date for a program that did not look at it', async () => {
    const { file } = await recorded()
    const replay = new Replay(file, { goOn: true })
    let date = 0
    replay.reactor.callLater(10, () => (date = replay.reactor.wallClock()))
    await replay.run()
    expect(date).toBeGreaterThanOrEqual(946_684_801_000)
    expect(date).toBeLessThan(946_684_802_200)
  })

  it('tells a program that does more in the end than was recorded, if there was a pause', async () => {
    const late = (reactor: Reactor, say: (text: string) => void): void => {
      program(reactor, (text) => {
        say(text)
        if (text === 'at once') reactor.callLater(5, () => say('more'))
      })
    }
    const { file } = await recorded(2_000)
    const replay = new Replay(file)
    late(replay.reactor, () => undefined)
    await expect(replay.run()).rejects.toThrow(
      /expected nothing before a pause, got a wish|expected nothing before a pause, got a timer of 5\.000 ms/)
    const tolerant = new Replay(file, { goOn: true })
    const said: string[] = []
    late(tolerant.reactor, (text) => said.push(text))
    const { divergences, isWhole, events } = await tolerant.run()
    expect(divergences.length).toBeGreaterThan(0)
    expect(said).toContain('more')
    expect(isWhole).toBe(true)
    // A pause is nothing that a host tells.
    const same = new Replay(file)
    program(same.reactor, () => undefined)
    expect(await same.run()).toMatchObject({ events, divergences: [] })
    expect([...same.recording.lines()].filter((line) => line.endsWith('a pause'))).toHaveLength(1)
  })

  it('that is sealed but makes no sense is a RecordingError, and never anything else', () => {
    const sealed = (bytes: readonly number[]): Uint8Array => {
      const block = new Uint8Array(8 + bytes.length)
      block.set(bytes, 8)
      sealFrame(block, 0, block.length, FIRST_SUM)
      return joined([Uint8Array.from([...MAGIC, VERSION]), block])
    }
    expect(() => new Replay(sealed([0, 1, 1]))).toThrow(/damaged: it does not say what kind of host/)
    expect(() => new Recording(Uint8Array.from([...MAGIC, 1, 0, 1, 1]))).toThrow(/is of version 1, this reads 2/)
    const deep = new Uint8Array(100_000).map((_, i) => i % 2 === 0 ? 9 : 1)
    expect(() => readValue(new ByteReader(deep))).toThrow(RecordingError)
  })

  it('of which the records are damaged, though the checksum is right, ends a run with that', async () => {
    const { file } = await recorded()
    const { bytes } = readFrames(file, MAGIC.length + 1)
    let damages = 0
    for (let at = 0; at < bytes.length; at++) {
      const block = new Uint8Array(8 + bytes.length)
      block.set(bytes, 8)
      block[8 + at]! ^= 0xff
      sealFrame(block, 0, block.length, FIRST_SUM)
      const damaged = joined([Uint8Array.from([...MAGIC, VERSION]), block])
      const { error } = read(damaged)
      if (error === null) continue
      expect(error).toBeInstanceOf(RecordingError)
      damages += 1
      const reason = await Promise.resolve().then(() => {
        const replay = new Replay(damaged, { goOn: true })
        program(replay.reactor, () => undefined)
        return replay.run()
      }).catch((error: unknown) => error)
      // A host that has no clock is not known to be one.
      if (!(reason instanceof NotSupportedError)) expect(reason).toBeInstanceOf(RecordingError)
    }
    expect(damages).toBeGreaterThan(20)
  })
})
