/**
 * The command line of the benchmarks: reads arguments, runs every subject in a process of its own (so that one's
 * garbage and compiled code are not another's), prints tables, writes JSON, Markdown and charts.
 */
import { fork } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { subjectChart } from './chart.js'
import { measureSubject } from './harness.js'
import type { Machine, Results, Subject, SubjectResult } from './model.js'
import { machineLine, resultsMarkdown, subjectText } from './report.js'
import { subjects } from './subjects/index.js'

interface Settings {
  readonly chosen: readonly Subject[]
  readonly quick: boolean
  readonly rounds: number | undefined
  readonly json: string | undefined
  readonly markdown: string | undefined
  readonly svg: string
  readonly here: boolean
}

/** Tells a forked copy of this program that its order comes as a message. */
const CHILD = '--child'

class UsageError extends Error {
  override readonly name = 'UsageError'
}

function usage(): string {
  const width = Math.max(...subjects.map((each) => each.name.length))
  return [
    'npm run bench -- [subject…] [options]', '',
    'Without a name, all subjects run; http runs all that begin with http-, and so on.', '', 'Subjects:',
    ...subjects.map((each) => `  ${each.name.padEnd(width)}  ${each.title}`), '', 'Options:',
    '  --quick          small runs, in under a minute for all subjects: for a look, not for figures',
    '  --rounds N       rounds of every case, whatever time they take',
    '  --json FILE      write everything that was measured',
    '  --markdown FILE  write the table of ratios as Markdown',
    '  --svg DIR        where the charts go, one file a subject (default: bench/results)',
    '  --here           measure in this process, for a profiler',
    '  --help           this text', '',
  ].join('\n')
}

function readArguments(args: readonly string[]): Settings | 'help' {
  const { values, positionals } = parse(args)
  if (values.help === true) return 'help'
  for (const name of positionals) {
    if (!subjects.some((each) => isMeant(each, name))) {
      const names = subjects.map((each) => each.name).join(', ')
      throw new UsageError(`no subject is called '${name}'; there are: ${names}`)
    }
  }
  const rounds = values.rounds === undefined ? undefined : Number(values.rounds)
  if (rounds !== undefined && !(Number.isInteger(rounds) && rounds > 0)) {
    throw new UsageError(`--rounds takes a whole number from 1, not '${values.rounds}'`)
  }
  return {
    chosen: positionals.length === 0 ? subjects : subjects.filter((each) =>
      positionals.some((name) => isMeant(each, name))),
    quick: values.quick === true, rounds, json: values.json, markdown: values.markdown,
    svg: values.svg ?? join('bench', 'results'), here: values.here === true,
  }
}

/** `http` is all whose names begin with `http-`. */
function isMeant(subject: Subject, name: string): boolean {
  return subject.name === name || subject.name.startsWith(`${name}-`)
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args], allowPositionals: true,
      options: {
        quick: { type: 'boolean' }, rounds: { type: 'string' }, json: { type: 'string' },
        markdown: { type: 'string' }, svg: { type: 'string' }, here: { type: 'boolean' }, help: { type: 'boolean' },
      },
    })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

function machine(): Machine {
  const all = cpus()
  return {
    node: process.versions.node, v8: process.versions.v8, platform: process.platform, arch: process.arch,
    cpu: all[0]?.model.trim() ?? 'unknown', cores: all.length, memoryGiB: Math.round(totalmem() / 2 ** 30),
  }
}

function measureHere(subject: Subject, settings: Pick<Settings, 'quick' | 'rounds'>): Promise<SubjectResult> {
  return measureSubject(subject, {
    quick: settings.quick, ...(settings.rounds === undefined ? {} : { rounds: settings.rounds }),
    progress: (text) => process.stderr.write(`measuring ${text} …\n`),
  })
}

interface Order {
  readonly name: string
  readonly quick: boolean
  readonly rounds?: number
}

type Answer = { readonly result: SubjectResult } | { readonly error: string }

function measureInChild(subject: Subject, settings: Settings): Promise<SubjectResult> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(import.meta.url), [CHILD], { execArgv: [] })
    child.once('message', (answer: Answer) => {
      if ('error' in answer) reject(new Error(answer.error))
      else resolve(answer.result)
    })
    child.once('exit', (code, signal) => reject(new Error(`${subject.name}: the process ended (${signal ?? code})`)))
    const { quick, rounds } = settings
    child.send({ name: subject.name, quick, ...(rounds === undefined ? {} : { rounds }) } satisfies Order)
  })
}

/** The other end of `measureInChild`. */
function serveOneOrder(): void {
  process.once('message', (order: Order) => {
    const subject = subjects.find((each) => each.name === order.name) as Subject
    const send = (answer: Answer): void => { process.send?.(answer, () => process.exit(0)) }
    measureHere(subject, { quick: order.quick, rounds: order.rounds }).then(
      (result) => send({ result }),
      (error: unknown) => send({ error: error instanceof Error ? error.message : String(error) }),
    )
  })
}

async function main(args: readonly string[]): Promise<number> {
  const settings = readArguments(args)
  if (settings === 'help') {
    process.stdout.write(usage())
    return 0
  }
  const results: SubjectResult[] = []
  let failed = 0
  process.stdout.write(`${machineLine(machine())}\n* is ours. All ratios: medians over pairs of rounds.\n`)
  for (const subject of settings.chosen) {
    try {
      const result = await (settings.here ? measureHere(subject, settings) : measureInChild(subject, settings))
      results.push(result)
      process.stdout.write(subjectText(result) + '\n')
    } catch (error) {
      failed++
      process.stderr.write(`FAILED ${error instanceof Error ? error.message : String(error)}\n`)
    }
  }
  write(settings, { date: new Date().toISOString(), quick: settings.quick, machine: machine(), subjects: results })
  return failed === 0 ? 0 : 1
}

function write(settings: Settings, results: Results): void {
  if (settings.json !== undefined) writeFileSync(settings.json, JSON.stringify(results, null, 2) + '\n')
  if (settings.markdown !== undefined) writeFileSync(settings.markdown, resultsMarkdown(results))
  if (results.subjects.length > 0) mkdirSync(settings.svg, { recursive: true })
  for (const subject of results.subjects) {
    writeFileSync(join(settings.svg, `${subject.name}.svg`), subjectChart(subject))
  }
}

if (process.argv[2] === CHILD) serveOneOrder()
else {
  main(process.argv.slice(2)).then((status) => { process.exitCode = status }, (error: unknown) => {
    const expected = error instanceof UsageError
    process.stderr.write(`${expected ? error.message : error instanceof Error ? error.stack : String(error)}\n`)
    process.exitCode = expected ? 2 : 1
  })
}
