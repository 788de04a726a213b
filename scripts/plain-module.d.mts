export function plainModule(note: string, source: string): string
