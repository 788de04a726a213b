/**
 * The constants of the ABI as a C header: bindings/c/whorl_abi.h, made of assembly/abi/*.ts, comments included.
 *
 * `node scripts/c-header.mjs` writes it; a test compares it with what this would write now.
 */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { at, isMain } from './lib.mjs'

/** Order in the header: what others refer to comes first. */
const FIRST = ['version', 'errors', 'layout', 'records', 'limits']

export const headerPath = 'bindings/c/whorl_abi.h'

/** The header's text. */
export function cHeader() {
  const names = readdirSync(at('assembly/abi')).map((name) => name.replace(/\.ts$/, ''))
  const order = [...FIRST, ...names.filter((name) => !FIRST.includes(name)).sort()]
  const parts = order.map((name) => `/* --- ${name} --- */\n\n${translate(readFileSync(at(`assembly/abi/${name}.ts`), 'utf8'))}`)
  return `/*
 * whorl_abi.h: the constants of core.wasm's ABI. Made by scripts/c-header.mjs of the files in assembly/abi: do not edit.
 */
#ifndef WHORL_ABI_H
#define WHORL_ABI_H

${parts.join('\n')}
#endif
`
}

/** TypeScript that is comments and `export const NAME = <integer>` lines. */
function translate(source) {
  let text = ''
  for (const line of source.split('\n')) {
    const constant = /^export const (\w+) = (-?\d+)$/.exec(line)
    if (constant !== null) text += `#define WHORL_${constant[1]} ${constant[2].startsWith('-') ? `(${constant[2]})` : constant[2]}\n`
    else if (line.startsWith('// ')) text += `/* ${line.slice(3)} */\n`
    else if (line.startsWith('/**')) text += `${line.replace('/**', '/*')}\n`
    else if (/^(?: \*.*)?$/.test(line)) text += `${line}\n`
    else throw new Error(`neither comment nor constant: ${line}`)
  }
  return `${text.trim()}\n`
}

if (isMain(import.meta.url)) writeFileSync(at(headerPath), cHeader())
