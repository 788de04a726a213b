/**
 * Runs once before the tests of bundles: installs the tools, each at the version that the lockfile pins, and packs the
 * package as it would be published.
 */
import { execFileSync } from 'node:child_process'
import {
  copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync,
  renameSync, rmSync, writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { build } from '../../scripts/build.mjs'
import { appPlace, root, tarball, toolsPlace } from './place.js'

const FILES = ['package.json', 'package-lock.json', '.npmrc']

function npm(cwd: string, ...args: readonly string[]): void {
  execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

function installTools(): void {
  const wanted = readFileSync(join(root, 'test/bundles/tools/package-lock.json'), 'utf8')
  const stamp = join(toolsPlace, 'installed')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return
  rmSync(toolsPlace, { recursive: true, force: true })
  mkdirSync(toolsPlace, { recursive: true })
  for (const file of FILES) copyFileSync(join(root, 'test/bundles/tools', file), join(toolsPlace, file))
  npm(toolsPlace, 'ci', '--ignore-scripts', '--no-audit', '--no-fund')
  writeFileSync(stamp, wanted)
}

function installPackage(): void {
  rmSync(appPlace, { recursive: true, force: true })
  const modules = join(appPlace, 'node_modules')
  mkdirSync(modules, { recursive: true })
  npm(root, 'pack', '--ignore-scripts', '--pack-destination', appPlace)
  const [packed, ...more] = readdirSync(appPlace).filter((name) => name.endsWith('.tgz'))
  if (packed === undefined || more.length > 0) throw new Error(`npm pack made ${more.length + 1} tarballs`)
  renameSync(join(appPlace, packed), tarball)
  execFileSync('tar', ['-xzf', tarball, '-C', modules])
  renameSync(join(modules, 'package'), join(modules, 'whorl'))
  writeFileSync(join(appPlace, 'package.json'), '{ "private": true, "type": "module" }\n')
}

export async function setup(): Promise<void> {
  await build()
  installTools()
  installPackage()
}
