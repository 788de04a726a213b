/**
 * Makes a fresh clone ready: installs the development packages when they are missing or of another version than the
 * lockfile says, and builds what is stale. Says one short line per thing done, and nothing when there is nothing to do.
 */
import { readFileSync } from 'node:fs'
import { at, fail, isMain, run, say } from './lib.mjs'

export async function setup() {
  if (!isInstalled()) {
    say('installing development packages (npm ci)')
    const npm = process.env.npm_execpath
    const command = npm?.endsWith('.js') ? [process.execPath, npm] : ['npm']
    await run(command[0], [...command.slice(1), 'ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'])
  }
  const { build } = await import('./build.mjs')
  await build()
}

function isInstalled() {
  const wanted = packagesOf('package-lock.json')
  const present = packagesOf('node_modules/.package-lock.json')
  if (present === null) return false
  return Object.entries(wanted).every(([path, one]) =>
    path === '' || one.optional || one.version === present[path]?.version)
}

function packagesOf(lockfile) {
  try {
    return JSON.parse(readFileSync(at(lockfile), 'utf8')).packages
  } catch (error) {
    if (error.code === 'ENOENT') return null
    throw error
  }
}

if (isMain(import.meta.url)) setup().catch(fail)
