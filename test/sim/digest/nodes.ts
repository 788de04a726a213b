/**
 * Node of other versions, for tests that compare what they do: from npm's packages of Node itself, one for each
 * platform, into a folder of build/ that later runs find again. Nothing of the project's own packages is touched.
 */
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../../arch/files.js'

/** The newest that npm had when this was written; pinned, so that a test that was green stays green. */
export const NEWEST = '26.10.0'
/** The oldest line that the package is for. */
export const OLDEST = '20.20.2'

/** Seconds that npm may take. */
const PATIENCE = 300

/**
 * The program of this version.
 * @throws Error that says what npm said, when it cannot be had: without a network, say
 */
export async function nodeOf(version: string): Promise<string> {
  if (process.versions.node === version) return process.execPath
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`
  const folder = join(root, 'build', 'nodes', `${version}-${process.platform}-${process.arch}`)
  const program = join(folder, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
  if (existsSync(program)) return program
  mkdirSync(join(root, 'build', 'nodes'), { recursive: true })
  const fresh = mkdtempSync(`${folder}-`)
  try {
    // Its own manifest, or npm would look for one above it.
    writeFileSync(join(fresh, 'package.json'), '{ "private": true }\n')
    await npm(fresh, ['install', '--no-save', '--no-audit', '--no-fund', '--ignore-scripts', `${name}@${version}`])
    try {
      renameSync(fresh, folder)
    } catch (error) {
      // Somebody else was faster.
      if (!existsSync(program)) throw error
    }
    return program
  } finally {
    rmSync(fresh, { recursive: true, force: true })
  }
}

function npm(folder: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile('npm', [...args, '--loglevel=error'], {
      cwd: folder, timeout: PATIENCE * 1000, shell: process.platform === 'win32',
    }, (error, stdout, stderr) => {
      if (error === null) resolve()
      else reject(new Error(`npm ${args.join(' ')}: ${stderr || stdout || error.message}`))
    })
  })
}
