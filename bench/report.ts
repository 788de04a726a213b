/**
 * Tables of results: for people on a terminal, and in Markdown for the documentation. Only arranges what the harness
 * measured; decides nothing.
 */
import { METRIC_NAMES, number, range, result, target, unitOf, verdict } from './format.js'
import type { CaseResult, Comparison, Machine, Metric, Results, SideResult, SubjectResult } from './model.js'

export function machineLine(machine: Machine): string {
  return `Node ${machine.node}, ${machine.platform} ${machine.arch}, ${machine.cpu}, ${machine.cores} cores, ` +
    `${machine.memoryGiB} GiB`
}

export function subjectText(subject: SubjectResult): string {
  const lines = ['', `${subject.name}: ${subject.title}`, `  ${subject.description}`]
  for (const each of subject.cases) lines.push('', ...caseText(each))
  lines.push('', `  ${number(subject.seconds)} s`)
  return lines.join('\n')
}

/** The compared metrics first, then what else was measured. */
function metricsOf(each: CaseResult): Metric[] {
  const all = new Set<Metric>(each.metrics)
  for (const side of each.sides) for (const metric of Object.keys(side.perOperation)) all.add(metric as Metric)
  return [...all]
}

function caseText(each: CaseResult): string[] {
  const metrics = metricsOf(each)
  const heads = metrics.flatMap((metric) => [`${METRIC_NAMES[metric]}, ${unitOf(metric)}`, 'min–max'])
  const head = ['', ...heads, 'rounds']
  const rows = each.sides.map((side) => {
    const mark = side.role === 'ours' ? '*' : ' '
    return [`${mark} ${side.name}`, ...sideCells(side, metrics)]
  })
  const title = `  ${each.name}: per ${each.operation}, ${each.n.toLocaleString('en')} a round, median`
  return [title, ...columns([head, ...rows]).map((row) => `    ${row}`), ...comparisonText(each)]
}

function sideCells(side: SideResult, metrics: readonly Metric[]): string[] {
  if (!side.installed) return ['not installed', side.reason ?? '']
  const cells = metrics.flatMap((metric) => {
    const value = side.perOperation[metric]
    return value === undefined ? ['', ''] : [number(value.median), range(value)]
  })
  return [...cells, String(side.rounds)]
}

function comparisonText(each: CaseResult): string[] {
  const rows = each.comparisons.map((comparison) => [
    comparison.ours, phrase(comparison, each), comparison.result === null ? '' : `(${range(comparison.result)})`,
    target(comparison) === '' ? '' : `target ${target(comparison)}: ${verdict(comparison)}`,
  ])
  return columns(rows, true).map((row) => `    → ${row}`)
}

function phrase(comparison: Comparison, each: CaseResult): string {
  const rival = `${comparison.rival}${comparison.best ? ' (best rival)' : ''}`
  if (comparison.result === null) return `${rival}: not installed`
  const of = each.metrics.length > 1 ? `${METRIC_NAMES[comparison.metric]} ` : ''
  if (comparison.kind === 'at-least') {
    return `${result(comparison)} as fast as ${rival}${of === '' ? '' : `, ${METRIC_NAMES[comparison.metric]}`}`
  }
  if (comparison.kind === 'at-most') return `${result(comparison)} the ${METRIC_NAMES[comparison.metric]} of ${rival}`
  return `${of}${result(comparison)} against ${rival}`
}

/** Pads each column; the first is left-aligned, the others right-aligned unless `left`. */
function columns(rows: readonly (readonly string[])[], left = false): string[] {
  const widths: number[] = []
  for (const row of rows) {
    row.forEach((cell, i) => {
      // A reason stands in the place of many cells, and must not widen them.
      if (i > 0 && row[1] === 'not installed' && i === 2) return
      widths[i] = Math.max(widths[i] ?? 0, cell.length)
    })
  }
  return rows.map((row) => row.map((cell, i) =>
    i === 0 || left ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)).join('  ').trimEnd())
}

export function resultsMarkdown(results: Results): string {
  const lines = [
    `Measured on ${results.date.slice(0, 10)}: ${machineLine(results.machine)}` +
      `${results.quick ? ', with `--quick`' : ''}.`,
    'Every target, and every best rival. Medians; in brackets the lowest and the highest of all rounds. Ratios are ' +
      'taken pair by pair.', '',
    '| subject | case | ours | rival | ratio | target | |', '| --- | --- | --- | --- | --- | --- | --- |',
  ]
  for (const subject of results.subjects) {
    for (const each of subject.cases) {
      for (const comparison of each.comparisons) {
        if (comparison.target !== null || comparison.best) lines.push(markdownRow(subject, each, comparison))
      }
    }
  }
  return lines.join('\n') + '\n'
}

function markdownRow(subject: SubjectResult, each: CaseResult, comparison: Comparison): string {
  const cell = (name: string): string => {
    const value = each.sides.find((side) => side.name === name)?.perOperation[comparison.metric]
    if (value === undefined) return name
    return `${name}: ${number(value.median)} ${unitOf(comparison.metric)} (${range(value)})`
  }
  const ratio = comparison.result === null
    ? 'not installed'
    : `${result(comparison)} (${range(comparison.result)})`
  const where = `${each.name}, per ${each.operation}, ${METRIC_NAMES[comparison.metric]}`
  const cells = [subject.name, where, cell(comparison.ours), cell(comparison.rival), ratio, target(comparison),
    verdict(comparison)]
  return `| ${cells.join(' | ')} |`
}
