/**
 * Checks what a host reports: that it is a report, and that it accounts for every case that the host should have run.
 *
 * A host that answers with rubbish, or leaves something out, would otherwise look like one that passes. Must not
 * know: hosts, launchers.
 */
import { CAPABILITIES } from '../../contract/contract.js'
import type { CaseResult, ContractSuite, HostReport } from '../../contract/contract.js'

const OUTCOMES = ['passed', 'failed', 'declared']

/** Reads the JSON text of a report, which may stand behind other lines. @throws Error that says what it is instead */
export function parseReport(text: string): HostReport {
  const line = text.trim().split('\n').at(-1) ?? ''
  try {
    return JSON.parse(line) as HostReport
  } catch {
    throw new Error(`what should be a report begins with ${JSON.stringify(line.slice(0, 200))}`)
  }
}

/**
 * What is wrong with a report; empty if nothing is.
 * @param suites that it must account for; none for hosts with suites of their own only
 */
export function faultsOf(report: unknown, suites: readonly ContractSuite[]): string[] {
  if (typeof report !== 'object' || report === null) return [`a report is an object, not ${String(report)}`]
  const { host, version, capabilities, results } = report as Partial<HostReport>
  if (typeof host !== 'string' || typeof version !== 'string' || !Array.isArray(results)) {
    return ['a report has host, version and results']
  }
  if (results.length === 0) return ['a report without a result']
  const faults: string[] = []
  for (const one of results as CaseResult[]) {
    if (typeof one?.suite !== 'string' || typeof one.name !== 'string' || !OUTCOMES.includes(one.outcome)) {
      return [`this is no result: ${JSON.stringify(one)}`]
    }
    if (one.outcome === 'declared' && !hasReason(one.detail)) faults.push(`${labelOf(one)}: declared without a reason`)
  }
  if (suites.length > 0) {
    for (const name of CAPABILITIES) {
      const has = capabilities?.[name]
      if (has !== true && !hasReason(has)) faults.push(`the capability ${name} is neither there nor missing for a reason`)
    }
  }
  return [...faults, ...leftOut(results as CaseResult[], suites)]
}

function leftOut(results: readonly CaseResult[], suites: readonly ContractSuite[]): string[] {
  const faults: string[] = []
  for (const suite of suites) {
    const found = results.filter((one) => one.suite === suite.name)
    // Each way that has one case of a suite must have them all.
    const ways = suite.perWay === true ? [...new Set(found.map((one) => one.way))] : [undefined]
    if (found.length === 0) faults.push(`the suite ${suite.name} is missing`)
    else {
      for (const way of ways) {
        for (const { name } of suite.cases) {
          const times = found.filter((one) => one.way === way && one.name === name).length
          if (times !== 1) faults.push(`${labelOf({ suite: suite.name, way, name })}: ${times} results`)
        }
      }
    }
  }
  return faults
}

/** How a case is named. */
export function labelOf({ suite, way, name }: { suite: string, way?: string | undefined, name: string }): string {
  return way === undefined ? `${suite}: ${name}` : `${suite} (${way}): ${name}`
}

function hasReason(text: unknown): boolean {
  return typeof text === 'string' && text.trim() !== ''
}
