/**
 * The package's tarball under the eyes of publint and of arethetypeswrong, and required by each line of Node.
 */
import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { fetchPackage } from '../hosts/runner/fetch.js'
import { PINS } from '../hosts/runner/pins.js'
import { appPlace, fromTools, root, tarball } from './place.js'

interface Problem {
  readonly kind: string
  readonly entrypoint?: string
  readonly resolutionKind?: string
}

interface ATTW {
  createPackageFromTarballData(data: Uint8Array): unknown
  checkPackage(pkg: unknown): Promise<{ readonly problems: readonly Problem[] }>
}

interface Publint {
  publint(options: object): Promise<{ readonly messages: readonly { code: string; args: object; path: string[] }[] }>
}

/** What arethetypeswrong says and why it stays so; `entrypoint` and `resolutionKind` as it names them, * for any. */
const ACCEPTED = [
  // TypeScript's oldest resolution knows nothing of `exports`, which all subpaths stand in.
  { kind: 'NoResolution', entrypoint: '*', resolutionKind: 'node10' },
  // Modules alone: every Node that the package is for can require them, which the tests below show.
  { kind: 'CJSResolvesToESM', entrypoint: '*', resolutionKind: 'node16-cjs' },
  // A script for contexts that cannot import: it defines a global, and is handed over as text.
  { kind: 'UntypedResolution', entrypoint: './none.script', resolutionKind: '*' },
] as const

function isAccepted(one: (typeof ACCEPTED)[number], { kind, entrypoint, resolutionKind }: Problem): boolean {
  return one.kind === kind && (one.entrypoint === '*' || one.entrypoint === entrypoint)
    && (one.resolutionKind === '*' || one.resolutionKind === resolutionKind)
}

describe('arethetypeswrong', () => {
  it('finds nothing but what is accepted', async () => {
    const { createPackageFromTarballData, checkPackage } = await import(fromTools('@arethetypeswrong/core')) as ATTW
    const { problems } = await checkPackage(createPackageFromTarballData(new Uint8Array(readFileSync(tarball))))
    expect(problems.filter((problem) => !ACCEPTED.some((one) => isAccepted(one, problem)))).toEqual([])
    // What is no longer found is no longer accepted.
    expect(ACCEPTED.filter((one) => !problems.some((problem) => isAccepted(one, problem)))).toEqual([])
  })
})

describe('publint', () => {
  it('finds nothing but the script that is no module', async () => {
    const { publint } = await import(fromTools('publint')) as Publint
    const pkgDir = join(appPlace, 'node_modules/whorl')
    const { messages } = await publint({ pkgDir, strict: true, level: 'suggestion', pack: false })
    expect(messages.map(({ code, path }) => `${code} ${path.join(' ')}`))
      .toEqual(['FILE_INVALID_FORMAT exports ./none.script'])
  })
})

/** Each has to be in test/hosts/runner/pins.ts. */
const NODES = ['20.20.2', '22.23.3', '24.21.0', '26.10.0']

const { exports: subpaths } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { exports: object }

/** Not `whorl/deno` and their like: these are for one host alone. */
const REQUIRED = Object.keys(subpaths)
  .filter((path) => !/\.(?:json|wasm|script)$|\/(?:deno|bun|workerd)$/.test(path))
  .map((path) => path.replace('.', 'whorl'))

async function programOf(version: string): Promise<string> {
  if (process.versions.node === version) return process.execPath
  const folder = join(root, 'build/hosts/npm')
  mkdirSync(folder, { recursive: true })
  const spec = `node-${process.platform}-${process.arch}@${version}`
  return join(await fetchPackage(spec, { folder, pins: PINS }), 'bin/node')
}

describe.each(NODES)('Node %s', (version) => {
  it.each(REQUIRED)('requires %s, and gets what it imports', async (subpath) => {
    const program = `
      const required = require('${subpath}')
      import('${subpath}').then((imported) => {
        const names = Object.keys(imported)
        const others = names.filter((name) => required[name] !== imported[name])
        console.log(JSON.stringify({ version: process.versions.node, count: names.length, others }))
      })`
    const { stdout } = await promisify(execFile)(await programOf(version), ['--input-type=commonjs', '-e', program],
      { cwd: appPlace })
    const told = JSON.parse(stdout) as { version: string; count: number; others: string[] }
    expect(told).toEqual({ version, count: expect.any(Number) as number, others: [] })
    expect(told.count).toBeGreaterThan(0)
  })
})
