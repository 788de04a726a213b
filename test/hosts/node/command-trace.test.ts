/** `whorl trace` as it is installed: what it prints and writes, and its exit statuses. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { build } from '../../../scripts/build.mjs'
import { Program } from '../../interop/programs.js'
import { makeWriter, writeSample } from '../../unit/trace/sample.js'
import { checkNothingLeft } from './left-behind.js'

checkNothingLeft()

const folder = mkdtempSync(join(tmpdir(), 'whorl-trace-'))
const sample = join(folder, 'sample.trace')
const longer = join(folder, 'longer.trace')

beforeAll(async () => {
  await build()
  const [one, other] = [makeWriter(), makeWriter()]
  writeSample(one)
  writeSample(other)
  other.note('and more')
  writeFileSync(sample, one.bytes())
  writeFileSync(longer, other.bytes())
}, 300_000)
afterEach(() => Program.killAll())
afterAll(() => rmSync(folder, { recursive: true }))

async function trace(...args: string[]): Promise<{ status: number | null, lines: string[], error: string }> {
  const program = new Program(process.execPath, ['dist/cli.js', 'trace', ...args])
  const { status } = await program.ended
  return { status, lines: program.text.split('\n').slice(0, -1), error: program.errorText }
}

describe('whorl trace', () => {
  it('prints a line for each record', async () => {
    const { status, lines, error } = await trace(sample)
    expect([status, lines.length, error]).toEqual([0, 50, ''])
    expect(lines[4]).toMatch(/^ +1\.000 {2}client → server +#1 connect from 10\.0\.0\.1:49152 to 10\.0\.0\.2:80$/)
  })

  it('prints only what meets all conditions, and only the first', async () => {
    const conditions = ['--connection', '1', '--kind', 'delivered,lost', '--from', '3.2', '--to', '205']
    const { lines } = await trace(...conditions, '--payload', '4', '--limit', '3', sample)
    expect(lines.map((line) => line.trim().replace(/ +/g, ' '))).toEqual([
      '3.250 client → server #1 delivered at 11: 26 bytes "HTTP"…',
      '4.000 server → client #1 delivered at 0: 1000 bytes "HTTP"…',
      '4.000 server → client #1 lost 1460 bytes at 1000: chance',
    ])
    expect((await trace('--host', 'client', '--text', 'WHO?', sample)).lines.length).toBe(1)
  })

  it('counts', async () => {
    const { lines } = await trace('--summary', sample)
    expect(lines).toContain('seed     42')
    expect(lines).toContain('hosts    client (10.0.0.1), server (10.0.0.2)')
    expect(lines).toContain('  delivered           6')
  })

  it('draws and exports at once', async () => {
    const [svg, html, pcapng] = [join(folder, 'a.svg'), join(folder, 'a.html'), join(folder, 'a.pcapng')]
    const { status, lines } = await trace('--svg', svg, '--html', html, '--pcapng', pcapng, '--timers', sample)
    expect([status, lines]).toEqual([0, []])
    expect(readFileSync(svg, 'utf8')).toMatch(/^<svg /)
    expect(readFileSync(html, 'utf8')).toMatch(/^<!doctype html>/)
    expect(readFileSync(pcapng).subarray(0, 4).toString('hex')).toBe('0a0d0d0a')
  })

  it('tells the first difference, and whether there is one', async () => {
    const same = await trace('--diff', sample, sample)
    expect(same).toEqual({ status: 0, lines: [], error: 'no difference\n' })
    const { status, lines } = await trace('--diff', longer, '--context', '1', sample)
    expect(status).toBe(1)
    expect(lines.slice(2).map((line) => line.trim().replace(/ +/g, ' '))).toEqual([
      'record 51 differs', '90000002.000 server #4 ended: crashed', '- (ends)', '+ 90000002.000 note: and more',
    ])
  })

  it('names what it cannot read, and what makes no sense', async () => {
    const broken = join(folder, 'broken.trace')
    writeFileSync(broken, readFileSync(sample).subarray(0, 3000))
    const cut = await trace(broken)
    expect([cut.status, cut.lines]).toEqual([1, []])
    expect(cut.error).toMatch(/broken\.trace: The trace is cut off: \d+ bytes are missing/)
    expect(await trace(join(folder, 'none'))).toMatchObject({ status: 1, error: expect.stringContaining('ENOENT') })
    for (const [args, words] of [
      [['--kind', 'dance', sample], '"dance"'], [['--from', 'noon', sample], '--from'],
      [['--limit', '1.5', sample], '--limit'], [[], 'FILE is missing'],
    ] as const) {
      expect(await trace(...args)).toMatchObject({ status: 2, lines: [], error: expect.stringContaining(words) })
    }
  })
})
