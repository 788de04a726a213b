/**
 * What starts a host and hands back its report: each folder of test/hosts/ has a `launch.ts` that exports
 * `launchers`. Owns: the types only. Must not know: any host.
 */
import type { HostReport, Lab } from '../../contract/contract.js'

/** Starts a host and gives its report. */
export interface Launcher {
  /** Row of the matrix: `deno`, `node-22`, `chromium`, `chromium-no-wasm`, … */
  readonly name: string
  /**
   * Debian packages or npm packages (name@version) it needs; the runner fetches npm ones into build/hosts/npm and
   * gives the folder.
   */
  readonly npm?: readonly string[]
  readonly debian?: readonly string[]
  /** Runs suites of its own only, not those of test/contract; why. */
  readonly ownSuites?: string
  launch(context: LaunchContext): Promise<HostReport>
}

export interface LaunchContext {
  /** The project. */
  readonly root: string
  /** Of each npm package named, the folder it was unpacked to. */
  readonly packages: ReadonlyMap<string, string>
  /** An empty folder for this run. */
  readonly scratch: string
  readonly lab: Lab
  /** Aborted when the runner gives up on it (5 minutes). */
  readonly signal: AbortSignal
  log(text: string): void
}
