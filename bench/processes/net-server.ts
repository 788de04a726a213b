/**
 * The rival echo server: `node:net` with a `data` listener and nothing else. Run by the benchmarks as a child process.
 */
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { answerQuestions, ownMemory, ownUsage } from './control.js'

let connections = 0

const server = createServer((socket) => {
  connections++
  socket.on('data', (data) => socket.write(data))
  socket.on('error', () => undefined)
  socket.on('close', () => connections--)
})

const listening = new Promise<number>((resolve) => {
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1024 }, () => resolve((server.address() as AddressInfo).port))
})

answerQuestions(async (question) => {
  if (question.do === 'port') return { port: await listening }
  if (question.do === 'memory') return { ...await ownMemory(), connections }
  return { ...ownUsage(), connections }
})
