import { describe, expect, it } from 'vitest'
import { TelnetFilter } from '../../../examples/switchboard/telnet.js'
import { Chat } from './chatter.js'

const IAC = 0xff
const DONT = 0xfe
const DO = 0xfd
const WONT = 0xfc
const WILL = 0xfb
const SB = 0xfa
const IP = 0xf4
const SE = 0xf0

/** What a telnet client might send, its answers, and the text in it. */
const SENT = Uint8Array.from([
  IAC, WILL, 24, 0x61, IAC, DO, 3, IAC, DO, 1, 0x62, IAC, WONT, 31, IAC, DONT, 39, IAC, IP, IAC, DO, 6,
  IAC, SB, 31, 0, 80, IAC, IAC, 10, IAC, SE, 0x63, IAC, IAC, 0x64,
])
const TEXT = [0x61, 0x62, 0x63, 0xff, 0x64]
const ANSWERS = [IAC, DONT, 24, IAC, WONT, 3, IAC, WONT, 1, IAC, WONT, 6]

function run(chunks: Uint8Array[]): { text: number[], answers: number[] } {
  const answers: number[] = []
  const filter = new TelnetFilter((bytes) => answers.push(...bytes))
  return { text: chunks.flatMap((chunk) => [...filter.filter(chunk)]), answers }
}

describe('TelnetFilter', () => {
  it('takes commands out, and declines options', () => {
    expect(run([SENT])).toEqual({ text: TEXT, answers: ANSWERS })
  })

  it('does so however the bytes are cut', () => {
    expect(run([...SENT].map((byte) => Uint8Array.of(byte)))).toEqual({ text: TEXT, answers: ANSWERS })
    for (let cut = 0; cut <= SENT.length; cut++) {
      expect(run([SENT.slice(0, cut), SENT.slice(cut)])).toEqual({ text: TEXT, answers: ANSWERS })
    }
  })

  it('hands bytes without commands on as they are, without a copy', () => {
    const data = new TextEncoder().encode('grüß dich\r\n')
    expect(new TelnetFilter(() => { throw new Error('no answer') }).filter(data)).toBe(data)
  })
})

describe('telnet in the chat', () => {
  it('comes in with options in the middle of the nickname, and gets its answers', () => {
    const chat = new Chat()
    const ada = chat.connects()
    ada.sees()
    ada.sends(Uint8Array.of(IAC, WILL, 31, 0x61, IAC, DO))
    ada.sends(Uint8Array.of(3, 0x64, 0x61, 0x0d, 0x0a))
    expect([...ada.wire.value().subarray(0, 6)]).toEqual([IAC, DONT, 31, IAC, WONT, 3])
    expect(chat.room.nicks).toEqual(['ada'])
  })

  it('does not end a line at a line feed inside a command', () => {
    const chat = new Chat()
    const ada = chat.joins('ada')
    const bob = chat.joins('bob')
    ada.sees()
    bob.sends(Uint8Array.of(0x6f, IAC, SB, 0x0a, IAC, SE, 0x6b, 0x0d, 0x0a))
    expect(ada.sees()).toEqual(['<bob> ok'])
  })
})
