/**
 * The program `whorl`. The only file of bindings/ that does something when it is loaded: it is what people start.
 */

import process from 'node:process'
import { main } from './main.js'

void main(process.argv.slice(2)).then((status) => {
  process.exitCode = status
})
