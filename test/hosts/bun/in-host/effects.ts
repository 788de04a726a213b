/**
 * A program that imports the package, and says what has changed by it; nothing, and it ends by itself.
 */
import process from 'node:process'

const EVENTS = ['exit', 'beforeExit', 'SIGINT', 'SIGTERM', 'uncaughtException', 'unhandledRejection']

function look(): string {
  const listeners = EVENTS.map((name) => process.listenerCount(name))
  return JSON.stringify([Object.getOwnPropertyNames(globalThis).sort(), listeners, process.getActiveResourcesInfo()])
}

async function main(): Promise<void> {
  const before = look()
  await import('whorl')
  await import('whorl/bun')
  const after = look()
  process.stdout.write(before === after ? 'nothing\n' : `${before}\n${after}\n`)
}

void main()
