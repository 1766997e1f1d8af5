// What the engine that plugins run in lacks and many a package takes for granted: text as bytes and back, and a console.
//
// QuickJS has neither TextDecoder nor TextEncoder. These are made of what it does natively, since a loop over bytes
// in JavaScript costs several times as much there.

import { log } from "./host.js";
import { letters } from "./text_letters.js";

/** Whether all of these bytes are ASCII: sixteen at a time. */
function isAscii(bytes) {
  let at = 0;
  const whole = bytes.byteOffset % 4 === 0 ? bytes.length >> 4 : 0;
  if (whole > 0) {
    const words = new Uint32Array(bytes.buffer, bytes.byteOffset, whole * 4);
    let all = 0;
    for (let word = 0; word < words.length; word += 4) {
      all |= words[word] | words[word + 1] | words[word + 2] | words[word + 3];
    }
    if ((all & 0x80808080) !== 0) {
      return false;
    }
    at = whole << 4;
  }
  for (; at < bytes.length; at += 1) {
    if (bytes[at] > 0x7f) {
      return false;
    }
  }
  return true;
}

/** What is given to be decoded, as bytes. */
function view(given) {
  if (given === undefined) {
    return new Uint8Array(0);
  }
  if (given instanceof Uint8Array) {
    return given;
  }
  return ArrayBuffer.isView(given) ? new Uint8Array(given.buffer, given.byteOffset, given.byteLength) : new Uint8Array(given);
}

/** Text of bytes that may be no UTF-8: what is none becomes U+FFFD, as the Encoding Standard has it. */
function replaced(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; ) {
    const lead = bytes[at];
    const length = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
    // How far the sequence is what it can be: the second byte has bounds of its own.
    let end = at + 1;
    while (end < at + length && end < bytes.length) {
      const low = end > at + 1 ? 0x80 : lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
      const high = end > at + 1 ? 0xbf : lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
      if (bytes[end] < low || bytes[end] > high) {
        break;
      }
      end += 1;
    }
    text += end - at === length ? decodeURIComponent(escape(letters(bytes.slice(at, end)))) : "\ufffd";
    at = end;
  }
  return text;
}

export class Decoder {
  constructor(label = "utf-8", { fatal = false, ignoreBOM = false } = {}) {
    if (!/^\s*(unicode-1-1-utf-8|utf-?8)\s*$/i.test(label)) {
      throw new RangeError(`a plugin decodes UTF-8 and nothing else, not \`${label}\``);
    }
    this.encoding = "utf-8";
    this.fatal = fatal;
    this.ignoreBOM = ignoreBOM;
  }

  decode(given, { stream = false } = {}) {
    if (stream) {
      throw new RangeError("a plugin decodes texts as a whole: `stream` is not to be had");
    }
    const bytes = view(given);
    if (isAscii(bytes)) {
      return letters(bytes);
    }
    let text;
    try {
      text = decodeURIComponent(escape(letters(bytes)));
    } catch {
      if (this.fatal) {
        throw new TypeError("the bytes are no valid UTF-8");
      }
      text = replaced(bytes);
    }
    return !this.ignoreBOM && text.startsWith("\ufeff") ? text.slice(1) : text;
  }
}

export class Encoder {
  encoding = "utf-8";

  encode(text = "") {
    const given = String(text);
    try {
      // Bytes of the letters' numbers, which are right where all of them are ASCII: nearly always, and much cheaper.
      const bytes = Uint8Array.fromBase64(btoa(given));
      if (isAscii(bytes)) {
        return bytes;
      }
    } catch {
      // Letters beyond 255.
    }
    return Uint8Array.fromBase64(btoa(unescape(encodeURIComponent(given.toWellFormed()))));
  }

  encodeInto(text, into) {
    const bytes = this.encode(text);
    if (bytes.length <= into.length) {
      into.set(bytes);
      return { read: text.length, written: bytes.length };
    }
    // As many whole characters as there is room for.
    let [read, written] = [0, 0];
    for (const character of text) {
      const next = this.encode(character);
      if (written + next.length > into.length) {
        break;
      }
      into.set(next, written);
      read += character.length;
      written += next.length;
    }
    return { read, written };
  }
}

/** A line of `console`, which goes to the restore's log. */
const line = (level) => (...said) => log(level, said.map(String).join(" "));

globalThis.TextDecoder ??= Decoder;
globalThis.TextEncoder ??= Encoder;
globalThis.console ??= {
  debug: line("debug"),
  log: line("info"),
  info: line("info"),
  warn: line("warn"),
  error: line("error"),
};
