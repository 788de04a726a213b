import { describe, expect, it } from 'vitest'
import { Chat } from './chatter.js'
import { CHAT_LIMITS } from '../../../examples/switchboard/limits.js'

const { naming, idle, warning, farewell, breather, burst } = CHAT_LIMITS

describe('a line that is too long', () => {
  it('is not said; its sender is told, and cut off', () => {
    const chat = new Chat({ line: 30 })
    const ada = chat.joins('ada')
    const bob = chat.joins('bob')
    ada.sees()
    bob.types('x'.repeat(30), 'y'.repeat(31), 'more')
    expect(ada.sees()).toEqual([`<bob> ${'x'.repeat(30)}`, '* bob was cut off: a line too long'])
    expect(bob.sees()).toEqual(['A line has at most 30 bytes. Goodbye.'])
    expect(bob.wire.disconnecting).toBe(true)
  })

  it('is noticed without waiting for its end', () => {
    const bob = new Chat({ line: 30 }).connects()
    bob.sees()
    bob.sends('x'.repeat(32))
    expect(bob.sees()).toEqual(['A line has at most 30 bytes. Goodbye.'])
  })
})

describe('timeouts', () => {
  it('closes when no nickname is chosen in time, however much is sent', () => {
    const chat = new Chat()
    const other = chat.connects()
    other.sees()
    other.types('not a nickname')
    chat.clock.advance(naming - 1)
    other.types('', '/who')
    other.sees()
    chat.clock.advance(1)
    expect(other.sees()).toEqual(['No nickname, no chat. Goodbye.'])
    expect(other.wire.disconnecting).toBe(true)
  })

  it('warns an idle member, then closes', () => {
    const chat = new Chat()
    const ada = chat.joins('ada')
    chat.clock.advance(idle - 1)
    expect(ada.sees()).toEqual([])
    chat.clock.advance(1)
    expect(ada.sees()).toEqual(['* Are you there? Say something within 60 seconds.'])
    const bob = chat.joins('bob')
    chat.clock.advance(warning - 1)
    expect(ada.wire.disconnecting).toBe(false)
    chat.clock.advance(1)
    expect(ada.sees()).toEqual(['* bob joined', 'Nothing heard from you for too long. Goodbye.'])
    expect(ada.wire.disconnecting).toBe(true)
    expect(bob.sees()).toEqual(['* ada fell asleep'])
  })

  it('begins anew with each line, after a warning too; half a line does not count', () => {
    const chat = new Chat()
    const ada = chat.joins('ada')
    chat.clock.advance(idle - 1)
    ada.types('hm')
    chat.clock.advance(idle)
    expect(ada.sees()).toHaveLength(1)
    ada.types('')
    chat.clock.advance(idle - 1)
    expect(ada.sees()).toEqual([])
    ada.sends('half a l')
    chat.clock.advance(1)
    expect(ada.sees()).toEqual(['* Are you there? Say something within 60 seconds.'])
  })

  it('cuts the connection of one who does not even take the farewell', () => {
    const chat = new Chat()
    const ada = chat.joins('ada')
    ada.types('/quit')
    chat.clock.advance(farewell - 1)
    expect(ada.wire.aborted).toBe(false)
    chat.clock.advance(1)
    expect(ada.wire.aborted).toBe(true)
  })
})

describe('a slow reader', () => {
  it('is dropped once its backlog passes the limit, and the room is told', () => {
    const chat = new Chat({ backlog: 1000, burst: 1000 })
    const ada = chat.joins('ada')
    const slow = chat.joins('slow')
    slow.wire.isStuck = true
    const line = 'x'.repeat(90)
    for (let i = 0; i < 10; i++) ada.types(line)
    expect(slow.wire.aborted).toBe(false)
    expect(slow.wire.writableLength).toBe(10 * (90 + '<ada> \r\n'.length))
    ada.types(line)
    expect(slow.wire.aborted).toBe(true)
    const kept = slow.wire.value().length
    ada.types(line)
    expect(slow.wire.value().length).toBe(kept)
    ada.sees()
    slow.isGone()
    expect(ada.sees()).toEqual(['* slow was dropped: reads too slowly'])
    expect(chat.room.nicks).toEqual(['ada'])
  })

  it('is dropped for the answers that it asks for and does not read, too', () => {
    const chat = new Chat({ backlog: 1000, burst: 1000 })
    const slow = chat.joins('slow')
    slow.wire.isStuck = true
    for (let i = 0; i < 100; i++) slow.types('/help')
    expect(slow.wire.aborted).toBe(true)
    const telnet = chat.connects()
    telnet.wire.isStuck = true
    for (let i = 0; i < 1000; i++) telnet.sends(Uint8Array.of(0xff, 0xfd, 1))
    expect(telnet.wire.aborted).toBe(true)
    expect(telnet.wire.value().length).toBeLessThan(1010)
  })

  it('does no harm to another, who was told the same', () => {
    const chat = new Chat({ backlog: 1000, burst: 1000 })
    const ada = chat.joins('ada')
    const slow = chat.joins('slow')
    const bob = chat.joins('bob')
    slow.wire.isStuck = true
    for (let i = 0; i < 50; i++) ada.types(`${i} ${'x'.repeat(90)}`)
    expect(slow.wire.aborted).toBe(true)
    expect(bob.sees().map((line) => line.split(' ')[1])).toEqual(Array.from({ length: 50 }, (_, i) => String(i)))
  })
})

describe('a flood', () => {
  it('is read in portions, with pauses between them, and nothing of it is lost', () => {
    const chat = new Chat()
    const ada = chat.joins('ada')
    const bob = chat.joins('bob')
    chat.clock.advance(breather)
    ada.sees()
    const lines = Array.from({ length: 3 * burst - 5 }, (_, i) => `line ${i}`)
    bob.types(...lines)
    const seen = [ada.sees()]
    expect(bob.wire.producerState).toBe('paused')
    for (let i = 0; i < 3; i++) {
      chat.clock.advance(breather)
      seen.push(ada.sees())
    }
    expect(seen.map((portion) => portion.length)).toEqual([burst, burst, burst - 5, 0])
    expect(seen.flat()).toEqual(lines.map((line) => `<bob> ${line}`))
    expect(bob.wire.producerState).toBe('producing')
  })

  it('ends with its connection: nothing goes on after it', () => {
    const chat = new Chat()
    const ada = chat.joins('ada')
    const bob = chat.joins('bob')
    chat.clock.advance(breather)
    ada.sees()
    bob.types(...Array.from({ length: 3 * burst }, () => 'x'))
    bob.isGone()
    expect(ada.sees()).toHaveLength(burst + 1)
    chat.clock.advance(breather)
    expect(ada.sees()).toEqual([])
    expect(chat.room.nicks).toEqual(['ada'])
  })

  it('may end with /quit at the very line that pauses it', () => {
    const chat = new Chat()
    const bob = chat.joins('bob')
    chat.clock.advance(breather)
    bob.types(...Array.from({ length: burst - 1 }, () => 'x'), '/quit', 'y')
    expect(bob.sees()).toEqual(['Goodbye.'])
    chat.clock.advance(breather)
    expect(bob.wire.disconnecting).toBe(true)
    bob.isGone()
    expect(chat.clock.getDelayedCalls()).toEqual([])
  })
})
