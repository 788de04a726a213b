/** The rival HTTP clients, as their documentation writes them. Run by the benchmarks as a child process. */
import { Agent, get } from 'node:http'
import { Pool } from 'undici'
import { askingProgram } from './http-asking.js'
import type { MakeAsk } from './http-asking.js'

const rivals: Readonly<Record<string, MakeAsk>> = {
  undici(port, connections) {
    const pool = new Pool(`http://127.0.0.1:${port}`, { connections, pipelining: 1 })
    return async () => {
      const { body } = await pool.request({ method: 'GET', path: '/hello' })
      return await body.text()
    }
  },
  http(port, connections) {
    const agent = new Agent({ keepAlive: true, maxSockets: connections, maxFreeSockets: connections })
    const options = { agent, port, host: '127.0.0.1', path: '/hello' }
    return () => new Promise((resolve, reject) => {
      get(options, (response) => {
        let body = ''
        response.setEncoding('utf8')
        response.on('data', (text: string) => { body += text })
        response.on('end', () => resolve(body))
      }).on('error', reject)
    })
  },
}

askingProgram(rivals[process.argv[2]])
