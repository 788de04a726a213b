/** Walks the tables of bad input in docs/supported/websocket.md: each row gets the code or status that it says. */
import { describe, expect, it } from 'vitest'
import { MemoryReactor } from '../../../src/testing/index.js'
import { WebSocketServerFactory } from '../../../src/websocket/index.js'
import { textOf } from '../../arch/files.js'
import { BINARY, bytes, clientAndPeer, CLOSE, CONTINUATION, frame, hex, join, Listener, PING, PONG, request, serverAndPeer, TEXT } from './support.js'

const page = textOf('docs/supported/websocket.md')

function table(header: string): string[][] {
  const from = page.indexOf(`| ${header} |\n`)
  expect(from).toBeGreaterThan(0)
  const lines = page.slice(from).split('\n\n')[0]!.trimEnd().split('\n')
  return lines.slice(2).map((line) => line.split('|').slice(1, -1).map((cell) => cell.trim()))
}

const OPCODES: Record<string, number> = { text: TEXT, binary: BINARY, continuation: CONTINUATION, ping: PING, pong: PONG, close: CLOSE }

/** One frame in the words of the table. */
function frameOf(words: string, mask: boolean): Uint8Array {
  const [, flags, quoted, digits, times] = /^((?:\w+ ?)*?)(?:"([^"]*)"|(hex:[0-9a-f]*))?(?: \*(\d+))?$/.exec(words)! as unknown as string[]
  const payload = digits !== undefined ? hex(digits.slice(4))
    : bytes((quoted ?? '').replace(/(.)\*(\d+)/, (_all, letter: string, count: string) => letter.repeat(Number(count))))
  let [opcode, fin, rsv, masked] = [-1, true, 0, mask]
  let form = ''
  for (const word of flags!.trim().split(' ')) {
    if (word in OPCODES) opcode = OPCODES[word]!
    else if (/^op\d+$/.test(word)) opcode = Number(word.slice(2))
    else if (word === 'more') fin = false
    else if (/^rsv[123]$/.test(word)) rsv |= 8 >> Number(word[3])
    else if (word === 'wrongmask') masked = !masked
    else if (/^(?:raw|huge|longform\d\d|claims1001)$/.test(word)) form = word
    else throw new Error(`the table says "${word}"`)
  }
  if (form === 'raw') return payload
  const bit = masked ? 0x80 : 0
  const key = masked ? [0, 0, 0, 0] : []
  const first = 0x80 | opcode
  const long = (size: number, top: number): Uint8Array => {
    const length = Array.from({ length: size }, (_, at) => at >= size - 2 ? payload.length >> 8 * (size - 1 - at) & 0xff : 0)
    length[0]! |= top
    return Uint8Array.from([first, bit | (size === 2 ? 126 : 127), ...length, ...key, ...payload])
  }
  if (form === 'longform16') return long(2, 0)
  if (form === 'longform64') return long(8, 0)
  if (form === 'huge') return long(8, 0x80)
  if (form === 'claims1001') return frame(opcode, '', { mask: masked, claim: 1001 })
  const one = frame(opcode, payload, { fin, rsv, mask: masked })
  return join(Array.from({ length: Number(times ?? 1) }, () => one))
}

const frames = table('what | frames | close code')
const OPTIONS = { limits: { message: 1000, fragments: 10 } }

describe.each(['server', 'client'] as const)('our %s', (side) => {
  it.each(frames.map((row) => row as [string, string, string]))('%s: %s', (_what, words, code) => {
    const mask = side === 'server'
    const all = join(words.split(', ').map((one) => frameOf(one, mask)))
    for (const isWhole of [true, false]) {
      const { ours, peer, pump, reactor } = side === 'server' ? serverAndPeer(OPTIONS) : clientAndPeer(OPTIONS)
      const bystander = serverAndPeer(OPTIONS)
      for (const piece of isWhole ? [all.slice()] : Array.from(all, (byte) => Uint8Array.of(byte))) {
        peer.transport.write(piece)
        pump.flush()
      }
      expect(peer.closeCode).toBe(Number(code))
      expect(ours.lost!.value).toMatchObject({ code: 'ERR_WEBSOCKET_LOST', closeCode: Number(code) })
      expect(peer.lost).not.toBeNull()
      expect(reactor.getDelayedCalls()).toEqual([])
      bystander.peer.send(frame(TEXT, 'unmoved', { mask: true }))
      bystander.pump.flush()
      expect(bystander.ours.heard).toEqual(['open', 'text unmoved'])
    }
  })
})

describe('requests', () => {
  it.each(table('what | request | status').map((row) => row as [string, string, string]))('%s: %s', (_what, words, status) => {
    const field = /^([\w-]+): (.*)$/.exec(words)
    const fields = field === null ? {} : { [field[1]!]: field[2] === '-' ? null : field[2]! }
    const rest = words === 'POST' ? { method: 'POST' } : words === 'HTTP/1.0' ? { version: '1.0' } : {}
    const factory = WebSocketServerFactory.forProtocol(Listener, { origins: ['https://good.example'] })
    const answer = factory.acceptRequest(request(fields, rest), new MemoryReactor())
    expect('status' in answer ? answer.status : 101).toBe(Number(status))
    expect(field !== null || rest !== undefined).toBe(true)
  })
})

it('the tables are there', () => {
  expect(frames.length).toBeGreaterThan(30)
})
