// Checks a request's AWS Signature Version 4 as AWS would: made anew from what arrived.
import { createHash, createHmac } from 'node:crypto';
import { need, same } from './strict.mjs';

const hmac = (key, text) => createHmac('sha256', key).update(text).digest();
const hex = (bytes) => createHash('sha256').update(bytes).digest('hex');

const escaped = (text) => encodeURIComponent(text)
  .replace(/[!'()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`);

const form = new RegExp('^AWS4-HMAC-SHA256 Credential=([^/]+)/(\\d{8})/([^/]+)/([^/]+)/aws4_request'
  + ', ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$');

const must_be_signed = ['host', 'x-amz-date'];

export function check_signature(request, { key_id, secret, region, service }) {
  const { headers, method, path, body } = request;
  const found = form.exec(headers.authorization ?? '');
  need(found, `authorization: ${headers.authorization}`);
  const [, id, day, signed_region, signed_service, names, signature] = found;
  same([id, signed_region, signed_service], [key_id, region, service], 'what is signed for');
  need(headers['x-amz-date']?.startsWith(day), 'the day of x-amz-date');
  const signed = names.split(';');
  for (const name of must_be_signed) need(signed.includes(name), `${name} is signed`);
  const [where, query = ''] = path.split('?');
  // The path as it is sent, each segment encoded once more.
  const canonical = [method, where.split('/').map(escaped).join('/'), query,
    ...signed.map((name) => `${name}:${headers[name].trim().replace(/ +/g, ' ')}`), '', names,
    hex(body)].join('\n');
  const scope = `${day}/${region}/${service}/aws4_request`;
  const text = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, hex(canonical)].join('\n');
  const key = [day, region, service, 'aws4_request'].reduce(hmac, `AWS4${secret}`);
  same(signature, hmac(key, text).toString('hex'), 'the signature');
}
