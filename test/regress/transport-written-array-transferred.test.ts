/**
 * An array that was written, and whose buffer was transferred to a worker (or resized) before the turn ended, made
 * `flush` throw: out of the host's callback, with the reactor in the middle of a turn for ever and every connection mute.
 */
import { describe, expect, it } from 'vitest'
import { connected, bytes, Recorder } from '../unit/transports/fake-channel.js'
import type { Rig } from '../unit/transports/fake-channel.js'
import { logged } from '../unit/reactor/log.js'

const SIZES = [10, 100_000]

function transfer(array: Uint8Array): void {
  structuredClone(array.buffer, { transfer: [array.buffer as ArrayBuffer] })
  expect(array.length).toBe(0)
}

/** Writes `arrays` in one turn, of which the first is transferred before it ends. */
async function writeInOneTurn({ host, reactor, transport }: Rig, arrays: Uint8Array[]): Promise<string[]> {
  const events = await logged(() => {
    reactor.enter()
    for (const array of arrays) transport.write(array)
    transfer(arrays[0])
    reactor.exit()
    host.settle()
  })
  return events.map((event) => event.message)
}

describe.each(SIZES)('of %i bytes', (size) => {
  it('alone: the connection ends with that error, for the peer broken off', async () => {
    const rig = connected()
    expect(await writeInOneTurn(rig, [new Uint8Array(size)])).toEqual(['A write failed'])
    expect(rig.channel.take()).toEqual(['reset'])
    expect(rig.protocol.events).toEqual(['lost TypeError'])
  })

  it('among others: nothing of the turn is sent', async () => {
    const rig = connected()
    await writeInOneTurn(rig, [Buffer.from(new ArrayBuffer(size)), bytes('b'), bytes('c')])
    expect(rig.channel.take()).toEqual(['reset'])
    expect(rig.protocol.events).toEqual(['lost TypeError'])
    expect(rig.transport.writableLength).toBe(0)
  })

  it('the reactor goes on: later turns come', async () => {
    const rig = connected()
    const { reactor, transport, host } = rig
    const array = new Uint8Array(size)
    await logged(() => {
      reactor.enter()
      transport.write(array)
      transfer(array)
      reactor.callFromThread(() => rig.ended.push('next turn ran'))
      reactor.exit()
      host.settle()
    })
    expect(rig.ended.sort()).toEqual(['TypeError', 'next turn ran'])
  })
})

it('a callback that throws after such a write closes with its own error', async () => {
  class Throwing extends Recorder {
    override dataReceived(): void {
      const array = new Uint8Array(10)
      this.transport.write(array)
      transfer(array)
      throw new RangeError('mine')
    }
  }
  const { host, channel, protocol } = connected(new Throwing())
  await logged(() => {
    channel.sink!.received(bytes('x'))
    host.settle()
  })
  expect(channel.take()).toEqual(['close'])
  expect(protocol.events).toEqual(['lost RangeError'])
})
