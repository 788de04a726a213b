/**
 * The runner of `npm run test:hosts`: a host that fails, hangs, prints rubbish, leaves cases out, or cannot be fetched
 * or started is a failure, and does not keep the next from being run.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CAPABILITIES } from '../../contract/contract.js'
import type { Capabilities, CaseResult, ContractHost, ContractSuite, HostReport, Lab } from '../../contract/contract.js'
import { runSuites } from '../../contract/run.js'
import { runProgram } from '../../hosts/runner/child.js'
import { fetchPackage, hashOf } from '../../hosts/runner/fetch.js'
import type { Launcher } from '../../hosts/runner/launcher.js'
import { between, failuresOf, markdown, matrixText, totalOf } from '../../hosts/runner/matrix.js'
import type { Row } from '../../hosts/runner/matrix.js'
import { faultsOf, parseReport } from '../../hosts/runner/report.js'
import { runHosts } from '../../hosts/runner/run-hosts.js'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'whorl-runner-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const suites: ContractSuite[] = [
  { name: 'one', cases: [{ name: 'a', run: () => undefined }, { name: 'b', run: () => undefined }] },
  { name: 'ways', perWay: true, cases: [{ name: 'c', run: () => undefined }] },
]
const capabilities = Object.fromEntries(CAPABILITIES.map((name) =>
  [name, name === 'threads' ? 'there is but one' : true])) as Capabilities

const GOOD: CaseResult[] = [
  { suite: 'one', name: 'a', outcome: 'passed' },
  { suite: 'one', name: 'b', outcome: 'declared', detail: 'threads: there is but one' },
  { suite: 'ways', way: 'tcp', name: 'c', outcome: 'passed' },
]

function report(results: readonly unknown[] = GOOD): HostReport {
  return { host: 'fake', version: '1', capabilities, results: results as CaseResult[] }
}

function run(launchers: readonly Launcher[], limit = 30_000): Promise<Row[]> {
  return runHosts(launchers, {
    root: folder, lab: {} as Lab, suites, limit, packages: { folder, pins: {} }, log: () => undefined,
  })
}

describe('the runner of hosts', () => {
  it('counts what a good host reports', async () => {
    const rows = await run([{ name: 'good', launch: async () => report() }])
    expect(rows[0]!.faults).toEqual([])
    expect(totalOf(rows)).toEqual({ passed: 2, failed: 0, declared: 1 })
    expect(matrixText(rows)).toMatch(/one +1 \[1\]\n/)
    expect(failuresOf(rows[0]!)).toEqual([])
  })

  it('a case that failed is a failure, told with its detail', async () => {
    const bad = { suite: 'one', name: 'a', outcome: 'failed', detail: 'Error: planted\n  at somewhere' }
    const rows = await run([{ name: 'bad', launch: async () => report([bad, ...GOOD.slice(1)]) }])
    expect(totalOf(rows)).toEqual({ passed: 1, failed: 1, declared: 1 })
    expect(failuresOf(rows[0]!)).toEqual(['bad: one: a\n    Error: planted\n      at somewhere'])
    expect(matrixText(rows)).toMatch(/one +0 1! \[1\]\n/)
  })

  it('a host that throws, hangs, or reports what is no report is a failure, and the next is run', async () => {
    let wasTold = false
    const rows = await run([
      { name: 'throws', launch: () => Promise.reject(new Error('it does not start')) },
      {
        name: 'hangs',
        launch: ({ signal }) => new Promise((_resolve, reject) => signal.addEventListener('abort', () => {
          wasTold = true
          reject(signal.reason as Error)
        })),
      },
      { name: 'deaf', launch: () => new Promise(() => undefined) },
      { name: 'rubbish', launch: async () => 'rubbish' as unknown as HostReport },
      { name: 'nothing', launch: async () => report([]) },
      { name: 'good', launch: async () => report() },
    ], 50)
    expect(rows.map((row) => row.faults.length)).toEqual([1, 1, 1, 1, 1, 0])
    expect(rows[0]!.faults[0]).toContain('it does not start')
    expect(rows[1]!.faults[0]).toContain('not done after')
    expect(rows[2]!.faults[0]).toContain('not done after')
    expect(wasTold).toBe(true)
    expect(totalOf(rows)).toEqual({ passed: 2, failed: 5, declared: 1 })
  })

  it('a host whose package is not pinned, or whose Debian package is missing, is a failure', async () => {
    let launched = 0
    const launch = async (): Promise<HostReport> => {
      launched += 1
      return report()
    }
    const rows = await run([{ name: 'npm', npm: ['left-pad@1.0.0'], launch }])
    expect(rows[0]!.faults[0]).toContain('not pinned')
    expect(launched).toBe(0)
  })

  it('gives each host an empty folder, which is gone afterwards', async () => {
    let scratch = ''
    await run([{
      name: 'writes',
      launch: async (context) => {
        scratch = context.scratch
        writeFileSync(join(scratch, 'file'), 'x')
        return report()
      },
    }])
    expect(() => readFileSync(join(scratch, 'file'))).toThrow('ENOENT')
  })
})

describe('a report', () => {
  it.each([
    ['a case that is left out', GOOD.slice(1), 'one: a: 0 results'],
    ['a case that is there twice', [GOOD[0], ...GOOD], 'one: a: 2 results'],
    ['a suite that is left out', GOOD.slice(0, 2), 'the suite ways is missing'],
    ['a result that is none', [...GOOD, { suite: 'one', name: 'x', outcome: 'skipped' }], 'this is no result'],
    ['something declared without a reason', [{ ...GOOD[0], outcome: 'declared' }, ...GOOD.slice(1)], 'without a reason'],
  ])('%s is a fault', (_what, results, text) => {
    expect(faultsOf(report(results), suites).join('\n')).toContain(text)
  })

  it('a capability that is neither there nor missing for a reason is a fault', () => {
    const { threads: _threads, ...rest } = capabilities
    expect(faultsOf({ ...report(), capabilities: rest }, suites)).toEqual([expect.stringContaining('threads')])
    expect(faultsOf({ ...report(), capabilities: { ...rest, threads: ' ' } }, suites)).toHaveLength(1)
  })

  it('of a host with suites of its own need not hold the contract\'s', () => {
    expect(faultsOf({ ...report(), capabilities: {}, results: GOOD.slice(0, 1) }, [])).toEqual([])
  })

  it('is read off the last line of what a program wrote', () => {
    expect(parseReport(`noise\n${JSON.stringify(report())}\n`)).toEqual(report())
    expect(() => parseReport('noise')).toThrow('should be a report begins with "noise"')
  })

  it('becomes tables between the markers of a page, with reasons as notes', () => {
    const lacking = { suite: 'ways', way: 'pipe', name: 'c', outcome: 'declared', detail: 'reset: a pipe has none' }
    const other = { suite: 'one', name: 'd', outcome: 'declared', detail: 'wasm: it is forbidden' }
    const rows: Row[] = ['good', 'fair'].map((name) =>
      ({ name, report: report([...GOOD, lacking, other]), faults: [], seconds: 1 }))
    const page = between('before\n<!-- matrix: begin -->\nold\n<!-- matrix: end -->\nafter\n', markdown(rows))
    expect(page).toMatch(/^before\n<!-- matrix: begin -->\n[^]*<!-- matrix: end -->\nafter\n$/)
    expect(page).not.toContain('old')
    expect(page).toContain('| `threads` | no [1] | no [1] |')
    expect(page).toContain('\n- pipe: reset: a pipe has none (good, fair)\n- one: wasm: it is forbidden (good, fair)\n')
    expect(page).not.toContain('one: threads')
    expect(page).toContain('1. `threads`: there is but one')
    expect(() => between('no markers', 'x')).toThrow('the page has no')
  })
})

describe('a case', () => {
  it('that this host cannot be asked is declared, with its reason, and not run', async () => {
    let ran = 0
    const cases = [null, 'abacus: it has none'].map((why, i) => ({
      name: `case ${i}`, lacks: ({ name }: ContractHost) => name === 'fake' ? why : 'another host', run: () => void (ran += 1),
    }))
    const reactor = {
      callLater: () => ({ active: () => false }), openTransports: () => [], getDelayedCalls: () => [],
    }
    const host = { name: 'fake', version: '1', capabilities, ways: [], createReactor: () => reactor }
    const { results } = await runSuites(host as unknown as ContractHost, [{ name: 'one', cases }])
    expect(results.map(({ outcome, detail }) => [outcome, detail]))
      .toEqual([['passed', undefined], ['declared', 'abacus: it has none']])
    expect(ran).toBe(1)
  })
})

describe('fetching', () => {
  /** Packs a folder with one file as npm does, into where it is wanted. */
  function pack(content: string): { hash: string, pack: (spec: string, into: string) => Promise<void>, calls: string[] } {
    const source = join(folder, 'source')
    mkdirSync(join(source, 'package'), { recursive: true })
    writeFileSync(join(source, 'package', 'file'), content)
    const tarball = join(folder, 'source.tgz')
    execFileSync('tar', ['-czf', tarball, '-C', source, 'package'])
    const calls: string[] = []
    return {
      hash: hashOf(readFileSync(tarball)), calls,
      pack: async (spec, into) => {
        calls.push(spec)
        writeFileSync(join(into, 'thing-1.0.0.tgz'), readFileSync(tarball))
      },
    }
  }

  it('unpacks what has the pinned hash, once', async () => {
    const made = pack('x')
    const options = { folder: join(folder, 'npm'), pins: { '@a/thing@1.0.0': made.hash }, pack: made.pack }
    mkdirSync(options.folder)
    const place = await fetchPackage('@a/thing@1.0.0', options)
    expect(readFileSync(join(place, 'file'), 'utf8')).toBe('x')
    expect(await fetchPackage('@a/thing@1.0.0', options)).toBe(place)
    expect(made.calls).toHaveLength(1)
  })

  it('refuses what has another, and leaves nothing of it', async () => {
    const made = pack('y')
    const options = { folder: join(folder, 'npm'), pins: { 'thing@1.0.0': 'sha512-other' }, pack: made.pack }
    mkdirSync(options.folder)
    await expect(fetchPackage('thing@1.0.0', options)).rejects.toThrow('is not what was pinned')
    await expect(fetchPackage('thing@1.0.0', options)).rejects.toThrow('is not what was pinned')
    expect(made.calls).toHaveLength(2)
  })
})

describe('a program', () => {
  const signal = new AbortController().signal

  it('gives what it wrote, and gets its input', async () => {
    expect(await runProgram(process.execPath, ['-e', 'process.stdin.pipe(process.stdout)'], { input: 'hello', signal }))
      .toBe('hello')
  })

  it('that ends with another status, cannot be started, or is given up on fails', async () => {
    await expect(runProgram(process.execPath, ['-e', 'console.error("why"); process.exit(3)'], { signal }))
      .rejects.toThrow(/status 3\nwhy/)
    await expect(runProgram(join(folder, 'nothing'), [], { signal })).rejects.toThrow('ENOENT')
    await expect(runProgram(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { signal: AbortSignal.abort() }))
      .rejects.toThrow('SIGKILL')
  })
})
