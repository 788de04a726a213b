/**
 * Builds core.wasm (SIMD and baseline) and its plain JavaScript fallback, and writes them as TypeScript
 * modules into src/core/generated/. Does nothing when assembly/ and the tools are as they were.
 */
import { readFileSync } from 'node:fs'
import { at, BuildError, fail, filesBelow, hashOf, isFresh, isMain, runTool, say, stamp, versionOf, withLock,
  writeWhole } from './lib.mjs'
import { makePatch } from './patch.mjs'
import { plainModule } from './plain-module.mjs'

const GENERATED = ['simd.ts', 'baseline.ts', 'plain.ts'].map((name) => `src/core/generated/${name}`)
const OUTPUTS = [...GENERATED, 'build/wasm/core.simd.wasm', 'build/wasm/core.baseline.wasm', 'build/wasm/core.js.wasm']
const NOTE = '// Written by scripts/build-core.mjs from assembly/. Not edited by hand.\n'

/** @param options.force builds even when nothing changed; options.debug also makes build/wasm/core.debug.wasm */
export function buildCore(options = {}) {
  return withLock('core', async () => {
    const hash = hashOf(
      filesBelow('assembly', 'asconfig.json', 'scripts/build-core.mjs', 'scripts/patch.mjs', 'scripts/plain-module.mjs'),
      versionOf('assemblyscript'), versionOf('binaryen'))
    if (options.debug) await compile('debug')
    if (!options.force && isFresh('core', hash, OUTPUTS)) return false
    say('building core.wasm')
    await Promise.all([compile('simd').then(() => compile('baseline')), compile('js').then(lowerToJavaScript)])
    const simd = checked('simd')
    const baseline = checked('baseline')
    writeWhole(at('src/core/generated/simd.ts'), NOTE + inlined('SIMD_BASE64', simd))
    writeWhole(at('src/core/generated/baseline.ts'), NOTE + inlined('BASELINE_PATCH', makePatch(simd, baseline)) +
      `export const BASELINE_SIZE: number = ${baseline.length}\n`)
    checked('js')
    writeWhole(at('src/core/generated/plain.ts'), plainModule(NOTE, readFileSync(at('build/wasm/core.js.mjs'), 'utf8')))
    stamp('core', hash)
    return true
  })
}

function compile(target) {
  return runTool('assemblyscript/bin/asc.js', '--config', at('asconfig.json'), '--target', target)
}

// No --dealign: it would turn each load and store into four; the core keeps its loads and stores aligned.
function lowerToJavaScript() {
  return runTool('binaryen/bin/wasm2js', at('build/wasm/core.js.wasm'), '-O3',
    '--enable-bulk-memory', '--enable-sign-ext', '--enable-mutable-globals', '-o', at('build/wasm/core.js.mjs'))
}

function checked(target) {
  const bytes = readFileSync(at(`build/wasm/core.${target}.wasm`))
  const imports = WebAssembly.Module.imports(new WebAssembly.Module(bytes))
  if (imports.length > 0) {
    const names = imports.map((one) => `${one.module}.${one.name}`).join(', ')
    throw new BuildError(`core.${target}.wasm must import nothing, but imports ${names}`)
  }
  return bytes
}

function inlined(name, bytes) {
  return `export const ${name}: string = '${bytes.toString('base64')}'\n`
}

if (isMain(import.meta.url)) {
  const flags = process.argv.slice(2)
  buildCore({ force: flags.includes('--force'), debug: flags.includes('--debug') }).catch(fail)
}
