/**
 * `npm run test:hosts`: runs every contract suite inside every host, and prints what came of it.
 */
import { mkdirSync, readdirSync, readFileSync, existsSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { suites } from '../../contract/index.js'
import { startLab } from './lab.js'
import type { Launcher } from './launcher.js'
import { between, failuresOf, markdown, matrixText, totalOf } from './matrix.js'
import { PINS } from './pins.js'
import { runHosts } from './run-hosts.js'

const USAGE = `npm run test:hosts -- [options]

  --only NAME,…    only these hosts; 'node' is every 'node-…'
  --report FILE    write what each host reported, as JSON
  --markdown FILE  write the matrix into this page, between its markers
  --list           name the hosts
`

/** Of build/js, where this runs. */
const built = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))))
const root = dirname(dirname(built))

async function findLaunchers(): Promise<Launcher[]> {
  const folder = join(built, 'test/hosts')
  const found: Launcher[] = []
  for (const name of readdirSync(folder).sort()) {
    const file = join(folder, name, 'launch.js')
    if (!existsSync(file)) continue
    const { launchers } = await import(pathToFileURL(file).href) as { launchers: readonly Launcher[] }
    found.push(...launchers)
  }
  return found
}

/** By name, or all versions and variants of one: `node` is every `node-…`. */
function choose(all: readonly Launcher[], only: string | undefined): Launcher[] {
  if (only === undefined) return [...all]
  return only.split(',').flatMap((name) => {
    const found = all.filter((one) => one.name === name || one.name.startsWith(`${name}-`))
    if (found.length === 0) {
      throw new Error(`there is no host ${name}; there are ${all.map((one) => one.name).join(', ')}`)
    }
    return found
  })
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' }, report: { type: 'string' }, markdown: { type: 'string' }, list: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  })
  if (values.help === true) {
    process.stdout.write(USAGE)
    return 0
  }
  const launchers = choose(await findLaunchers(), values.only)
  if (values.list === true) {
    process.stdout.write(`${launchers.map((one) => one.name).join('\n')}\n`)
    return 0
  }
  const log = (text: string): void => void process.stderr.write(`${text.trimEnd()}\n`)
  const { lab, close } = await startLab(root)
  const folder = join(root, 'build/hosts/npm')
  mkdirSync(folder, { recursive: true })
  const rows = await runHosts(launchers, { root, lab, suites, packages: { folder, pins: PINS }, log })
  await close()
  if (values.report !== undefined) writeFileSync(values.report, `${JSON.stringify(rows, null, 2)}\n`)
  if (values.markdown !== undefined) {
    writeFileSync(values.markdown, between(readFileSync(values.markdown, 'utf8'), markdown(rows)))
  }
  const failures = rows.flatMap(failuresOf)
  if (failures.length > 0) process.stdout.write(`${failures.join('\n\n')}\n\n`)
  const { passed, failed, declared } = totalOf(rows)
  process.stdout.write(`${matrixText(rows)}\n${passed} passed, ${failed} failed, ${declared} declared\n`)
  return failed === 0 && passed > 0 ? 0 : 1
}

// So that what is to be done at the exit is done.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))

// A launcher may have left something behind that would keep this program alive.
main().then((status) => process.exit(status), (error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack ?? error.message : String(error)}\n`)
  process.exit(2)
})
