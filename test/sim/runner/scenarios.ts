/**
 * Which scenarios there are. Each is a module of ../scenarios/, named for its file, that exports
 *
 *   scenario   a `Scenario`: makes hosts, runs, throws when something is wrong; imports only from `whorl` and its
 *              subpaths, and touches nothing of the machine
 *   options    `SimulateOptions` that it is made for: `until`, `hosts`, `faults`, links
 *   share      how many seeds it gets, relative to others; 1 if not exported
 */
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export interface ScenarioFile {
  readonly name: string
  readonly url: URL
  readonly share: number
}

const FOLDER = new URL('../scenarios/', import.meta.url)

/** All of them, by name. */
export async function scenarioFiles(): Promise<ScenarioFile[]> {
  const found: ScenarioFile[] = []
  for (const file of readdirSync(fileURLToPath(FOLDER)).sort()) {
    const name = /^([\w-]+)\.js$/.exec(file)?.[1]
    if (name === undefined) continue
    const url = new URL(file, FOLDER)
    const module = await import(url.href) as Record<string, unknown>
    // What only helps others is no scenario.
    if (module['scenario'] !== undefined) found.push({ name, url, share: Number(module['share'] ?? 1) })
  }
  return found
}

/** So many seeds for each, `total` together at least, and `least` for each. */
export function seedsFor<T extends Pick<ScenarioFile, 'share'>>(
  files: readonly T[], total: number, least: number): Map<T, number> {
  const shares = files.reduce((sum, file) => sum + file.share, 0)
  return new Map(files.map((file) => [file, Math.max(least, Math.ceil(total * file.share / shares))]))
}
