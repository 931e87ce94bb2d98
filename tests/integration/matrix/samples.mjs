// Small real files that clients send.
export const small_png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk'
  + '+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

// One empty page, with its cross-reference table.
const objects = ['<</Type/Catalog/Pages 2 0 R>>', '<</Type/Pages/Kids[3 0 R]/Count 1>>',
  '<</Type/Page/Parent 2 0 R/MediaBox[0 0 72 72]>>'];
let pdf = '%PDF-1.4\n';
const offsets = objects.map((object, index) => {
  const at = pdf.length;
  pdf += `${index + 1} 0 obj${object}endobj\n`;
  return at;
});
const table = pdf.length;
pdf += `xref\n0 4\n0000000000 65535 f \n${offsets
  .map((at) => `${String(at).padStart(10, '0')} 00000 n \n`).join('')}`
  + `trailer<</Size 4/Root 1 0 R>>\nstartxref\n${table}\n%%EOF\n`;
export const small_pdf = Buffer.from(pdf).toString('base64');
