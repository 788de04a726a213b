/**
 * The modules of a worker, as its configuration has to list them: each file that its first one needs.
 *
 * Owns: following imports, and what a bundler would make of `whorl/…`. Must not know: what the worker does.
 */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'

/** An import, in compiled code. */
const SPECIFIER = /(\bfrom\s*|\bimport\s*\(?\s*)(['"])([^'"\n]+)\2/g

type Target = string | { [condition: string]: Target }

/**
 * Puts every module into a folder, under its path in the project.
 * @param entry the first, from the root
 * @returns their names, the first one first
 */
export function collectModules(root: string, entry: string, folder: string): string[] {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as
    { exports: Record<string, Target> }
  const names = [entry]
  // It grows while it is gone through.
  for (const name of names) {
    const [from, to] = [join(root, name), join(folder, name)]
    mkdirSync(dirname(to), { recursive: true })
    if (!name.endsWith('.js')) {
      copyFileSync(from, to)
      continue
    }
    const text = readFileSync(from, 'utf8').replace(SPECIFIER, (all, before: string, quote: string, wanted: string) => {
      if (!/^\.|^whorl(?:\/|$)/.test(wanted)) return all
      const found = wanted.startsWith('.')
        ? posix.join(posix.dirname(name), wanted) : published(exports, wanted.slice('whorl'.length))
      if (!names.includes(found)) names.push(found)
      const relative = posix.relative(posix.dirname(name), found)
      return `${before}${quote}${relative.startsWith('.') ? relative : `./${relative}`}${quote}`
    })
    writeFileSync(to, text)
  }
  return names
}

/** Which file of dist a subpath of the package is for workerd. */
function published(exports: Readonly<Record<string, Target>>, subpath: string): string {
  let target: Target | undefined = exports[`.${subpath}`]
  while (typeof target === 'object') target = target['workerd'] ?? target['default']
  if (target === undefined) throw new Error(`the package has no subpath ${subpath}`)
  return posix.normalize(target)
}
