/**
 * Shows what hosts reported: the matrix host × suite for a terminal and for docs/hosts.md, and the table of what each
 * host can do, with the reasons for what it cannot as footnotes.
 *
 * Owns: the texts only. Must not know: hosts, files.
 */
import { CAPABILITIES } from '../../contract/contract.js'
import type { CaseResult, HostReport } from '../../contract/contract.js'
import { labelOf } from './report.js'

/** One host, as the runner found it. */
export interface Row {
  /** The launcher's name. */
  readonly name: string
  /** Null where there is none: it could not be fetched, started, or understood. */
  readonly report: HostReport | null
  /** Why there is no report, or what is wrong with it. */
  readonly faults: readonly string[]
  readonly seconds: number
}

export interface Counts {
  readonly passed: number
  readonly failed: number
  readonly declared: number
}

export function countsOf(results: readonly CaseResult[]): Counts {
  const of = (outcome: CaseResult['outcome']): number => results.filter((one) => one.outcome === outcome).length
  return { passed: of('passed'), failed: of('failed'), declared: of('declared') }
}

/** All hosts together; whatever is wrong with a host as such is one failure each. */
export function totalOf(rows: readonly Row[]): Counts {
  const counts = countsOf(rows.flatMap((row) => row.report?.results ?? []))
  return { ...counts, failed: counts.failed + rows.reduce((sum, row) => sum + row.faults.length, 0) }
}

/** Every failure of a host, with what it said. */
export function failuresOf(row: Row): string[] {
  const failed = row.report?.results.filter((one) => one.outcome === 'failed') ?? []
  return [
    ...row.faults.map((fault) => `${row.name}: ${fault}`),
    ...failed.map((one) => `${row.name}: ${labelOf(one)}\n${indent(one.detail ?? 'it did not say why')}`),
  ]
}

/** The matrix for a terminal. */
export function matrixText(rows: readonly Row[]): string {
  const suites = suitesOf(rows)
  const table = [['', ...rows.map((row) => row.name)]]
  for (const suite of suites) table.push([suite, ...rows.map((row) => cell(row, suite))])
  table.push(['seconds', ...rows.map((row) => String(Math.round(row.seconds)))])
  const widths = table[0]!.map((_, column) => Math.max(...table.map((line) => line[column]!.length)))
  const lines = table.map((line) => line.map((text, column) =>
    column === 0 ? text.padEnd(widths[column]!) : text.padStart(widths[column]!)).join('  ').trimEnd())
  return `${lines.join('\n')}\n(passed, then what failed with !, then what is declared missing in brackets)\n`
}

/** `12`, `12 3!`, `12 [4]`, or an em dash where there is nothing. */
function cell(row: Row, suite: string): string {
  const { passed, failed, declared } = countsOf(row.report?.results.filter((one) => one.suite === suite) ?? [])
  if (passed + failed + declared === 0) return '–'
  return `${passed}${failed > 0 ? ` ${failed}!` : ''}${declared > 0 ? ` [${declared}]` : ''}`
}

/** What stands in docs/hosts.md: both tables and the reasons. Nothing in it depends on when it was run. */
export function markdown(rows: readonly Row[]): string {
  const heads = rows.map((row) => `${row.name}<br>${row.report?.version ?? 'did not run'}`)
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  const rule = line(['---', ...rows.map(() => '---')])
  const notes = new Map<string, number>()
  const noteOf = (text: string): number => {
    if (!notes.has(text)) notes.set(text, notes.size + 1)
    return notes.get(text)!
  }
  const contract = rows.filter((row) => row.report?.capabilities !== undefined
    && Object.keys(row.report.capabilities).length > 0)
  const able = CAPABILITIES.map((name) => line([`\`${name}\``, ...contract.map((row) => {
    const has = row.report!.capabilities[name]
    return has === true ? 'yes' : `no [${noteOf(`\`${name}\`: ${has}`)}]`
  })]))
  const ways = [...new Set(contract.flatMap((row) => row.report!.results.map((one) => one.way ?? '')))]
    .filter((way) => way !== '').sort()
  const streams = ways.map((way) => line([way, ...contract.map((row) => {
    const { passed, failed, declared } = countsOf(row.report!.results.filter((one) => one.way === way))
    return passed + failed + declared === 0 ? '' : `${passed}${failed > 0 ? ` (${failed} failed)` : ''}`
  })]))
  const head = line(['', ...contract.map((row) => row.name)])
  const narrow = line(['---', ...contract.map(() => '---')])
  return [
    'Cases passed; in brackets those that the host declares that it cannot, each with its reason.', '',
    line(['suite', ...heads]), rule,
    ...suitesOf(rows).map((suite) => line([suite, ...rows.map((row) => cell(row, suite))])), '',
    'What each host can do:', '', head, narrow, ...able, '',
    ...[...notes].map(([text, number]) => `${number}. ${text}`), '',
    'Cases passed for each way of having a stream:', '', head, narrow, ...streams, '',
    ...declaredElsewhere(rows),
  ].join('\n')
}

/**
 * What ways of streams do not promise, and what cases of other suites cannot be asked, with the hosts that say so; what
 * a host lacks as such is in the table above.
 */
function declaredElsewhere(rows: readonly Row[]): string[] {
  const found = new Map<string, Set<string>>()
  for (const { name, report } of rows) {
    for (const { suite, way, outcome, detail } of report?.results ?? []) {
      if (outcome !== 'declared') continue
      if (CAPABILITIES.some((capability) => detail?.startsWith(`${capability}: `))) continue
      const text = `${way ?? suite}: ${detail}`
      found.set(text, (found.get(text) ?? new Set()).add(name))
    }
  }
  return [...found].map(([text, names]) => `- ${text} (${[...names].join(', ')})`).concat(found.size > 0 ? [''] : [])
}

/** Puts a text between the markers of a page. @throws Error where it has none */
export function between(page: string, text: string): string {
  const [begin, end] = ['<!-- matrix: begin -->', '<!-- matrix: end -->']
  const [from, to] = [page.indexOf(begin), page.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`the page has no ${begin} … ${end}`)
  return `${page.slice(0, from + begin.length)}\n${text}${page.slice(to)}`
}

function suitesOf(rows: readonly Row[]): string[] {
  return [...new Set(rows.flatMap((row) => row.report?.results.map((one) => one.suite) ?? []))]
}

function indent(text: string): string {
  return text.split('\n').map((one) => `    ${one}`).join('\n')
}
