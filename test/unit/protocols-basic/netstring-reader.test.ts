/**
 * The sans-IO example: its reader in this process, and the program as people run it.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BrokenNetstring, readNetstrings } from '../../../examples/netstring-reader/read.js'
import { bytes, cuts, text } from './support.js'

const root = fileURLToPath(new URL('../../../', import.meta.url))

function read(chunks: Uint8Array[], maxLength = 99999): [number, string][] {
  const found: [number, string][] = []
  readNetstrings(chunks, maxLength, (at, data) => found.push([at, text(data)]))
  return found
}

describe('readNetstrings', () => {
  it('tells where each begins, however the bytes are cut', () => {
    const long = 'x'.repeat(10)
    let compared = 0
    for (const parts of [...cuts(bytes(`5:hello,0:,10:${long},`))].slice(0, 20)) {
      expect(read(parts)).toEqual([[0, 'hello'], [8, ''], [11, long]])
      compared++
    }
    expect(compared).toBe(20)
  })

  it('hands out what is good before it throws at what is not', () => {
    for (const [stream, message] of [
      ['1:a,2:bb,x', 'no digit'], ['1:a,2:bb,03:abc,', 'leading zero'], ['1:a,2:bb,6:', 'over the limit'],
      ['1:a,2:bb,2:bbb', 'no comma'], ['1:a,2:bb,5', 'in the middle'], ['1:a,2:bb,5:', 'in the middle'],
      ['1:a,2:bb,5:abcde', 'in the middle'], ['1:a,2:bb,\n', 'no digit'],
    ]) {
      const found: string[] = []
      const reading = (): void => readNetstrings([bytes(stream)], 5, (_at, data) => found.push(text(data)))
      expect(reading).toThrow(BrokenNetstring)
      expect(reading).toThrow(expect.objectContaining({ at: 9, message: expect.stringContaining(message) }))
      expect(found).toEqual(['a', 'bb', 'a', 'bb'])
    }
  })
})

describe('the program', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'whorl-'))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  function run(...args: string[]): { status: number | null; out: string; err: string } {
    const program = join(root, 'build/js/examples/netstring-reader/main.js')
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { encoding: 'utf8' })
    return { status, out: stdout, err: stderr }
  }

  it('prints the sample', () => {
    const { status, out, err } = run()
    expect([status, err]).toEqual([0, ''])
    expect(out.split('\n').slice(0, 5)).toEqual([
      '0\t5\t"hello"', '8\t0\t""', '11\t28\t"a comma, a colon: just bytes"', '43\t14\t"¿qué tal…?"',
      '61\t21\t"10:netstrings,4:nest,"',
    ])
    expect(out).toContain('\t4\t<00 01 fe ff>\n')
    const sample = readFileSync(join(root, 'examples/netstring-reader/sample.netstrings'))
    expect(run(join(root, 'examples/netstring-reader/sample.netstrings')).out).toBe(out)
    expect(read([sample])).toHaveLength(out.split('\n').length - 1)
  })

  it('prints what comes before the broken place, names that place, and ends with status 1', () => {
    const file = join(folder, 'broken')
    writeFileSync(file, '3:abc,2:xyz,')
    const { status, out, err } = run(file)
    expect([status, out]).toEqual([1, '0\t3\t"abc"\n'])
    const reason = 'What was received is no netstring: no comma behind the payload.'
    expect(err).toBe(`netstring-reader: ${file}: at byte 6: ${reason}\n`)
  })

  it('obeys --max-length', () => {
    const file = join(folder, 'long')
    writeFileSync(file, `100000:${'x'.repeat(100000)},`)
    expect(run(file)).toMatchObject({ status: 1, err: expect.stringContaining('at byte 0: ') })
    expect(run('--max-length', '100000', file)).toMatchObject({ status: 0, err: '' })
  })

  it('says in one line what is wrong with a file or the command line', () => {
    const cases: [string[], number, RegExp][] = [
      [[join(folder, 'missing')], 1, /ENOENT/],
      [[folder], 1, /EISDIR/],
      [['--max-length', 'many'], 2, /--max-length takes a number/],
      [['--what'], 2, /--what/],
      [['a', 'b'], 2, /one file/],
    ]
    for (const [args, expected, message] of cases) {
      const { status, out, err } = run(...args)
      expect([status, out]).toEqual([expected, ''])
      expect(err).toMatch(/^netstring-reader: .*\n$/)
      expect(err).toMatch(message)
    }
  })

  it('has a help', () => {
    const { status, out } = run('--help')
    expect(status).toBe(0)
    expect(out).toContain('--max-length BYTES')
  })
})
