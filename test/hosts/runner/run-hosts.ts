/**
 * Runs launchers one after the other, each with a bound, and makes a row of each, whatever it does.
 *
 * Owns: fetching what a host needs, its scratch folder, giving up on it. Must not know: any host, where the rows go.
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import type { ContractSuite, Lab } from '../../contract/contract.js'
import { fetchPackage } from './fetch.js'
import type { FetchOptions } from './fetch.js'
import type { Launcher } from './launcher.js'
import type { Row } from './matrix.js'
import { faultsOf } from './report.js'

/** Milliseconds that a host may take in all, fetching not included. */
export const HOST_LIMIT = 300_000

/** A launcher that does not end when it was given up on gets so many milliseconds more. */
const GRACE = 5000

export interface RunHostsOptions {
  readonly root: string
  readonly lab: Lab
  readonly suites: readonly ContractSuite[]
  readonly packages: FetchOptions
  readonly limit?: number
  log(text: string): void
}

/** A row for each launcher, in their order. */
export async function runHosts(launchers: readonly Launcher[], options: RunHostsOptions): Promise<Row[]> {
  const rows: Row[] = []
  for (const launcher of launchers) rows.push(await runHost(launcher, options))
  return rows
}

async function runHost(launcher: Launcher, options: RunHostsOptions): Promise<Row> {
  const { name } = launcher
  const { root, lab, suites, limit = HOST_LIMIT } = options
  const log = (text: string): void => options.log(`${name}: ${text}`)
  const scratch = mkdtempSync(join(tmpdir(), 'whorl-host-'))
  let started = performance.now()
  const row = (faults: readonly string[], report: Row['report'] = null): Row =>
    ({ name, report, faults, seconds: (performance.now() - started) / 1000 })
  try {
    const packages = new Map<string, string>()
    for (const spec of launcher.npm ?? []) packages.set(spec, await fetchPackage(spec, options.packages))
    for (const debian of launcher.debian ?? []) {
      if (!await isInstalled(debian)) return row([`it needs Debian's package ${debian}`])
    }
    started = performance.now()
    const report = await bounded(limit, (signal) => launcher.launch({ root, packages, scratch, lab, signal, log }))
    const faults = faultsOf(report, launcher.ownSuites === undefined ? suites : [])
    // What is no report at all cannot be counted either.
    return row(faults, Array.isArray((report as Row['report'])?.results) ? report : null)
  } catch (error) {
    return row([error instanceof Error ? error.stack ?? error.message : String(error)])
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

/** @throws Error when it took too long, or had not ended itself soon after it was told */
async function bounded<T>(limit: number, launch: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const control = new AbortController()
  let alarm: NodeJS.Timeout | undefined
  const overdue = new Promise<never>((_resolve, reject) => {
    alarm = setTimeout(() => {
      const why = new Error(`not done after ${limit / 1000} s`)
      control.abort(why)
      alarm = setTimeout(() => reject(why), Math.min(GRACE, limit))
    }, limit)
  })
  try {
    return await Promise.race([launch(control.signal), overdue])
  } finally {
    clearTimeout(alarm)
    control.abort()
  }
}

/** True, too, where there is no dpkg to ask: whether it is there shows when it is started. */
function isInstalled(name: string): Promise<boolean> {
  return new Promise((resolve) => {
    execFile('dpkg-query', ['-W', '-f=${Status}', name], (error, stdout) => {
      resolve(error === null ? stdout.includes('install ok installed') : (error as NodeJS.ErrnoException).code === 'ENOENT')
    })
  })
}
