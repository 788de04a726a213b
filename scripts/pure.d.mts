import type { Plugin, ProgramNode } from 'rollup'

export declare function pure(): Plugin
export declare function marked(code: string, tree: ProgramNode): string
