/**
 * Reads TypeScript source just far enough for the layer rules: where it imports from, and its code with comments,
 * strings and regular expressions blanked out (so that a name in a comment is no use of the name). Not a parser: it
 * knows the tokens in which those can hide, and relies on the project's style for the rest.
 */

export interface Import {
  readonly specifier: string
  /** `import type …` and `export type … from`: gone from the compiled code. */
  readonly typeOnly: boolean
  readonly line: number
}

export interface Scanned {
  readonly imports: Import[]
  /** The source with the insides of comments, strings and regular expressions replaced by spaces; same offsets. */
  readonly code: string
}

const BEFORE_REGEX =
  /(?:^|[(,=:[!&|?{};+\-*%~^<>]|\b(?:return|typeof|case|in|of|delete|void|throw|new|yield|await))\s*$/

export function scan(source: string): Scanned {
  const code = blanked(source)
  return { code, imports: importsIn(source, code) }
}

function blanked(source: string): string {
  const out = source.split('')
  const blank = (from: number, to: number): void => {
    for (let k = from; k < to; k++) if (out[k] !== '\n') out[k] = ' '
  }
  const templateDepths: number[] = []
  let depth = 0
  let at = 0
  while (at < source.length) {
    const char = source[at]
    const pair = source.slice(at, at + 2)
    let end = at + 1
    if (pair === '//') {
      end = indexOr(source, '\n', at)
      blank(at, end)
    } else if (pair === '/*') {
      end = Math.min(indexOr(source, '*/', at) + 2, source.length)
      blank(at, end)
    } else if (char === '\'' || char === '"') {
      end = endOfString(source, at, char)
      blank(at + 1, end - 1)
    } else if (char === '`' || (char === '}' && templateDepths.at(-1) === depth)) {
      if (char === '}') templateDepths.pop()
      end = endOfTemplatePart(source, at + 1)
      const opens = source.slice(end - 2, end) === '${'
      blank(at + 1, opens ? end - 2 : end - 1)
      if (opens) templateDepths.push(depth)
    } else if (char === '/' && BEFORE_REGEX.test(out.slice(Math.max(0, at - 40), at).join(''))) {
      end = endOfRegex(source, at)
      blank(at + 1, end)
    } else if (char === '{') depth += 1
    else if (char === '}') depth -= 1
    at = end
  }
  return out.join('')
}

function indexOr(source: string, what: string, from: number): number {
  const found = source.indexOf(what, from)
  return found < 0 ? source.length : found
}

function endOfString(source: string, start: number, quote: string): number {
  let at = start + 1
  while (at < source.length && source[at] !== quote && source[at] !== '\n') at += source[at] === '\\' ? 2 : 1
  return at + 1
}

/** The offset behind the closing backtick, or behind the next `${`. */
function endOfTemplatePart(source: string, start: number): number {
  let at = start
  while (at < source.length && source[at] !== '`') {
    if (source[at] === '$' && source[at + 1] === '{') return at + 2
    at += source[at] === '\\' ? 2 : 1
  }
  return at + 1
}

function endOfRegex(source: string, start: number): number {
  let inClass = false
  let at = start + 1
  for (; at < source.length && source[at] !== '\n'; at++) {
    if (source[at] === '\\') at += 1
    else if (source[at] === '[') inClass = true
    else if (source[at] === ']') inClass = false
    else if (source[at] === '/' && !inClass) break
  }
  while (/[a-z]/.test(source[at + 1] ?? '')) at += 1
  return at + 1
}

/** `import … from '…'`, `import '…'`, `export … from '…'`, `import('…')` and `import type X = …` in types. */
function importsIn(source: string, code: string): Import[] {
  const found: Import[] = []
  const pattern = /\b(import|export)\b(?!\s*\.)([^'"`;=]*?)(['"])/g
  for (let match = pattern.exec(code); match !== null; match = pattern.exec(code)) {
    const middle = match[2]!
    const isDynamic = match[1] === 'import' && /^\s*\(\s*$/.test(middle)
    const isBare = match[1] === 'import' && /^\s*$/.test(middle)
    const hasFrom = /\bfrom\s*$/.test(middle)
    if (!isDynamic && !isBare && !hasFrom) {
      pattern.lastIndex = match.index + match[1]!.length
      continue
    }
    const open = match.index + match[0].length
    const close = source.indexOf(match[3]!, open)
    found.push({
      specifier: source.slice(open, close),
      typeOnly: !isDynamic && /^\s+type\b/.test(middle),
      line: source.slice(0, match.index).split('\n').length,
    })
    pattern.lastIndex = close + 1
  }
  return found
}

/** Lines in which the code uses one of these names as a free name: not as a member, a key, or a method it declares. */
export function usesOf(names: readonly string[], code: string): { name: string, line: number }[] {
  const found: { name: string, line: number }[] = []
  const pattern = new RegExp(`(?<![\\w$.#])(?<!\\.\\s*)(?:${names.join('|')})(?![\\w$])`, 'g')
  const spread = new RegExp(`\\.\\.\\.\\s*(?:${names.join('|')})(?![\\w$])`, 'g')
  for (const match of code.matchAll(pattern)) {
    if (!isDeclaredHere(code, match.index, match.index + match[0].length)) found.push(use(match[0], match.index))
  }
  for (const match of code.matchAll(spread)) found.push(use(match[0].replace(/^\.+\s*/, ''), match.index))
  return found

  function use(name: string, index: number): { name: string, line: number } {
    return { name, line: code.slice(0, index).split('\n').length }
  }
}

/**
 * Lines in which the code uses one of these classes and functions as a value: calls it, makes one, hands it on, asks
 * it for something. As a type it is not there when the code runs; nor does it matter where the file has its own of the
 * name, or asks somewhere whether there is one (`typeof NAME === 'undefined'`).
 */
export function unguardedUsesOf(names: readonly string[], code: string): { name: string, line: number }[] {
  const found: { name: string, line: number }[] = []
  for (const match of code.matchAll(new RegExp(`(?<![\\w$.#])(?:${names.join('|')})(?![\\w$])`, 'g'))) {
    const [name] = match
    const end = match.index + name.length
    const before = code.slice(Math.max(0, match.index - 120), match.index)
    const isHanded = /(?:\b(?:new|instanceof|return|throw|class\s+[\w$]+\s+extends)|\?\?|\|\||&&)\s*$/.test(before)
      || /\b(?:const|let|var)\s[^;\n]*(?<!typeof\s)=\s*$/.test(before)
    const isAsked = /^\s*(?:\(|\??\.\s*[\w$(])/.test(code.slice(end)) && !isDeclaredHere(code, match.index, end)
    if (!isHanded && !isAsked) continue
    const guard = new RegExp(`\\btypeof\\s+${name}\\s*[!=]==`)
    const own = new RegExp(`\\b(?:const|let|var|function|class)\\s+${name}\\b`
      + `|\\bimport\\s*\\{[^}]*\\b${name}\\b[^}]*\\}|\\{[^{}]*(?<![\\w$:]\\s*)\\b${name}\\b[^{}]*\\}\\s*[:=](?!=)`)
    if (guard.test(code) || own.test(code)) continue
    found.push({ name, line: code.slice(0, match.index).split('\n').length })
  }
  return found
}

/** Does the file give this name to something of its own: a variable, a function, a class, a parameter, an import? */
export function declares(name: string, code: string): boolean {
  const own = `\\b(?:const|let|var|function|class)\\s+${name}\\b`
  const taken = `(?:\\[|[({,])\\s*(?:\\.\\.\\.)?${name}\\s*(?:\\?\\s*)?[:,\\])}=]`
  const bare = `(?<![\\w$.])${name}\\s*=>`
  return new RegExp(`${own}|${taken}|${bare}`).test(code)
}

/** Is the name at this place a key or a method of an object, class or interface, rather than a use? */
function isDeclaredHere(code: string, start: number, end: number): boolean {
  const before = code.slice(code.lastIndexOf('\n', start - 1) + 1, start)
  const after = code.slice(end)
  const atLineStart = /^\s*(?:(?:public|protected|private|static|override|abstract|async|readonly|get|set|\*)\s*)*$/
    .test(before)
  if (/^\??\s*:/.test(after)) return atLineStart || /[{,(]\s*$/.test(before)
  if (!/^\s*[(<]/.test(after)) return false
  const close = endOfParentheses(code, end + after.indexOf('('))
  const behind = /^[ \t]*([{:])/.exec(code.slice(close))
  return behind !== null && (behind[1] === '{' ? !/\)\s*$/.test(before) : atLineStart)
}

function endOfParentheses(code: string, open: number): number {
  let depth = 0
  for (let at = open; at < code.length; at++) {
    if (code[at] === '(') depth += 1
    else if (code[at] === ')' && --depth === 0) return at + 1
  }
  return code.length
}

/** Does an `await` stand outside of every function? */
export function hasTopLevelAwait(code: string): boolean {
  let depth = 0
  for (const token of code.matchAll(/[{}]|(?<![\w$.])await(?![\w$])/g)) {
    if (token[0] === '{') depth += 1
    else if (token[0] === '}') depth -= 1
    else if (depth === 0 && !/\basync\b[^\n]*=>\s*$/.test(code.slice(0, token.index).split('\n').at(-1)!)) return true
  }
  return false
}
