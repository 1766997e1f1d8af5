// Bytes as text of as many letters, in which natively can be looked for what stands in the bytes.

/** A letter for each byte, of the same number. */
export function letters(bytes) {
  if (bytes.toBase64 !== undefined) {
    // The engine that plugins run in does this natively.
    return atob(bytes.toBase64());
  }
  let text = "";
  for (let at = 0; at < bytes.length; at += 4096) {
    text += String.fromCharCode(...bytes.subarray(at, at + 4096));
  }
  return text;
}
