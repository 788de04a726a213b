/** The parser behind the receivers, as the framing guide shows it: bytes in, lines out, no connection anywhere. */
import { createCore } from 'whorl/core'

export function countLines(chunks: Iterable<Uint8Array>): number {
  let lines = 0
  const parser = createCore().lineParser({ delimiter: '\n', handler: { line: () => lines++ } })
  for (const chunk of chunks) parser.receive(chunk)
  if (parser.end() === 'inside-frame') lines++
  parser.free()
  return lines
}
