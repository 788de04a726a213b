/**
 * A Rollup plugin: says of what stands at the top of a module that a bundler may drop it when nobody uses it.
 *
 * That importing a module has no effect is a rule of the project, with a test; a bundler that looks at one statement at
 * a time cannot know it. So each constant made by a call or by `new` is marked as pure, and a number or a key that is
 * computed of constants is written as what it is: names in it might be objects, for all that a bundler knows.
 */

export function pure() {
  return {
    name: 'pure',
    renderChunk(code, _chunk, { format }) {
      // The one variable of a classic script is what it is for.
      return format === 'es' ? { code: marked(code, this.parse(code)), map: null } : null
    },
  }
}

/** The end of what has a mark already. */
const MARKED = /[@#]__PURE__\s*\*\/\s*$/

/** The text of a module with its marks. @param tree its syntax tree, as ESTree has it */
export function marked(code, tree) {
  const numbers = new Map()
  const edits = []
  for (const statement of tree.body) {
    const declaration = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement
    if (declaration?.type !== 'VariableDeclaration') continue
    for (const { id, init } of declaration.declarations) {
      if (init === null) continue
      const value = declaration.kind === 'const' && id.type === 'Identifier' ? numberOf(init, numbers) : undefined
      if (value !== undefined) {
        numbers.set(id.name, value)
        if (init.type !== 'Literal') edits.push([init.start, init.end, String(value)])
      } else {
        mark(init, numbers, (from, to, put) => {
          if (to > from || !MARKED.test(code.slice(0, from))) edits.push([from, to, put])
        })
      }
    }
  }
  // From the end, so that places stay where they are.
  return edits.sort((a, b) => b[0] - a[0])
    .reduce((text, [from, to, put]) => text.slice(0, from) + put + text.slice(to), code)
}

/** Marks what runs when an initializer does; what a function does when it is called is its own affair. */
function mark(node, numbers, edit) {
  switch (node?.type) {
    case 'NewExpression':
    case 'CallExpression':
      edit(node.start, node.start, '/* @__PURE__ */ ')
      for (const one of node.arguments) mark(one, numbers, edit)
      break
    case 'ArrayExpression':
      for (const one of node.elements) mark(one, numbers, edit)
      break
    case 'ObjectExpression':
      for (const { type, computed, key, value } of node.properties) {
        if (type !== 'Property') continue
        const number = computed ? numberOf(key, numbers) : undefined
        if (number !== undefined) edit(key.start, key.end, number < 0 ? `'${number}'` : String(number))
        mark(value, numbers, edit)
      }
      break
    default:
  }
}

const OPERATIONS = {
  '+': (a, b) => a + b, '-': (a, b) => a - b, '*': (a, b) => a * b, '**': (a, b) => a ** b,
  '<<': (a, b) => a << b, '>>': (a, b) => a >> b, '>>>': (a, b) => a >>> b, '|': (a, b) => a | b, '&': (a, b) => a & b,
}

/** The integer that an expression of integers and known constants is; undefined for every other expression. */
function numberOf(node, numbers) {
  switch (node.type) {
    case 'Literal':
      return Number.isSafeInteger(node.value) ? node.value : undefined
    case 'Identifier':
      return numbers.get(node.name)
    case 'UnaryExpression': {
      const value = node.operator === '-' ? numberOf(node.argument, numbers) : undefined
      return value === undefined || value === 0 ? undefined : -value
    }
    case 'BinaryExpression': {
      const [left, right] = [numberOf(node.left, numbers), numberOf(node.right, numbers)]
      if (left === undefined || right === undefined) return undefined
      const value = OPERATIONS[node.operator]?.(left, right)
      return Number.isSafeInteger(value) && !Object.is(value, -0) ? value : undefined
    }
    default:
      return undefined
  }
}
