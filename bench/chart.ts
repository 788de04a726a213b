/**
 * One SVG per subject: a group of horizontal bars per case, medians with a whisker from the lowest to the highest
 * round. Each group has its own scale, from zero; shorter is better. Self-contained, and legible on light and dark
 * pages, because it brings its own background.
 */
import { METRIC_NAMES, number, unitOf } from './format.js'
import type { CaseResult, Metric, SideResult, SubjectResult } from './model.js'

const WIDTH = 820
const MARGIN = 24
const LABELS = 250
const VALUES = 96
const BAR = 18
const STEP = 26
const TRACK = WIDTH - 2 * MARGIN - LABELS - VALUES

const STYLE = `
    .page { fill: #ffffff; stroke: #d0d7de }
    text { fill: #24292f; font: 13px system-ui, sans-serif }
    .title { font-size: 17px; font-weight: 600 }
    .case { font-weight: 600 }
    .soft { fill: #57606a }
    .ours { fill: #0969da }
    .rival { fill: #8c959f }
    .whisker { stroke: #24292f; stroke-width: 1.5; fill: none }
    .axis { stroke: #d0d7de }
    @media (prefers-color-scheme: dark) {
      .page { fill: #0d1117; stroke: #30363d }
      text { fill: #e6edf3 }
      .soft { fill: #9198a1 }
      .ours { fill: #4493f8 }
      .rival { fill: #6e7681 }
      .whisker { stroke: #e6edf3 }
      .axis { stroke: #30363d }
    }
  `

export function subjectChart(subject: SubjectResult): string {
  const body: string[] = []
  let y = MARGIN + 14
  body.push(`<text class="title" x="${MARGIN}" y="${y}">${escape(subject.title)}</text>`)
  y += 21
  body.push(`<text class="soft" x="${MARGIN}" y="${y}">${escape(subject.description)}</text>`)
  y += 20
  body.push(`<text class="soft" x="${MARGIN}" y="${y}">Shorter is better; each group has its own scale. ` +
    'Bar: median, whisker: lowest to highest round.</text>')
  y += 14
  for (const each of subject.cases) {
    for (const metric of each.metrics) {
      const group = caseGroup(each, metric, y + 20)
      body.push(...group.parts)
      y = group.end
    }
  }
  const height = y + MARGIN - 6
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" ` +
      `role="img" aria-label="${escape(`${subject.title}: ${subject.description}`)}">`,
    `  <style>${STYLE}</style>`,
    `  <rect class="page" x="0.5" y="0.5" width="${WIDTH - 1}" height="${height - 1}" rx="6"/>`,
    ...body.map((part) => `  ${part}`),
    '</svg>', '',
  ].join('\n')
}

function caseGroup(each: CaseResult, metric: Metric, top: number): { parts: string[]; end: number } {
  const title = `${each.name}: ${METRIC_NAMES[metric]}, ${unitOf(metric)} per ${each.operation}`
  const parts = [`<text class="case" x="${MARGIN}" y="${top}">${escape(title)}</text>`]
  const longest = Math.max(...each.sides.map((side) => side.perOperation[metric]?.max ?? 0), Number.MIN_VALUE)
  const start = top + 10
  each.sides.forEach((side, i) => parts.push(...bar(side, metric, start + i * STEP, longest)))
  const end = start + each.sides.length * STEP
  const x = MARGIN + LABELS
  parts.push(`<path class="axis" d="M${x} ${start}V${end - STEP + BAR}"/>`)
  return { parts, end }
}

function bar(side: SideResult, metric: Metric, y: number, longest: number): string[] {
  const x = MARGIN + LABELS
  const middle = y + BAR / 2
  const label = `<text x="${x - 10}" y="${middle + 4.5}" text-anchor="end">${escape(side.name)}</text>`
  const value = side.perOperation[metric]
  if (value === undefined) {
    const why = side.installed ? 'not measured' : 'not installed'
    return [label, `<text class="soft" x="${x + 8}" y="${middle + 4.5}">${why}</text>`]
  }
  const place = (amount: number): number => Math.round(Math.max(0, amount) / longest * TRACK * 10) / 10
  const [low, high] = [x + place(value.min), x + place(value.max)]
  return [
    label,
    `<rect class="${side.role}" x="${x}" y="${y}" width="${Math.max(1, place(value.median))}" height="${BAR}" rx="2"/>`,
    `<path class="whisker" d="M${low} ${middle}H${high}M${low} ${middle - 4}v8M${high} ${middle - 4}v8"/>`,
    `<text x="${high + 8}" y="${middle + 4.5}">${escape(`${number(value.median)} ${unitOf(metric)}`)}</text>`,
  ]
}

function escape(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;')
}
