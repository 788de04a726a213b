/**
 * Fetches npm packages whose tarballs are pinned by hash, each once, into build/hosts/npm/<name>@<version>/.
 *
 * The npm client is asked, with whatever registry it is set up for: nothing here knows where packages come from, so
 * what came is believed only for its hash. Tarballs stay, so that a second run needs no network. Must not know: hosts.
 */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Milliseconds that npm may take for one package. */
const PATIENCE = 300_000

export interface FetchOptions {
  /** Where packages are kept. */
  readonly folder: string
  /** name@version → sha512 of its tarball. */
  readonly pins: Readonly<Record<string, string>>
  /** Puts the tarball of a package into a folder; `npm pack` if not given. */
  readonly pack?: (spec: string, folder: string) => Promise<void>
}

/**
 * The folder of a package, unpacked.
 * @throws Error for one that is not pinned, cannot be had, or is not what was pinned
 */
export async function fetchPackage(spec: string, { folder, pins, pack = npmPack }: FetchOptions): Promise<string> {
  const pin = pins[spec]
  if (pin === undefined) throw new Error(`${spec} is not pinned in test/hosts/runner/pins.ts`)
  const place = join(folder, spec)
  const stamp = join(place, '.pinned')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === pin) return join(place, 'package')
  mkdirSync(dirname(place), { recursive: true })
  const fresh = mkdtempSync(join(folder, 'fetching-'))
  try {
    await pack(spec, fresh)
    const [tarball, ...more] = readdirSync(fresh).filter((name) => name.endsWith('.tgz'))
    if (tarball === undefined || more.length > 0) throw new Error(`${spec}: npm gave ${more.length + 1} tarballs`)
    const found = hashOf(readFileSync(join(fresh, tarball)))
    if (found !== pin) throw new Error(`${spec} is not what was pinned: its hash is ${found}`)
    await run('tar', ['-xzf', tarball], fresh)
    renameToPackage(fresh)
    rmSync(join(fresh, tarball))
    // The manifest beside it, which `require` of the folder would take for it.
    rmSync(join(fresh, 'package.json'), { force: true })
    writeFileSync(join(fresh, '.pinned'), pin)
    rmSync(place, { recursive: true, force: true })
    renameSync(fresh, place)
    return join(place, 'package')
  } finally {
    rmSync(fresh, { recursive: true, force: true })
  }
}

/** As npm's lockfiles write it. */
export function hashOf(bytes: Uint8Array): string {
  return `sha512-${createHash('sha512').update(bytes).digest('base64')}`
}

/** The one folder of a tarball is called `package` by custom only. */
function renameToPackage(folder: string): void {
  const [only] = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  if (only === undefined) throw new Error('a tarball without a folder')
  if (only.name !== 'package') renameSync(join(folder, only.name), join(folder, 'package'))
}

async function npmPack(spec: string, folder: string): Promise<void> {
  // Its own manifest, or npm would look for one above it.
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n')
  await run('npm', ['pack', spec, '--loglevel=error', '--ignore-scripts'], folder)
}

function run(command: string, args: readonly string[], cwd: string): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile(command, [...args], { cwd, timeout: PATIENCE }, (error, stdout, stderr) => {
      if (error === null) resolve()
      else reject(new Error(`${command} ${args.join(' ')}: ${stderr || stdout || error.message}`))
    })
  })
}
