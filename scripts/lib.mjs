/**
 * What the build scripts share: the repository's root, hashes of inputs, stamps of finished stages, a lock
 * between processes, and running a child. Only node's own modules: it runs before anything is installed.
 */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))
export const at = (...parts) => join(root, ...parts)

export class BuildError extends Error {}

/** One short progress line. */
export function say(text) {
  process.stdout.write(`whorl: ${text}\n`)
}

/** All files below the given files and folders, sorted; what does not exist is left out. */
export function filesBelow(...places) {
  const found = []
  const visit = (path) => {
    let entries
    try {
      entries = readdirSync(path, { withFileTypes: true })
    } catch (error) {
      if (error.code === 'ENOTDIR') found.push(path)
      else if (error.code !== 'ENOENT') throw error
      return
    }
    for (const entry of entries) {
      if (entry.isDirectory()) visit(join(path, entry.name))
      else if (entry.isFile()) found.push(join(path, entry.name))
    }
  }
  for (const place of places) visit(at(place))
  return found.sort()
}

/** Hash of names and contents of files, and of any further strings. */
export function hashOf(files, ...more) {
  const hash = createHash('sha256')
  for (const file of files) hash.update(`${relative(root, file)}\0`).update(readFileSync(file)).update('\0')
  for (const text of more) hash.update(`${text}\0`)
  return hash.digest('hex')
}

/** The version of an installed package. */
export function versionOf(name) {
  return JSON.parse(readFileSync(at('node_modules', name, 'package.json'), 'utf8')).version
}

/** Was this stage finished with these inputs, and are its outputs still there? */
export function isFresh(stage, hash, outputs) {
  try {
    return readFileSync(at('build', `${stage}.stamp`), 'utf8') === hash && outputs.every((file) => existsSync(at(file)))
  } catch {
    return false
  }
}

export function stamp(stage, hash) {
  writeWhole(at('build', `${stage}.stamp`), hash)
}

/** Writes a file so that no reader ever sees half of it. */
export function writeWhole(path, content) {
  mkdirSync(dirname(path), { recursive: true })
  const temporary = `${path}.${process.pid}.tmp`
  writeFileSync(temporary, content)
  renameSync(temporary, path)
}

/** Runs one process at a time; the lock of a process that is gone does not count. */
export async function withLock(name, work) {
  const lock = at('build', `${name}.lock`)
  mkdirSync(dirname(lock), { recursive: true })
  for (;;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' })
      break
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
    }
    if (!ownerLives(lock)) rmSync(lock, { force: true })
    else await new Promise((resolve) => setTimeout(resolve, 100))
  }
  try {
    return await work()
  } finally {
    rmSync(lock, { force: true })
  }
}

function ownerLives(lock) {
  let pid
  try {
    pid = Number(readFileSync(lock, 'utf8'))
  } catch {
    return false
  }
  if (pid === 0) return true // made, not written yet
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

/** Runs a program quietly; what it printed is in the error when it fails. */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], ...options })
    let output = ''
    child.stdout?.on('data', (data) => { output += data })
    child.stderr?.on('data', (data) => { output += data })
    child.on('error', reject)
    child.on('close', (code, signal) => {
      if (code === 0) resolve(output)
      else reject(new BuildError(`${command} ${args.join(' ')} failed (${signal ?? code})\n${output}`))
    })
  })
}

/** Runs a JavaScript program of an installed package with this same node. */
export function runTool(file, ...args) {
  return run(process.execPath, [at('node_modules', file), ...args])
}

/** Ends the process with the message of an error that a script could not handle. */
export function fail(error) {
  process.stderr.write(`whorl: ${error instanceof BuildError ? error.message : error.stack}\n`)
  process.exitCode = 1
}

/** Is this module the program that node was started with? */
export function isMain(url) {
  return process.argv[1] !== undefined && fileURLToPath(url) === process.argv[1]
}
