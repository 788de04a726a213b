/**
 * Our own sides as users run them: bundled by Rollup into one module and compacted, as the package is. Across modules,
 * V8 reads constants and functions through a cell each; where an operation takes 50 ns that shows. Bench programs only.
 */
import { mkdirSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Plugin } from 'rollup'
import { rollup } from 'rollup'

/**
 * A module of the emitted benchmarks with all that it imports, in one file.
 * @param path relative to `bench/`, without an extension
 */
export async function bundled<M>(path: string): Promise<M> {
  return await import(await bundledURL(path)) as M
}

/** The same, for programs: where that file is. */
export async function bundledURL(path: string): Promise<string> {
  const input = fileURLToPath(new URL(`${path}.js`, import.meta.url))
  const folder = fileURLToPath(new URL('../bundled/', import.meta.url))
  mkdirSync(folder, { recursive: true })
  const file = `${folder}${path.replaceAll('/', '-')}.mjs`
  const bundle = await rollup({ input, external: /^node:/, logLevel: 'silent', plugins: [await compact()] })
  await bundle.write({ file, format: 'es' })
  await bundle.close()
  return pathToFileURL(file).href
}

async function compact(): Promise<Plugin> {
  const { href } = new URL('../../../scripts/compact.mjs', import.meta.url)
  return (await import(href) as { compact(): Plugin }).compact()
}
