/** Numbers and words for people, shared by tables and charts. */
import type { Comparison, Metric, Spread } from './model.js'

export const METRIC_NAMES: Readonly<Record<Metric, string>> = {
  wall: 'wall time', cpu: 'CPU time', heap: 'heap + external', rss: 'resident set',
}

export function unitOf(metric: Metric): string {
  return metric === 'wall' || metric === 'cpu' ? 'ns' : 'B'
}

/** Three significant digits, thousands separated. */
export function number(value: number): string {
  const size = Math.abs(value)
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : 2
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}

export function range(spread: Spread): string {
  return `${number(spread.min)}–${number(spread.max)}`
}

/** "2.31 × as fast as", "1.02 × the cost of", "+512 B against". */
export function result(comparison: Comparison): string {
  const { result: value, kind } = comparison
  if (value === null) return 'not installed'
  if (kind === 'within') return `${value.median >= 0 ? '+' : ''}${number(value.median)} B`
  return `${number(value.median)} ×`
}

export function target(comparison: Comparison): string {
  const { target: value, kind } = comparison
  if (value === null) return ''
  if (kind === 'at-least') return `≥ ${value} ×`
  if (kind === 'at-most') return `≤ ${value} ×`
  return `≤ +${value.toLocaleString('en')} B`
}

export function verdict(comparison: Comparison): string {
  if (comparison.target === null) return ''
  if (comparison.reached === null) return 'not measured'
  return comparison.reached ? 'reached' : 'NOT reached'
}
