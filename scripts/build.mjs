/**
 * The whole build: core.wasm → tsc → rollup. Each stage is skipped when its inputs are as they were.
 *
 * build/js/   one JavaScript file and one declaration per source file (examples and bench run from here)
 * dist/       what the package publishes: one ESM graph with shared chunks, declarations, core.wasm
 */
import { chmodSync, copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { buildCore } from './build-core.mjs'
import { at, fail, filesBelow, hashOf, isFresh, isMain, runTool, say, stamp, versionOf, withLock } from './lib.mjs'

const SOURCES = ['src', 'bindings', 'assembly/abi', 'examples', 'bench', 'test/sim/runner', 'test/sim/scenarios',
  'test/contract', 'test/hosts/runner', ...insideHosts()]
const SETTINGS = ['package.json', 'tsconfig.base.json', 'tsconfig.json', 'tsconfig.build.json', 'rollup.config.mjs',
  'scripts/build.mjs', 'scripts/compact.mjs', 'scripts/pure.mjs']

/** What runs in other hosts, and what starts them; not the tests beside it. */
function insideHosts() {
  return filesBelow('test/hosts').map((file) => relative(at(), file))
    .filter((file) => /^test\/hosts\/[^/]+\/(?:in-host\/|[^/.]+\.ts$)/.test(file.replaceAll('\\', '/')))
}

/** What importing core.wasm as a module gives, in the file in which TypeScript looks for it. */
const TYPES_OF_WASM = `/** core.wasm as a module, in hosts and bundlers that import WebAssembly as one: compiled, not instantiated. */
declare const module: WebAssembly.Module
export { module as default }
`

/** Builds what is stale, or everything with `force`; tells whether there was anything to do. */
export async function build(options = {}) {
  const core = await buildCore(options)
  return withLock('js', async () => {
    const hash = hashOf(filesBelow(...SOURCES, ...SETTINGS), versionOf('typescript'), versionOf('rollup'))
    if (!options.force && isFresh('js', hash, ['dist/whorl.js', 'dist/core.wasm', 'build/js/src/index.js'])) return core
    say('compiling TypeScript')
    rmSync(at('build/fresh'), { recursive: true, force: true })
    await runTool('typescript/bin/tsc', '-p', at('tsconfig.build.json'), '--outDir', at('build/fresh/js'))
    replace('build/js', 'build/fresh/js')
    say('bundling')
    await bundle()
    stamp('js', hash)
    return true
  })
}

async function bundle() {
  const { default: together, alone } = await import('../rollup.config.mjs')
  const { rollup } = await import('rollup')
  const fresh = at('build/fresh/dist')
  for (const config of [together, alone]) {
    const graph = await rollup(config)
    for (const output of [config.output].flat()) await graph.write({ ...output, dir: fresh })
    await graph.close()
  }
  const js = at('build/js')
  for (const file of filesBelow('build/js/src', 'build/js/bindings', 'build/js/assembly')) {
    if (file.endsWith('.d.ts')) copyTo(file, join(fresh, 'types', relative(js, file)))
  }
  copyTo(at('build/wasm/core.simd.wasm'), join(fresh, 'core.wasm'))
  writeFileSync(join(fresh, 'core.d.wasm.ts'), TYPES_OF_WASM)
  const { bin } = JSON.parse(readFileSync(at('package.json'), 'utf8'))
  // npm does so when it installs a package; whoever unpacks one by other means has it too.
  for (const path of Object.values(bin)) chmodSync(join(fresh, relative('dist', path)), 0o755)
  replace('dist', 'build/fresh/dist')
}

// As a whole, so that nothing stale stays in it, and a build that fails leaves the old one.
function replace(place, fresh) {
  rmSync(at(place), { recursive: true, force: true })
  renameSync(at(fresh), at(place))
}

function copyTo(from, to) {
  mkdirSync(dirname(to), { recursive: true })
  copyFileSync(from, to)
}

if (isMain(import.meta.url)) build({ force: process.argv.includes('--force') }).catch(fail)
