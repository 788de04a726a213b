/**
 * The other end of `Remote`: reads one JSON object a line from standard input, answers each with one, and leaves when
 * standard input ends. For programs that the benchmarks start.
 */
export type Question = { readonly do: string } & Record<string, unknown>

export function answerQuestions(handler: (question: Question) => object | Promise<object>): void {
  let rest = ''
  process.stdin.setEncoding('utf8')
  process.stdin.on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) void answer(handler, line)
  })
  process.stdin.on('end', () => process.exit(0))
}

async function answer(handler: (question: Question) => object | Promise<object>, line: string): Promise<void> {
  let reply: object
  try {
    const question = JSON.parse(line) as Question
    reply = question.do === 'collect' ? await collect(1) : await handler(question)
  } catch (error) {
    reply = { error: error instanceof Error ? error.message : String(error) }
  }
  process.stdout.write(JSON.stringify(reply) + '\n')
}

/** What a server process says of itself: CPU time in nanoseconds, memory in bytes. */
export function ownUsage(): { cpu: number } {
  const used = process.cpuUsage()
  return { cpu: (used.user + used.system) * 1000 }
}

/** Memory after garbage collection. External includes array buffers. */
export async function ownMemory(): Promise<{ heap: number; rss: number }> {
  await collect(4)
  const { heapUsed, external, rss } = process.memoryUsage()
  return { heap: heapUsed + external, rss }
}

/** Finalizers of handles run between collections, and free what the next one then finds. */
async function collect(times: number): Promise<object> {
  for (let i = 0; i < times; i++) {
    (globalThis as { gc?: () => void }).gc?.()
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  return {}
}
