/**
 * docs/guide/framing.md: every program on the page is one of examples/snippets/, and does what the page says.
 */
import { readFileSync, readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { countLines } from '../../../examples/snippets/framing-core.js'
import { Store } from '../../../examples/snippets/framing-lines.js'
import { Answers } from '../../../examples/snippets/framing-pause.js'
import { Upload } from '../../../examples/snippets/framing-raw.js'
import { Messages, Reverser } from '../../../examples/snippets/framing-strings.js'
import { tryStore } from '../../../examples/snippets/framing-test.js'
import { bytes, connect, cuts, drop, text } from './support.js'

const folder = new URL('../../../', import.meta.url)
const page = readFileSync(new URL('docs/guide/framing.md', folder), 'utf8')

describe('the guide to framing', () => {
  it('shows programs of examples/snippets, and nothing else', () => {
    const snippets = readdirSync(new URL('examples/snippets', folder))
      .filter((name) => name.startsWith('framing-'))
      .map((name) => readFileSync(new URL(`examples/snippets/${name}`, folder), 'utf8'))
    const shown = [...page.matchAll(/```ts\n([^]*?)```/g)].map((match) => match[1])
    expect(shown.length).toBeGreaterThanOrEqual(snippets.length)
    for (const program of shown) expect(snippets.filter((snippet) => snippet.includes(program))).toHaveLength(1)
    for (const snippet of snippets) expect(shown.filter((program) => snippet.includes(program))).not.toHaveLength(0)
  })

  it('Store answers what is typed', () => {
    const { protocol, transport } = connect(new Store())
    protocol.dataReceived(bytes('set a some words\r\nget a\r\nget b\r\nsing\r\n'))
    expect(transport.text()).toBe('ready\r\nsome words\r\n(nothing)\r\nwhat is sing?\r\n')
    protocol.dataReceived(bytes('x'.repeat(20000)))
    expect(transport.text()).toMatch(/too long\r\n$/)
    expect(transport.disconnecting).toBe(true)
    drop(protocol)
  })

  it('Store can be tried without a connection', () => {
    expect(tryStore()).toBe('ready\r\ngreen\r\n')
  })

  it('Upload takes its bytes however they come', () => {
    for (const parts of cuts(bytes('put 5\r\nab\r\ncput 0\r\nput 2\r\nxysing\r\n'))) {
      const { protocol, transport } = connect(new Upload())
      for (const part of parts) protocol.dataReceived(part)
      expect(protocol.uploads.map(text)).toEqual(['ab\r\nc', '', 'xy'])
      expect(transport.text()).toBe('ok\r\nok\r\nok\r\nput LENGTH, please\r\n')
      drop(protocol)
    }
  })

  it('Reverser answers netstrings, and keeps what was wrong with the last', () => {
    const { protocol, transport } = connect(new Reverser())
    protocol.dataReceived(bytes('3:abc,1001:'))
    expect(transport.text()).toBe('3:cba,')
    expect(protocol.complaint).toMatch(/over the limit/)
    expect(transport.disconnecting).toBe(true)
    drop(protocol)
  })

  it('Messages go from one to the other', () => {
    const sender = connect(new Messages())
    const receiver = connect(new Messages())
    const messages = [{ hello: 'wörld' }, [1, 2, 3], 'x'.repeat(70000), null]
    for (const message of messages) sender.protocol.send(message)
    receiver.protocol.dataReceived(sender.transport.value())
    expect(receiver.protocol.received).toEqual(messages)
    drop(receiver.protocol)
  })

  it('Answers takes one question at a time, and closes when an answer fails', async () => {
    const { protocol, transport } = connect(new Answers())
    const asked: [string, (answer: string) => void, () => void][] = []
    protocol.find = (question) => new Promise((resolve, reject) => {
      asked.push([question, resolve, () => reject(new Error('no answer'))])
    })
    protocol.dataReceived(bytes('one\r\ntwo\r\n'))
    expect([asked.length, transport.producerState]).toEqual([1, 'paused'])
    asked[0][1]('1')
    await Promise.resolve()
    expect(asked.map(([question]) => question)).toEqual(['one', 'two'])
    asked[1][1]('2')
    await Promise.resolve()
    expect([transport.text(), transport.producerState]).toEqual(['1\r\n2\r\n', 'producing'])
    protocol.dataReceived(bytes('three\r\n'))
    asked[2][2]()
    for (let n = 0; n < 3; n++) await Promise.resolve()
    expect(transport.aborted).toBe(true)
    drop(protocol)
  })

  it('countLines counts a last line that nobody ended', () => {
    expect([countLines([]), countLines([bytes('a\nb'), bytes('b\n')]), countLines([bytes('a\nb')])]).toEqual([0, 2, 2])
  })
})
