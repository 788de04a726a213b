/** To be replaced. */
export const hostName = 'none'
