/**
 * Turns the output of wasm2js into a module that can be instantiated many times and that tells when its memory grew.
 * wasm2js leaves state at module level, answers a refused growth with the old size instead of -1, and computes the
 * new size with a shift that is negative at 2 GiB. Every patch must find its text exactly once, else the build fails.
 */
import { BuildError } from './lib.mjs'

export function plainModule(note, source) {
  let body = source.replace(/^import \* as env from 'env';\n/, '')
  body = replaceOnce(body, 'the instance made at import, and its exports',
    /\nvar retasmFunc = asmFunc\(\{[^}]*\}\);\n(?:export var [\w$]+ = retasmFunc\.[\w$]+;\n)+\s*$/, '\n')
  body = replaceOnce(body, 'the allocation of a grown memory',
    /var newBuffer = new ArrayBuffer\(newPages << 16\);/,
    'var newBuffer;\n   try { newBuffer = new ArrayBuffer(newPages * 65536); } catch (error) { return -1; }')
  body = replaceOnce(body, 'the end of a growth',
    /bufferView = HEAPU8;\n {2}\}\n {2}return oldPages;/,
    'bufferView = HEAPU8;\n   onGrow();\n   return oldPages;\n  }\n  return pagesToAdd === 0 ? oldPages : -1;')
  const leftover = /^\s*(?:import|export)\b.*$/m.exec(body) ?? /\bretasmFunc\b/.exec(body)
  if (leftover !== null) throw new BuildError(`wasm2js output has an unexpected statement: ${leftover[0]}`)
  for (const name of body.matchAll(/\benv\.(\w+)/g)) {
    if (!['setTempRet0', 'getTempRet0'].includes(name[1])) throw new BuildError(`wasm2js output wants env.${name[1]}`)
  }
  return `// @ts-nocheck
${note}
/** Makes an instance with a memory of its own; \`onGrow\` is called when that memory was replaced by a larger one. */
export function instantiatePlain(onGrow: () => void = function () {}): Record<string, unknown> {
var tempRet0 = 0;
var env = {
 setTempRet0: function (high) { tempRet0 = high | 0; },
 getTempRet0: function () { return tempRet0; },
};
${body}
return asmFunc({ env: env });
}
`
}

function replaceOnce(text, what, pattern, replacement) {
  const places = text.match(new RegExp(pattern.source, `${pattern.flags}g`)) ?? []
  if (places.length !== 1) throw new BuildError(`wasm2js output: expected ${what} once, found ${places.length} times`)
  return text.replace(pattern, () => replacement)
}
