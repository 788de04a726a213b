import { describe, expect, it } from 'vitest'
import { drawTrace, traceToHTML, TraceReader } from '../../../src/testing/trace/index.js'
import { excerpt, fitted } from '../../../src/testing/trace/labels.js'
import { layOut } from '../../../src/testing/trace/layout.js'
import { ascii, lossOf, makeWriter, writeSample } from './sample.js'

function read(write: (trace: ReturnType<typeof makeWriter>) => void = writeSample): TraceReader {
  const trace = makeWriter()
  write(trace)
  return new TraceReader(trace.bytes())
}

/** Throws where elements do not nest, or where something stands that must be escaped. */
function checkMarkup(text: string, empty: readonly string[] = []): string[] {
  const open: string[] = []
  const names: string[] = []
  const element = /<(?:!doctype html|(\/?)([a-z][a-z0-9]*)((?:\s+[\w:-]+(?:="[^"<]*")?)*)\s*(\/?))>/gi
  let end = 0
  for (const match of text.matchAll(element)) {
    const between = text.slice(end, match.index)
    const isRaw = open.at(-1) === 'script' || open.at(-1) === 'style'
    if (!isRaw && /[<>]|&(?!amp;|lt;|gt;|quot;|#39;)/.test(between)) throw new Error(`Not escaped: ${between}`)
    end = match.index + match[0].length
    const [, closes, name, , isEmpty] = match
    if (name === undefined || isEmpty === '/' || empty.includes(name)) continue
    if (closes !== '/') {
      open.push(name)
      names.push(name)
    } else if (open.pop() !== name) {
      throw new Error(`</${name}> closes nothing`)
    }
  }
  if (open.length > 0) throw new Error(`Left open: ${open.join()}`)
  return names
}

describe('the diagram', () => {
  const svg = drawTrace(read())

  it('is one well-formed picture without scripts, and loads nothing', () => {
    const names = checkMarkup(svg)
    expect(names[0]).toBe('svg')
    expect(new Set(names)).toEqual(new Set(['svg', 'title', 'style', 'text', 'g']))
    expect(svg).not.toMatch(/script|\son\w+=|href|url\(|@import/)
    expect(svg.match(/https?:[^"]*/g)).toEqual(['http://www.w3.org/2000/svg'])
  })

  it('knows light and dark', () => {
    expect(svg).toContain('prefers-color-scheme:dark')
  })

  it('names hosts, faults, crashes, and why something was lost', () => {
    for (const text of [
      '>client</text>', '>server</text>', 'fault: partition client | server', '>crash</text>', 'up, life 2',
      '1460 bytes lost: chance', 'connect :81: refused, nobody there', 'connect /run/app.sock', 'again: 1460 bytes',
      'warn: slow &amp; &lt;b&gt;odd&lt;/b&gt;', 'unhandled: Error: nobody looked', 'half of it',
      '>FIN</text>', '>RST</text>',
    ]) expect(svg).toContain(text)
  })

  it('what is said by a trace cannot become markup', () => {
    const evil = '"><script>alert(1)</script>&amp;\0\ud800'
    const reader = read((trace) => {
      trace.host(1, evil, evil, evil)
      trace.up(1, 1)
      trace.connect(1, 1, 1, evil, 1, evil, 2, 'unix')
      trace.accepted(1)
      trace.sent(1, 0, 0, ascii(evil))
      trace.delivered(1, 0, 0, 1)
      trace.fault(evil)
      trace.log(1, evil, evil)
      trace.unhandled(1, evil)
      trace.note(evil)
    })
    checkMarkup(drawTrace(reader, { title: evil }))
    const names = checkMarkup(traceToHTML(reader, { title: evil }), ['meta', 'input'])
    expect(names.filter((name) => name === 'script').length).toBe(1)
  })

  it('no two labels are in the same row, and no arrow goes up', () => {
    const reader = read()
    const { rows, arrows, marks } = layOut(reader, reader.hosts(), 1000, true)
    for (const [i, row] of rows.entries()) if (i > 0) expect(row.y - rows[i - 1]!.y).toBeGreaterThanOrEqual(17)
    // Words of a mark are lower than those of an arrow.
    for (const { row } of marks) {
      const next = rows[rows.indexOf(row) + 1]
      if (next !== undefined) expect(next.y - row.y).toBeGreaterThanOrEqual(22)
    }
    expect(arrows.length).toBeGreaterThan(10)
    for (const { sent, arrived } of arrows) expect(arrived.y).toBeGreaterThanOrEqual(sent.y)
  })

  it('arrows lead from the host that sent to the host that got', () => {
    const reader = read()
    const { arrows } = layOut(reader, reader.hosts(), 1000, false)
    const ways = arrows.filter(({ connection }) => connection === 1)
      .map(({ from, to, style, end }) => `${from.name}>${to.name} ${style}${end === 'arrived' ? '' : ` ${end}`}`)
    expect(ways).toEqual([
      'client>server connect', 'client>server data', 'client>server data', 'server>client data',
      'server>client data lost', 'server>client data', 'server>client data', 'client>server fin', 'server>client fin',
    ])
  })

  it('what nobody got as far as the diagram goes is no loss', () => {
    const reader = read((trace) => {
      trace.connect(1, 1, 2, 'a', 1, 'b', 2, 'tcp')
      trace.connect(2, 1, 2, 'a', 1, 'b', 2, 'tcp')
      trace.accepted(2)
      trace.sent(2, 1, 0, ascii('abc'))
      trace.datagramSent(1, 1, 1, '10.0.0.2', 1, ascii('d'))
      trace.fin(2, 0, false)
      trace.rst(2, 1, false)
      trace.note('here')
      trace.delivered(2, 1, 0, 3)
    })
    const open = (limit: number): string[] => {
      const { arrows } = layOut(reader, reader.hosts(), limit, false)
      expect(arrows.filter(({ end }) => end === 'lost')).toEqual([])
      return arrows.filter(({ end }) => end === 'open').map(({ style }) => style).sort()
    }
    expect(open(8)).toEqual(['connect', 'data', 'datagram', 'fin', 'rst'])
    expect(open(9)).toEqual(['connect', 'datagram', 'fin', 'rst'])
  })

  it('what was lost as a whole is one arrow, with its payload and why', () => {
    const reader = read((trace) => {
      trace.connect(1, 1, 2, 'a', 1, 'b', 2, 'tcp')
      trace.accepted(1)
      trace.sent(1, 0, 0, ascii('abc'))
      trace.lost(1, 0, 0, 3, lossOf('chance'))
      trace.resent(1, 0, 0, 3)
      trace.delivered(1, 0, 0, 3)
    })
    const { arrows } = layOut(reader, reader.hosts(), 100, false)
    expect(arrows.slice(1).map(({ end, label }) => [end, label])).toEqual(
      [['lost', 'lost, chance: "abc" 3'], ['arrived', 'again: 3 bytes']])
  })

  it('payloads of any bytes have labels of the same length at most', () => {
    const most = 26 + 2 + 1
    for (const data of [new Uint8Array(400), ascii('"'.repeat(99)), ascii('plain text '.repeat(9)), ascii('short')]) {
      const text = excerpt(data, 26)
      expect(text.length).toBeLessThanOrEqual(most)
      expect(text.length).toBeGreaterThan(Math.min(20, data.length))
    }
    expect(excerpt(ascii('short'), 26)).toBe('"short"')
    expect([fitted('abc', 21), fitted('abcd', 21), fitted('\u6f22\u6f22', 28), fitted('\u6f22\u6f22', 27)]).toEqual(
      ['abc', 'ab…', '\u6f22\u6f22', '\u6f22…'])
  })

  it('draws no more than is asked for, and says so', () => {
    const short = drawTrace(read(), { limit: 5 })
    expect(short).toContain('and more')
    expect(short.match(/data-r/g)!.length).toBeLessThan(10)
    expect(svg).not.toContain('and more')
  })

  it('of a trace with nothing in it, it is an empty picture', () => {
    checkMarkup(drawTrace(read(() => undefined)))
  })
})

describe('the page', () => {
  const html = traceToHTML(read())

  it('is well-formed, with the diagram and every record in it', () => {
    const names = checkMarkup(html, ['meta', 'input'])
    expect(names.filter((name) => name === 'tr').length).toBe(read().head.records + 1)
    expect(names.filter((name) => name === 'svg').length).toBe(1)
  })

  it('loads nothing', () => {
    expect(html).toContain("default-src 'none'")
    expect(html).not.toMatch(/<(?:link|img|iframe)|\ssrc=|@import|url\(/)
    expect(html.match(/https?:[^"]*/g)).toEqual(['http://www.w3.org/2000/svg'])
  })

  it('has a label for every field', () => {
    const fields = html.match(/<(?:input|select) /g)!.length
    expect(html.match(/<label>[^<]*<(?:input|select) /g)!.length).toBe(fields)
  })

  it('its script is one that engines can read', async () => {
    const { PAGE_SCRIPT } = await import('../../../src/testing/trace/page-script.js')
    expect(() => new Function(PAGE_SCRIPT)).not.toThrow()
    expect(PAGE_SCRIPT).not.toContain('</')
  })
})
