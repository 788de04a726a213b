/**
 * Bundles the compiled JavaScript of build/js into dist/: one entry per subpath of package.json#exports, everything
 * they share in chunks, so that a class is the same one through whichever subpath it is imported.
 */
import { existsSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { nodeResolve } from '@rollup/plugin-node-resolve'
import { compact } from './scripts/compact.mjs'
import { pure } from './scripts/pure.mjs'

const { exports: subpaths, bin } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'))

/** dist name of the entry for contexts that cannot import: one file with all of it. */
const ALONE = 'none'

/** dist name → compiled entry, read off the `types` and `default` of each subpath that has a source; and the commands. */
function entries() {
  const found = {}
  const visit = (target) => {
    if (typeof target !== 'object') return
    if (target.default?.endsWith('.js') && target.types?.startsWith('./dist/types/')) {
      const name = target.default.replace(/^\.\/dist\/(.*)\.js$/, '$1')
      if (name !== ALONE) found[name] = target.types.replace(/^\.\/dist\/types\/(.*)\.d\.ts$/, 'build/js/$1.js')
    }
    for (const [condition, inner] of Object.entries(target)) if (condition !== 'types') visit(inner)
  }
  for (const target of Object.values(subpaths)) visit(target)
  for (const name of commands) found[name] = `build/js/bindings/node/${name}/program.js`
  for (const file of Object.values(found)) {
    if (!existsSync(new URL(file, import.meta.url))) throw new Error(`package.json wants ${file}, which does not exist`)
  }
  return found
}

/** dist names of the package's commands. */
const commands = Object.values(bin).map((path) => path.replace(/^\.\/dist\/(.*)\.js$/, '$1'))

/** What dist/none.js has in the place of what cannot be there: the loader dies without TextDecoder. */
const absent = {
  name: 'absent',
  resolveId: (id) => id === '@assemblyscript/loader'
    ? fileURLToPath(new URL('build/js/bindings/none/loader.js', import.meta.url))
    : null,
  load: (id) => /src.core.generated.(?:simd|baseline)\.js$/.test(id)
    ? /simd/.test(id) ? "export const SIMD_BASE64 = ''" : "export const BASELINE_PATCH = '', BASELINE_SIZE = 0"
    : null,
}

/** Modules of the core, but for its JavaScript build. */
const CORE = /build.js.(?:src.core.(?!plain|generated.plain)|assembly.)|@assemblyscript.loader/

/** The core of workerd, which compiles no bytes: a module of its own, beside the bundle. */
const core = {
  name: 'core',
  // Of the folder that all entries have in common, as dist/ will be.
  resolveId: (id) => id === './core.wasm'
    ? { id: fileURLToPath(new URL('build/js/core.wasm', import.meta.url)), external: 'relative' }
    : null,
}

const POLYFILL = /^Object\.hasOwn = Object\.hasOwn \|\| function[^]*?^\};?$/m

/** The loader of the core without the one thing that it does when it is imported: ES2022 has Object.hasOwn. */
const loader = {
  name: 'loader',
  transform(code, id) {
    if (!/@assemblyscript.loader/.test(id)) return null
    if (!POLYFILL.test(code)) throw new Error(`${id} no longer has what is taken out of it`)
    return { code: code.replace(POLYFILL, ''), map: null }
  },
}

function onwarn(warning) {
  // Two files of one folder may need each other; two layers may not.
  if (warning.code === 'CIRCULAR_DEPENDENCY' && new Set(warning.ids.map((id) => dirname(id))).size === 1) return
  throw new Error(`rollup: ${warning.message}`)
}

/** One file that imports nothing, as a module and as a classic script that defines `whorl`. */
export const alone = {
  input: { [ALONE]: 'build/js/bindings/none/index.js' },
  plugins: [absent, nodeResolve(), pure(), compact()],
  onwarn,
  output: [
    { format: 'esm', entryFileNames: '[name].js' },
    { format: 'iife', name: 'whorl', entryFileNames: '[name].script.js' },
  ],
}

export default {
  input: entries(),
  external: [/^node:/, /^cloudflare:/],
  plugins: [core, loader, nodeResolve(), pure(), compact()],
  onwarn,
  output: {
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name]-[hash].js',
    hoistTransitiveImports: false,
    // Each file costs a program's start as much as some thirty thousand characters do: the core is one.
    manualChunks: (id) => CORE.test(id) ? 'core' : undefined,
    banner: (chunk) => chunk.isEntry && commands.includes(chunk.name) ? '#!/usr/bin/env node' : '',
  },
}
