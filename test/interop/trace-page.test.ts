/**
 * The page that `whorl trace --html` makes, in a browser: the filter, the keys, and that it needs nothing else. Pictures
 * of it are left in build/artefacts/.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, expect, it } from 'vitest'
import { drawTrace, traceToHTML, TraceReader } from '../../src/testing/trace/index.js'
import type { TraceDrawOptions } from '../../src/testing/trace/index.js'
import type { TraceWriter } from '../../src/testing/trace/writer.js'
import { ascii, endingOf, lossOf, makeWriter, writeSample } from '../unit/trace/sample.js'
import { Browser, chromium } from './chromium.js'
import type { Page } from './chromium.js'
import { describeWith } from './programs.js'

const DESKTOP = { width: 1280, height: 800, dark: false }
const PHONE = { width: 390, height: 844, dark: true }
const folder = mkdtempSync(join(tmpdir(), 'whorl-page-'))

afterAll(async () => {
  await Browser.killAll()
  rmSync(folder, { recursive: true })
}, 60_000)

function write(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return pathToFileURL(path).href
}

function reader(fill: (trace: TraceWriter) => void, keepBytes = 64 << 20): TraceReader {
  const trace = makeWriter({ keepBytes })
  fill(trace)
  return new TraceReader(trace.bytes())
}

let pages = 0

function pageOf(fill: (trace: TraceWriter) => void, options: TraceDrawOptions = {}, keepBytes?: number): string {
  pages += 1
  return write(`page-${pages}.html`, traceToHTML(reader(fill, keepBytes), options))
}

/** Payloads of any bytes, long names, long texts, far hosts and late times. */
function writeWild(trace: TraceWriter): void {
  const names = ['a', 'a-host-with-a-name-that-is-much-longer-than-its-column', 'c']
  for (const [i, name] of names.entries()) {
    trace.host(i + 1, name, `10.0.0.${i + 1}`, '')
    trace.up(i + 1, 1)
  }
  const bytes = Uint8Array.from({ length: 400 }, (_, i) => i * 89)
  trace.begin(99_999_999_999)
  let conn = 0
  for (const from of [1, 2, 3]) {
    for (const to of [1, 2, 3]) {
      conn += 1
      trace.connect(conn, from, to, '10.0.0.1', 40_000 + conn, `/run/${'deep/'.repeat(30)}app.sock`, 0, 'unix')
      trace.accepted(conn)
      trace.sent(conn, 0, 0, bytes)
      trace.delivered(conn, 0, 0, 200)
      trace.sent(conn, 1, 0, bytes)
      trace.lost(conn, 1, 0, 400, lossOf('nobody there'))
      trace.datagramSent(conn, from, 7, `10.0.0.${to}`, 7, bytes)
      trace.datagramLost(conn, lossOf('black hole'))
      trace.ended(conn, 0, endingOf('timed out'))
    }
    trace.log(from, 'warn', '\u6f22'.repeat(200))
  }
  trace.fault('a fault '.repeat(50))
}

/** What is shown of the table of records, by its last column. */
const RECORDS = '[...document.querySelectorAll("#records tbody tr")].filter((row) => !row.hidden)'

function records(page: Page): Promise<string[]> {
  return page.value(`${RECORDS}.map((row) => row.cells[3].textContent)`)
}

/** The record that is chosen, if it has the focus, too. */
function current(page: Page): Promise<string> {
  return page.value('(document.activeElement.getAttribute("aria-current") === "true" || null) && ' +
    'document.activeElement.cells[0].textContent')
}

async function fill(page: Page, name: string, text: string): Promise<void> {
  await page.value(`(() => { const field = document.querySelector('[name=${name}]'); field.focus(); field.select() })()`)
  await page.call('Input.insertText', { text })
}

async function choose(page: Page, name: string, value: string): Promise<void> {
  await page.value(`(() => { const field = document.querySelector('[name=${name}]')
    field.value = ${JSON.stringify(value)}
    field.dispatchEvent(new Event('input', { bubbles: true })) })()`)
}

/** Nothing was complained of, and nothing but the page itself asked for. */
function checkQuiet(page: Page): void {
  expect(page.complaints).toEqual([])
  expect(page.requests.length).toBe(1)
}

describeWith(chromium(), 'the page of a trace', (command) => {
  let browser: Browser | null = null
  const openPage = (url: string, look = DESKTOP): Promise<Page> => {
    browser ??= new Browser(command)
    return browser.open(url, look)
  }

  it('everything is reached by keyboard, and keys move among the records', async () => {
    const page = await openPage(pageOf(writeSample))
    const reached: string[] = []
    for (let i = 0; i < 10; i++) {
      await page.presses('Tab', '', 9)
      reached.push(await page.value('document.activeElement.name || document.activeElement.className || ' +
        'document.activeElement.tagName'))
    }
    expect(reached).toEqual(
      ['skip', 'host', 'connection', 'kind', 'from', 'to', 'text', 'BUTTON', 'diagram', 'host'])
    // The list is one stop, at the record that is chosen: its class is its kind.
    expect(await current(page)).toBe('1')
    for (const [key, code, number] of [
      ['ArrowDown', 40, '2'], ['PageDown', 34, '22'], ['ArrowUp', 38, '21'], ['End', 35, '50'], ['ArrowDown', 40, '50'],
      ['PageUp', 33, '30'], ['Home', 36, '1'], ['ArrowUp', 38, '1'],
    ] as const) {
      await page.presses(key, '', code)
      expect(await current(page)).toBe(number)
    }
    expect(await page.value('document.querySelectorAll("#records [tabindex=\\"0\\"]").length')).toBe(1)
    await page.presses('Enter', '\r', 13)
    await page.shows('#shown', 'not in the diagram')

    // The skip link leads over form and diagram.
    await page.value('document.querySelector(".skip").focus()')
    await page.presses('Enter', '\r', 13)
    await page.presses('Tab', '', 9)
    expect(await current(page)).toBe('1')
    await page.presses('/', '/', 191)
    expect(await page.value('document.activeElement.name')).toBe('text')
    // In a field, it is a character.
    await page.presses('/', '/', 191)
    expect(await page.value('document.activeElement.value')).toBe('/')
    checkQuiet(page)
  }, 120_000)

  it('the filter shows what meets all conditions, and dims the rest of the diagram', async () => {
    const page = await openPage(pageOf(writeSample))
    const all = await records(page)
    expect(all.length).toBe(50)
    expect(await page.text('#shown')).toBe('')

    await fill(page, 'text', 'HELLO')
    expect((await records(page)).every((text) => /hello/i.test(text))).toBe(true)
    expect(await page.text('#shown')).toBe(`${(await records(page)).length} of 50 records`)
    expect(await page.value('document.querySelectorAll("svg [data-r].off").length')).toBeGreaterThan(10)
    expect(await page.value('document.querySelectorAll("svg [data-r]:not(.off)").length')).toBeGreaterThan(0)
    await choose(page, 'kind', 'delivered')
    await fill(page, 'connection', '#3')
    expect(await records(page)).toEqual(['#3 delivered at 0: 6 bytes "hello\\n"'])
    await fill(page, 'connection', '99')
    expect(await records(page)).toEqual([])
    await page.shows('#shown', '0 of 50 records')
    // With nothing to choose from, keys do no harm.
    for (const [key, code] of [['ArrowDown', 40], ['Enter', 13], ['/', 191]] as const) await page.presses(key, '', code)

    await page.presses('Escape', '', 27)
    expect(await records(page)).toEqual(all)
    expect(await page.value('document.querySelectorAll("svg .off").length')).toBe(0)

    await choose(page, 'host', 'client')
    const hosts: string[] = await page.value(`${RECORDS}.map((row) => row.dataset.h)`)
    expect(hosts.length).toBeGreaterThan(20)
    expect(hosts.filter((names) => names !== '' && !names.split('\n').includes('client'))).toEqual([])
    await page.value('document.querySelector("button").click()')
    await page.until(`${RECORDS}.length === 50`)
    await fill(page, 'from', '3.25')
    await fill(page, 'to', '204')
    const times: string[] = await page.value(`${RECORDS}.map((row) => row.cells[1].textContent)`)
    expect(new Set(times)).toEqual(new Set(['3.250', '4.000', '204.000']))
    // What is no number is shown to be none, and is no condition.
    await fill(page, 'from', 'noon')
    expect(await page.value('document.querySelector("[name=from]").matches("[aria-invalid=true]")')).toBe(true)
    expect((await records(page)).length).toBeGreaterThan(times.length)
    await page.presses('Escape', '', 27)
    expect(await page.value('document.querySelectorAll("[aria-invalid]").length')).toBe(0)

    // From the list to the diagram, and to what belongs together; and back.
    await page.value(`${RECORDS}.find((row) => row.dataset.k === 'delivered').click()`)
    expect(await current(page)).toBe('9')
    expect(await page.value('document.querySelectorAll("svg .on").length')).toBeGreaterThan(0)
    await page.presses('c', 'c', 67)
    expect(await page.value(`new Set(${RECORDS}.map((row) => row.dataset.c)).size`)).toBe(1)
    await page.presses('Escape', '', 27)
    await page.value('document.querySelector("svg .crash").dispatchEvent(new MouseEvent("click", { bubbles: true }))')
    expect(await page.value('document.activeElement.cells[3].textContent')).toBe('crashes')
    const png = await page.screenshot('trace-page')
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([DESKTOP.width, DESKTOP.height])
    checkQuiet(page)
  }, 120_000)

  it('what is known of the time before the first record counts as what is shown', async () => {
    const page = await openPage(pageOf((trace) => {
      writeSample(trace)
      for (let i = 0; i < 4_000; i++) trace.note(`number ${i} ${'x'.repeat(40)}`)
    }, {}, 70_000))
    expect(await page.value('document.querySelectorAll("[data-r=\\"0\\"]").length')).toBeGreaterThan(2)
    expect(await page.text('#shown')).toBe('')
    expect(await page.text('header')).toMatch(/4050 records, the first \d+ dropped/)
    await choose(page, 'kind', 'host')
    expect(await page.text('#shown')).toMatch(/^2 of \d+ records$/)
    checkQuiet(page)
  }, 120_000)

  it('a long trace can be looked through, and says what is left out', async () => {
    const page = await openPage(pageOf((trace) => {
      writeSample(trace)
      for (let i = 0; i < 25_000; i++) {
        trace.begin(90_000_100 + i)
        trace.timer(1 + i % 2)
      }
      trace.note('the end')
    }))
    expect(await page.value('document.querySelector("tbody").rows.length')).toBe(20_000)
    await page.shows('.cut', 'Only the first 20000 records')
    await fill(page, 'from', '90000101')
    await choose(page, 'host', 'server')
    const expected = (20_000 - 50 - 1) / 2
    expect((await records(page)).length).toBeCloseTo(expected, -1)
    await page.value(`${RECORDS}[0].click()`)
    await page.presses('End', '', 35)
    expect(await current(page)).toBe('20000')
    checkQuiet(page)
  }, 180_000)

  it('on a phone and in the dark, nothing is wider than the screen', async () => {
    const page = await openPage(pageOf(writeWild), PHONE)
    expect(await page.value('document.documentElement.scrollWidth')).toBeLessThanOrEqual(PHONE.width)
    expect(await page.value('document.documentElement.scrollHeight')).toBeLessThanOrEqual(PHONE.height)
    await page.screenshot('trace-page-phone')
    checkQuiet(page)
  }, 120_000)

  it('without scripts, diagram and records are there', async () => {
    const html = traceToHTML(reader(writeSample)).replace(/script-src[^"]*/, "script-src 'none'")
    const page = await openPage(write('plain.html', html))
    expect(await records(page)).toHaveLength(50)
    expect(await page.value('document.querySelector("form").hidden')).toBe(true)
    expect(await page.value('document.querySelector("svg").getBoundingClientRect().width')).toBeGreaterThan(300)
  }, 120_000)

  it.each([['a sample', writeSample], ['anything', writeWild]] as const)(
    'no label of the diagram leaves the picture, or covers the times: %s', async (name, write_) => {
      const svg = drawTrace(reader(write_), { timers: true })
      const page = await openPage(write('diagram.svg', svg), { ...DESKTOP, width: 1400, height: 1200 })
      const boxes = await page.value<[string, number, number, number, number][]>(
        '[...document.querySelectorAll("text")].map((text) => { const { x, y, width, height } = text.getBBox()\n' +
        'return [text.textContent, x, y, x + width, y + height] })')
      const [width, height, times] = await page.value<number[]>('(() => { const svg = document.documentElement\n' +
        'const time = document.querySelector(".time").getBBox()\n' +
        'return [svg.width.baseVal.value, svg.height.baseVal.value, time.x + time.width] })()')
      expect(boxes.filter(([, left, top, right, bottom]) => left < 0 || top < 0 || right > width! || bottom > height!))
        .toEqual([])
      const isTime = /^\d+\.\d{3}$/
      expect(boxes.filter(([text, left, top]) => top > 40 && !isTime.test(text) && left < times!)).toEqual([])
      expect(width).toBeLessThan(1_400)
      await page.screenshot(`trace-diagram-${name === 'anything' ? 'wild' : 'sample'}`)
      expect(page.complaints).toEqual([])
    }, 120_000)
})
