/** Whether a certificate names this as an IP address rather than a DNS name. */
export function isAddress(name: string): boolean {
  return /^[\d.]+$/.test(name) || name.includes(":");
}
