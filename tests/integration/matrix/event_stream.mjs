// Amazon's event stream framing, from its specification: lengths, headers, payload, two CRCs.
import zlib from 'node:zlib';

const table = Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value >>> 0;
});

/** CRC-32 as zlib has it; Node before 20.15 has no zlib.crc32. */
const crc32 = zlib.crc32 ?? ((bytes) => {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ table[(crc ^ byte) & 0xff];
  return (crc ^ 0xffffffff) >>> 0;
});

const string_type = 7;

function encode_header(name, value) {
  const text = Buffer.from(value);
  const out = Buffer.alloc(1 + name.length + 3);
  out.writeUInt8(name.length, 0);
  out.write(name, 1, 'latin1');
  out.writeUInt8(string_type, 1 + name.length);
  out.writeUInt16BE(text.length, 2 + name.length);
  return Buffer.concat([out, text]);
}

/** One frame. headers: name -> string; payload: text. */
export function encode_frame(headers, payload) {
  const head = Buffer.concat(Object.entries(headers).map(([name, value]) =>
    encode_header(name, value)));
  const body = Buffer.from(payload);
  const prelude = Buffer.alloc(12);
  prelude.writeUInt32BE(16 + head.length + body.length, 0);
  prelude.writeUInt32BE(head.length, 4);
  prelude.writeUInt32BE(crc32(prelude.subarray(0, 8)), 8);
  const message = Buffer.concat([prelude, head, body]);
  const end = Buffer.alloc(4);
  end.writeUInt32BE(crc32(message), 0);
  return Buffer.concat([message, end]);
}
