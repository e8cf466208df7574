/** Source: RFC 1950, section 8.2; java.util.zip.Adler32, which the original's files carry. */

const MODULUS = 65521;
/** Additions after which the sums must be reduced so that they stay below 2³²: until then wrapped 32-bit arithmetic is exact. */
const CHUNK = 5552;

/** The checksum of nothing. */
export const ADLER_START = 1;

/** The checksum of `bytes[from, to)` after what `adler` covers already, as an unsigned 32-bit number. */
export function adler32(bytes: Uint8Array, from = 0, to = bytes.length, adler = ADLER_START): number {
  let a = adler & 0xffff;
  let b = adler >>> 16;
  let at = from;
  while (at < to) {
    const end = Math.min(to, at + CHUNK);
    const unrolledEnd = end - ((end - at) & 7);
    for (; at < unrolledEnd; at += 8) {
      a = (a + (bytes[at] as number)) | 0;
      b = (b + a) | 0;
      a = (a + (bytes[at + 1] as number)) | 0;
      b = (b + a) | 0;
      a = (a + (bytes[at + 2] as number)) | 0;
      b = (b + a) | 0;
      a = (a + (bytes[at + 3] as number)) | 0;
      b = (b + a) | 0;
      a = (a + (bytes[at + 4] as number)) | 0;
      b = (b + a) | 0;
      a = (a + (bytes[at + 5] as number)) | 0;
      b = (b + a) | 0;
      a = (a + (bytes[at + 6] as number)) | 0;
      b = (b + a) | 0;
      a = (a + (bytes[at + 7] as number)) | 0;
      b = (b + a) | 0;
    }
    for (; at < end; at++) {
      a = (a + (bytes[at] as number)) | 0;
      b = (b + a) | 0;
    }
    a %= MODULUS;
    b = (b >>> 0) % MODULUS;
  }
  return ((b << 16) | a) >>> 0;
}
