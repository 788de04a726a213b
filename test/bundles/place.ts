/**
 * Where the package lies for bundlers, and with what it is judged. Must not know: what is asked of them.
 */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))

/** The programs of tools/package.json, as `npm ci` installed them. */
export const toolsPlace = join(root, 'build/bundles/tools')

/** A project that has nothing but the package, out of its tarball. */
export const appPlace = join(root, 'build/bundles/app')

/** The tarball of the package. */
export const tarball = join(root, 'build/bundles/whorl.tgz')

/** A module of one of the tools. */
export function fromTools(name: string): string {
  return createRequire(join(toolsPlace, 'package.json')).resolve(name)
}
