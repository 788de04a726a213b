/**
 * The bundlers: each makes one minified file of one program, as its users would have it do with few options.
 *
 * Must not know: what the programs are, and what they may weigh.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { nodeResolve } from '@rollup/plugin-node-resolve'
import { rollup } from 'rollup'
import { minify } from 'terser'
import { build as viteBuild } from 'vite'
import { appPlace, fromTools } from './place.js'

/** For what a bundle is. */
export type Platform = 'node' | 'browser'

export interface Bundle {
  readonly code: string
  /** Bytes, compressed by gzip. */
  readonly size: number
}

type Bundler = (input: string, platform: Platform, folder: string) => Promise<string>

interface Esbuild {
  build(options: object): Promise<{ outputFiles: readonly { text: string }[] }>
}

/** By name. */
export const BUNDLERS: Readonly<Record<string, Bundler>> = {
  async rollup(input, platform) {
    const graph = await rollup({
      input, external: /^node:/,
      onwarn: (warning) => { throw new Error(warning.message) },
      plugins: [nodeResolve({ exportConditions: [platform], browser: platform === 'browser' })],
    })
    const { output } = await graph.generate({ format: 'esm', inlineDynamicImports: true })
    await graph.close()
    return (await minify(output[0].code, { module: true, compress: { passes: 2 } })).code!
  },

  async esbuild(input, platform) {
    const { build } = (await import(fromTools('esbuild'))) as Esbuild
    const { outputFiles } = await build({
      entryPoints: [input], bundle: true, minify: true, platform, format: 'esm', write: false, logLevel: 'silent',
      // Above the project of these tests lies the package's own, whose paths are not those of its users.
      tsconfigRaw: {},
    })
    return outputFiles[0]!.text
  },

  async vite(input, platform, folder) {
    await viteBuild({
      root: folder, configFile: false, logLevel: 'silent',
      ...(platform === 'node' ? { ssr: { noExternal: true } } : {}),
      build: {
        outDir: 'out', minify: true, target: 'es2022', ssr: platform === 'node' ? input : false,
        ...(platform === 'node' ? {} : { lib: { entry: input, formats: ['es'], fileName: 'out' } }),
      },
    })
    const [file, ...more] = readdirSync(join(folder, 'out')).filter((name) => /\.m?js$/.test(name))
    if (file === undefined || more.length > 0) throw new Error(`vite made ${more.length + 1} files`)
    const code = readFileSync(join(folder, 'out', file), 'utf8')
    // A library's bundle keeps its blanks with vite, for bundlers to come.
    return (await minify(code, { module: true })).code!
  },
}

/** One file of a program, in a project that has the package. */
export async function bundle(bundler: string, program: string, platform: Platform): Promise<Bundle> {
  const folder = mkdtempSync(join(appPlace, 'program-'))
  try {
    const input = join(folder, 'program.mjs')
    writeFileSync(input, program)
    const code = await BUNDLERS[bundler]!(input, platform, folder)
    return { code, size: gzipSync(code, { level: 9 }).length }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
