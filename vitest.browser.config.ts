import { defineConfig } from 'vitest/config'
import base, { browser } from './vitest.config.js'

/** `npm run test:browser`: our pages in Chromium, by what they show. */
export default defineConfig({ ...base, test: { ...base.test, include: browser, exclude: [] } })
