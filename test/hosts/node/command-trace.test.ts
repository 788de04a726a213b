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

/** The sample, with something else in it. */
function damaged(change: (bytes: Uint8Array) => void): Uint8Array {
  const bytes = new Uint8Array(readFileSync(sample))
  change(bytes)
  return bytes
}

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

  it('what may not be a trace is read no farther than to see that, and is named', async () => {
    const files: [name: string, bytes: Uint8Array | null, words: string][] = [
      ['/dev/zero', null, 'is no trace'], ['/dev/null', null, 'nothing in it'], [folder, null, 'EISDIR'],
      ['text', new TextEncoder().encode('GIF89a\n'.repeat(999)), 'is no trace'],
      ['newer', readFileSync(sample).fill(2, 8, 9), 'version 2'],
      ['damaged', damaged((bytes) => bytes.fill(0x1e, bytes.length - 3)), 'no record of kind 30'],
    ]
    const broken = files.map(([name, bytes, words]) => {
      if (bytes === null) return [name, words] as const
      writeFileSync(join(folder, name), bytes)
      return [join(folder, name), words] as const
    })
    const out = join(folder, 'out')
    for (const [i, [path, words]] of broken.entries()) {
      const uses = i % 5 > 0 ? [[path]] : [
        [path], ['--summary', path], ['--svg', out, path], ['--html', out, path], ['--pcapng', out, path],
        ['--diff', longer, path], ['--diff', path, longer],
      ]
      for (const { status, error } of await Promise.all(uses.map((use) => trace(...use)))) {
        const last = error.trimEnd().split('\n').at(-1)!
        expect([status, last]).toEqual([1, expect.stringMatching(/^whorl: /)])
        expect(last).toContain(words)
        expect(last).toContain(path)
        expect(error).not.toContain('    at ')
      }
    }
  }, 300_000)

  it('a damaged payload is read, but not without a word', async () => {
    const path = join(folder, 'payload')
    writeFileSync(path, damaged((bytes) => bytes.fill(0x2a, 600, 605)))
    const { status, lines, error } = await trace(path)
    expect([status, lines.length, error]).toEqual([0, 50, `${path} is damaged: its digest is that of other bytes\n`])
  })

  it('says when nothing meets the conditions, and which hosts there are', async () => {
    expect(await trace('--connection', '99', sample)).toEqual(
      { status: 0, lines: [], error: 'no record meets the conditions\n' })
    expect(await trace('--host', 'client,nobody', sample)).toEqual(
      { status: 2, lines: [], error: 'whorl: there is no host "nobody"; there are client, server\n' })
    const { lines } = await trace('--kind', 'crash', '--kind', 'unhandled', sample)
    expect(lines.length).toBe(2)
  })

  it('nothing that is asked for is passed over, and no trace written over', async () => {
    for (const [args, words] of [
      [['--diff', longer, '--host', 'client'], '--host does not go with --diff'],
      [['--summary', '--kind', 'log'], '--kind does not go with --summary'],
      [['--timers'], '--timers needs --svg or --html'], [['--context', '3'], '--context needs --diff'],
      [['--host', ','], '--host takes'], [['--svg', sample], `--svg would write over ${sample}`],
    ] as const) {
      expect(await trace(...args, sample)).toMatchObject({ status: 2, lines: [], error: expect.stringContaining(words) })
    }
    expect(await trace(sample)).toMatchObject({ status: 0 })
  })

  it('what a terminal would obey is not printed, wherever it stands in the file', async () => {
    const path = join(folder, 'evil.trace')
    const evil = '\x1b]0;x\x07\x1b[2J'
    const one = makeWriter({ seed: evil })
    one.host(1, `a${evil}`, evil, evil)
    one.connect(1, 1, 1, evil, 1, evil, 2, 'tcp')
    one.datagramSent(1, 1, 1, evil, 1, new Uint8Array(1))
    one.log(1, evil, evil)
    writeFileSync(path, one.bytes())
    const printed = await Promise.all([trace(path), trace('--summary', path), trace('--diff', sample, path),
      trace('--host', 'b', path)])
    for (const { lines, error } of printed) expect([...lines, error].join('')).not.toMatch(/[\x1b\x07]/)
  })
})
