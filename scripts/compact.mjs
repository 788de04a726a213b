/**
 * A Rollup plugin: what is published holds no comments and nothing but ASCII.
 *
 * V8 keeps the source of a module as long as the module, one byte a character, and two if one of them is beyond
 * Latin-1: a dash in a comment doubles the file. Names and lines stay, so that stacks can be read; documentation is in
 * the declarations.
 */
import { minify } from 'terser'

export function compact() {
  return {
    name: 'compact',
    async renderChunk(code) {
      const { code: compacted } = await minify(code, {
        module: true,
        ecma: 2020,
        compress: false,
        mangle: false,
        format: { ascii_only: true, beautify: true, comments: false, indent_level: 1, preserve_annotations: true },
      })
      return { code: compacted, map: null }
    },
  }
}
