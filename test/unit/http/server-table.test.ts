/**
 * Walks the table of bad input in docs/supported/http1.md: sends what each row says, whole and byte by byte, and
 * compares the answer; a second connection to the same site is served meanwhile.
 */
import { describe, expect, it } from 'vitest'
import { textOf } from '../../arch/files.js'
import { StringTransport } from '../../../src/testing/index.js'
import type { HTTPChannel } from '../../../src/http/index.js'
import { Lab, readResponses, settled } from './server-lab.js'

const page = textOf('docs/supported/http1.md')
const table = page.slice(page.indexOf('## Bad input'))
const rows = [...table.matchAll(/^\| ([^|`]+) \| `([^`]+)` \| ([^|]+) \|$/gm)]
  .map((match) => ({ what: match[1]!, bytes: match[2]!, answer: match[3]! }))

/** What is sent, and how long is waited in between; `null` for the peer's end. */
type Step = string | number | null

/** Braces: repetition, which may nest, waiting and the end. */
function stepsOf(text: string): Step[] {
  const steps: Step[] = []
  const put = (step: Step): void => {
    const last = steps[steps.length - 1]
    if (typeof step === 'string' && typeof last === 'string') steps[steps.length - 1] = last + step
    else steps.push(step)
  }
  for (let at = 0; at < text.length;) {
    if (text[at] !== '{') {
      const stop = text.indexOf('{', at)
      put(unescaped(text.slice(at, stop < 0 ? undefined : stop)))
      at = stop < 0 ? text.length : stop
      continue
    }
    let depth = 0
    let end = at
    do {
      if (text[end] === '{') depth += 1
      if (text[end] === '}') depth -= 1
      end += 1
    } while (depth > 0)
    const inner = text.slice(at + 1, end - 1)
    at = end
    const wait = /^wait (\d+)$/.exec(inner)
    if (inner === 'end') put(null)
    else if (wait !== null) put(Number(wait[1]))
    else {
      const [, what, times] = /^(.*)\*(\d+)$/s.exec(inner)!
      const repeated = stepsOf(what!)
      if (repeated.length === 1 && typeof repeated[0] === 'string') put(repeated[0].repeat(Number(times)))
      else for (let i = 0; i < Number(times); i++) repeated.forEach(put)
    }
  }
  return steps
}

function unescaped(text: string): string {
  return text.replace(/\\r/g, '\r').replace(/\\n/g, '\n')
    .replace(/\\x([\da-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}

/** `200 then 400 closed` as statuses and whether the connection is closed. */
function answerOf(text: string): { statuses: number[], closed: boolean } {
  const statuses: number[] = []
  for (const word of text.split(/ then | /)) {
    const many = /^\{(\d+)\*(\d+)\}$/.exec(word)
    if (many !== null) statuses.push(...new Array<number>(Number(many[2])).fill(Number(many[1])))
    else if (/^\d+$/.test(word)) statuses.push(Number(word))
  }
  return { statuses, closed: text.endsWith('closed') }
}

async function play(lab: Lab, steps: Step[], bytewise: boolean): Promise<void> {
  for (const step of steps) {
    if (typeof step === 'string') {
      if (bytewise) for (const one of step) lab.send(one)
      else lab.send(step)
      // What is put off to the next turn.
      for (let turn = 0; turn < 10; turn++) {
        lab.reactor.advance(0)
        await settled()
      }
    } else if (step === null) {
      lab.channel.readConnectionLost()
    } else {
      lab.reactor.advance(step)
      await settled()
    }
  }
}

describe('the table of bad input', () => {
  it('is there', () => expect(rows.length).toBeGreaterThan(60))

  for (const { what, bytes, answer } of rows) {
    const steps = stepsOf(bytes)
    const total = steps.reduce<number>((sum, step) => sum + (typeof step === 'string' ? step.length : 0), 0)
    // Byte by byte only where that takes no time worth mentioning, and where time does not pass.
    const ways = total < 20_000 ? [false, true] : [false]
    it.each(ways)(`${what} (byte by byte: %s): ${answer}`, async (bytewise) => {
      const lab = new Lab()
      const other = new StringTransport()
      const channel = lab.site.buildProtocol(other.getPeer()) as HTTPChannel
      channel.makeConnection(other)
      await play(lab, steps, bytewise)
      const expected = answerOf(answer)
      const seen = lab.responses()
      expect(seen.map((one) => one.status)).toEqual(expected.statuses)
      expect(lab.closed).toBe(expected.closed)
      if (expected.closed && seen.length > 0 && seen[seen.length - 1]!.status !== 200) {
        expect(seen[seen.length - 1]!.headers.get('connection')).toBe('close')
      }
      // Nothing that comes now is answered.
      if (expected.closed) {
        lab.send('GET /late HTTP/1.1\r\nHost: a\r\n\r\n')
        await settled()
        expect(lab.responses().length).toBe(seen.length)
      }
      if (!other.disconnecting) {
        channel.dataReceived(new TextEncoder().encode('GET /other HTTP/1.1\r\nHost: a\r\n\r\n'))
        await settled()
        expect(readResponses(other.text()).map((one) => one.body)).toEqual(['GET /other '])
      }
    })
  }
})
