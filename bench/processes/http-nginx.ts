/**
 * nginx as a rival for files: one process of it, without a log. Answers where it listens and what CPU time it has used,
 * by the scheduler's count. Arguments: the program, the folder. Linux only.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { answerQuestions } from './control.js'
import type { Target } from './places.js'

const [program, root] = process.argv.slice(2)
const folder = mkdtempSync(join(tmpdir(), 'whorl-bench-nginx-'))

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}

function configuration(port: number): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((each) => `${each}_temp_path ${folder};`)
  return `daemon off; master_process off; pid ${folder}/pid; error_log stderr crit;
    events { worker_connections 1024; }
    http {
      ${temporary.join(' ')}
      access_log off; sendfile on; tcp_nopush on; tcp_nodelay on;
      keepalive_timeout 600s; keepalive_requests 1000000000; default_type application/octet-stream;
      server { listen 127.0.0.1:${port} backlog=1024; root ${root}; }
    }`
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => { socket.destroy(); resolve(true) })
    socket.on('error', () => resolve(false))
  })
}

async function start(): Promise<{ target: Target, pid: number }> {
  const port = await freePort()
  const file = join(folder, 'nginx.conf')
  writeFileSync(file, configuration(port))
  const child = spawn(program, ['-p', folder, '-c', file], { stdio: ['ignore', 'ignore', 'inherit'] })
  process.on('exit', () => {
    child.kill('SIGTERM')
    rmSync(folder, { recursive: true, force: true })
  })
  const ended = new Promise<never>((_resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code, signal) => reject(new Error(`nginx ended (${signal ?? code})`)))
  })
  const ready = async (): Promise<void> => {
    while (!await answers(port)) await new Promise((resolve) => setTimeout(resolve, 20))
  }
  await Promise.race([ready(), ended])
  ended.catch(() => undefined)
  return { target: { kind: 'tcp', port }, pid: child.pid as number }
}

const started = start()

answerQuestions(async (question) => {
  const { target, pid } = await started
  if (question.do === 'target') return { target }
  return { cpu: Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]) }
})
