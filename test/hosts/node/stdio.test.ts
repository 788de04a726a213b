/**
 * Standard input and output, of processes that have nothing else: pipes, files, a terminal.
 */
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { build } from '../../../scripts/build.mjs'
import { NotSupportedError } from '../../../src/errors/index.js'
import { Reactor } from '../../../src/reactor/index.js'
import { StandardIO } from '../../../src/transports/index.js'
import { reactors, Recorder } from './helpers.js'
import { checkNothingLeft } from './left-behind.js'
import { GOOD, killAll, program, Run } from './programs/run.js'

checkNothingLeft()
const newReactor = reactors(afterEach)

beforeAll(async () => {
  await build()
}, 120_000)

afterEach(killAll)

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'whorl-stdio-'))
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('standard input and output on Node', () => {
  it('pipes: bytes come back, the end of the input is the end', async () => {
    const run = Run.peer(['stdio', 'Echo'])
    run.child.stdin?.write('hello')
    await run.until(() => run.out === 'hello')
    run.child.stdin?.end(' and bye')
    expect(await run.ended).toEqual(GOOD)
    expect(run.out).toBe('hello and bye')
    expect(run.said).toEqual(['made process process', 'lost ConnectionDone after 13'])
  })

  it('pipes of a shell: 3 MB through, and whoever reads sees the end', async () => {
    const script = `head -c 3000000 /dev/zero | "${process.execPath}" "${program}" stdio Echo | wc -c`
    const run = new Run('/bin/sh', ['-c', script])
    expect(await run.ended).toEqual(GOOD)
    expect(run.out.trim()).toBe('3000000')
    expect(run.said).toContain('lost ConnectionDone after 3000000')
  })

  it('half-close: the answer to a whole input', async () => {
    const run = Run.peer(['stdio', 'Half'])
    run.child.stdin?.end('x'.repeat(200_000))
    expect(await run.ended).toEqual(GOOD)
    expect(run.out).toBe('got 200000')
    expect(run.said).toEqual(['made process process', 'read lost', 'write lost', 'lost ConnectionDone after 200000'])
  })

  it.each(['pair', 'pipe'])('half-close the other way: whoever reads sees the end while the program reads on (%s)', async (kind) => {
    const run = kind === 'pair' ? Run.peer(['stdio', 'OutputFirst'])
      : new Run('/bin/sh', ['-c', `cat | "${process.execPath}" "${program}" stdio OutputFirst | (cat; echo " END")`])
    if (kind === 'pair') await new Promise((resolve) => run.child.stdout?.on('end', resolve))
    else await run.until(() => run.out === 'all of it END\n')
    expect(run.out).toContain('all of it')
    run.child.stdin?.end('more')
    expect(await run.ended).toEqual(GOOD)
    expect(run.said).toEqual(['made process process', 'write lost', 'read lost', 'lost ConnectionDone after 4'])
  })

  it('loseConnection: what was written goes out, and the program ends though its input stays open', async () => {
    const run = Run.peer(['stdio', 'Closer'])
    expect(await run.ended).toEqual(GOOD)
    expect(run.out).toBe('bye')
    expect(run.said).toEqual(['made process process', 'lost ConnectionDone after 0'])
  })

  it('the numbers 0 and 1 go to the null device, and console.log does no harm', async () => {
    const run = Run.peer(['stdio', 'Closer', 'numbers'])
    expect(await run.ended).toEqual(GOOD)
    expect(run.out).toBe('bye')
    expect(run.said.at(-1)).toBe('0 and 1 are devices: true true')
  })

  it('a reader that goes away: ConnectionLost, not a dead program', async () => {
    const run = Run.peer(['stdio', 'Flooder', 'stay'])
    await run.until(() => run.out.length > 0)
    run.child.stdout?.destroy()
    expect(await run.ended).toEqual(GOOD)
    expect(run.said).toEqual(['made process process', 'stopped producing', 'lost ConnectionLost after 0', 'stayed'])
  })

  it('a writer that goes on after the program closed its input is told', async () => {
    const command = `yes | "${process.execPath}" "${program}" stdio Aborter stay`
    const run = new Run('/bin/bash', ['-c', `${command}; echo "\${PIPESTATUS[0]}"`])
    await run.ended
    expect(run.said[1]).toMatch(/^lost ConnectionAborted/)
    expect(run.out).toBe(`${128 + 13}\n`)
  })

  it('pausing holds the input back', async () => {
    const run = Run.peer(['stdio', 'Sleeper'])
    run.child.stdin?.end('y'.repeat(1000))
    expect(await run.ended).toEqual(GOOD)
    expect(run.said).toEqual(['made process process', 'paused at 0', 'lost ConnectionDone after 1000'])
  })

  it('files', async () => {
    writeFileSync(join(folder, 'in'), 'z'.repeat(300_000))
    const [input, output] = [openSync(join(folder, 'in'), 'r'), openSync(join(folder, 'out'), 'w')]
    const run = Run.peer(['stdio', 'Echo'], [input, output, 'pipe'])
    closeSync(input)
    closeSync(output)
    expect(await run.ended).toEqual(GOOD)
    expect(readFileSync(join(folder, 'out'), 'latin1')).toBe('z'.repeat(300_000))
    expect(run.said.at(-1)).toBe('lost ConnectionDone after 300000')
  })

  it('no input at all', async () => {
    const run = Run.peer(['stdio', 'Half'], ['ignore', 'pipe', 'pipe'])
    expect(await run.ended).toEqual(GOOD)
    expect(run.out).toBe('got 0')
  })

  it('a terminal: a line is read, and it is left as it was', async () => {
    const echo = `"${process.execPath}" "${program}" stdio Echo`
    // A terminal between two programs: `script` is everywhere, and stty tells of its state.
    const run = new Run('script', ['-qec', `stty -g; ${echo}; stty -g; echo over`, '/dev/null'])
    await run.until(() => run.out.includes('made process'))
    run.child.stdin?.write('a line\r')
    await run.until(() => run.out.split('a line').length > 2)
    run.child.stdin?.write('\x04')
    await run.until(() => run.out.includes('over'))
    run.child.stdin?.end()
    await run.ended
    const states = run.out.match(/[0-9a-f]+(?::[0-9a-f]+){10,}/g) ?? []
    expect(states).toHaveLength(2)
    expect(states[1]).toBe(states[0])
    expect(run.out).toContain('lost ConnectionDone after 7')
  })

  it('serves one connection in the life of a program', async () => {
    const run = Run.peer(['stdio', 'Echo', 'twice'])
    run.child.stdin?.end()
    expect(await run.ended).toEqual(GOOD)
    expect(run.said).toContain('StandardIOTaken')
  })

  it('wrong arguments, and hosts without it', () => {
    const reactor = newReactor()
    expect(() => new StandardIO({} as never, reactor)).toThrow(TypeError)
    const bare = new Reactor({ core: () => { throw new Error('not asked') }, host: reactor.host })
    expect(() => new StandardIO(new Recorder(), bare)).toThrow(NotSupportedError)
  })
})
