/**
 * The order of object keys.
 *
 * @module
 */

/**
 * Compares two keys as S3 orders them: by the bytes of their UTF-8 form. JavaScript's own order differs for
 * characters beyond the first 65,536.
 *
 * @param a A key.
 * @param b Another.
 * @returns Negative, zero or positive.
 */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [left, right] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (left !== right) return rank(left) - rank(right);
  }
  return a.length - b.length;
}

/** Surrogates stand for characters beyond all that are one unit. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
