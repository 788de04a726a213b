/** Subjects: HTTP/1.1. The parts are in files of their own. */
import type { Subject } from '../model.js'
import { httpClient } from './http-client.js'
import { parseCases } from './http-parse.js'
import { httpBodies, httpServer } from './http-server.js'

const httpParse: Subject = {
  name: 'http-parse',
  title: 'HTTP requests, parsed',
  description: 'Time to parse a request, from a chunk of bytes to a head in a handler, and to read what it says.',
  cases: parseCases,
}

export const http: readonly Subject[] = [httpParse, httpServer, httpBodies, httpClient]
